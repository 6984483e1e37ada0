// Folders that are made where they are missing, and what stands in the way.
#include "blobs/file.h"

#include "tests/blobs/folder.h"

#include <doctest/doctest.h>

#include <filesystem>

using sweepd::Errc;
using sweepd::blobs::make_folders;
using sweepd::testing::Folder;

TEST_CASE("folders: those above are made as well, and a second time there is nothing to do") {
  const Folder folder;
  CHECK(*make_folders(folder / "a/b/c/"));
  CHECK(std::filesystem::is_directory(folder / "a/b/c"));
  CHECK_FALSE(*make_folders(folder / "a/b/c"));
  CHECK_FALSE(*make_folders(folder / "a/b/../b//c"));
}

TEST_CASE("folders: a file in the way is an error that names it") {
  const Folder folder;
  folder.write("a/file", "x");
  const auto made = make_folders(folder / "a/file/b");
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().message.find("a/file'") != std::string::npos);
  CHECK_FALSE(make_folders(folder / "a/file").ok());
}
