// Writing into a folder that may be full of traps.
#include "blobs/destination.h"

#include "tests/blobs/folder.h"

#include <doctest/doctest.h>

using namespace sweepd;
using blobs::Destination;
using blobs::Draft;
using sweepd::testing::Folder;

namespace {

void put(const Destination& destination, const Destination::Place& place, std::string_view bytes) {
  Result<Draft> draft = destination.draft(place);
  REQUIRE(draft.ok());
  REQUIRE(draft->file().write_at(0, bytes).ok());
  REQUIRE(draft->commit().ok());
}

using Files = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("destination: files arrive with their folders and executable bits") {
  const Folder folder;
  const Destination destination = *Destination::open(folder / "new/deep");
  put(destination, {"a", false}, "1");
  put(destination, {"b/c/d.sh", true}, "2");
  CHECK(folder.files("new/deep") == Files{{"a", "1"}, {"b/c/d.sh", "2"}});
  CHECK_FALSE(folder.executable("new/deep/a"));
  CHECK(folder.executable("new/deep/b/c/d.sh"));
}

TEST_CASE("destination: a draft that is not committed leaves nothing, one that is replaces") {
  const Folder folder;
  const Destination destination = *Destination::open(folder.path());
  folder.write("a", "old and longer");
  {
    const Result<Draft> draft = destination.draft({"a", false});
    REQUIRE(draft->file().write_at(0, "new").ok());
    CHECK(folder.read("a") == "old and longer");
  }
  CHECK(folder.files() == Files{{"a", "old and longer"}});
  put(destination, {"a", false}, "new");
  CHECK(folder.files() == Files{{"a", "new"}});
}

TEST_CASE("destination: nothing is written through a link") {
  const Folder folder;
  const Folder elsewhere;
  const Destination destination = *Destination::open(folder.path());
  std::filesystem::create_symlink(elsewhere.path(), folder / "way");
  CHECK(destination.draft({"way/x", false}).error().code == Errc::kPermissionDenied);
  CHECK(destination.draft({"way/y/x", false}).error().code == Errc::kPermissionDenied);
  elsewhere.write("file", "theirs");
  std::filesystem::create_symlink(elsewhere / "file", folder / "link");
  put(destination, {"link", false}, "ours");
  CHECK(folder.read("link") == "ours");
  CHECK(elsewhere.files() == Files{{"file", "theirs"}});
}

TEST_CASE("destination: paths that lead out are refused") {
  const Folder folder;
  const Destination destination = *Destination::open(folder / "in");
  for (const auto* path : {"../x", "/etc/x", "a/../../x", "", "a/"}) {
    CHECK(destination.draft({path, false}).error().code == Errc::kInvalidArgument);
  }
  CHECK(folder.files().empty());
}

TEST_CASE(
    "destination: a file in the way of a folder, and a folder in the way of a file, are errors") {
  const Folder folder;
  folder.write("a", "");
  folder.write("b/c", "");
  const Destination destination = *Destination::open(folder.path());
  CHECK(destination.draft({"a/x", false}).error().code == Errc::kPermissionDenied);
  Result<Draft> draft = destination.draft({"b", false});
  CHECK_FALSE(draft->commit().ok());
}
