// Digests against published vectors.
#include "blobs/digest.h"

#include "tests/blobs/folder.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace sweepd;
using namespace sweepd::blobs;

namespace {

// FIPS 180-2, appendix B.
const std::string kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kMillionAs = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

}  // namespace

TEST_CASE("digest: the published vectors come out") {
  CHECK(digest_of("") == kEmpty);
  CHECK(digest_of("abc") == kAbc);
  CHECK(digest_of(std::string(1'000'000, 'a')) == kMillionAs);
}

TEST_CASE("digest: pieces have the digest of the whole") {
  Digester digester;
  for (int i = 0; i < 1000; ++i) {
    digester.add(std::string(1000, 'a'));
    digester.add("");
  }
  CHECK(digester.finish() == kMillionAs);
}

TEST_CASE("digest: a file has the digest of its bytes, also an empty one and one of many reads") {
  const testing::Folder folder;
  folder.write("empty", "");
  folder.write("large", std::string(1'000'000, 'a'));
  CHECK(*digest_of_file(folder / "empty") == FileDigest{kEmpty, 0});
  CHECK(*digest_of_file(folder / "large") == FileDigest{kMillionAs, 1'000'000});
}

TEST_CASE("digest: what is not a regular file is refused, and a FIFO does not make us wait") {
  const testing::Folder folder;
  REQUIRE(mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(digest_of_file(folder / "fifo").error().code == Errc::kInvalidArgument);
  CHECK(digest_of_file(folder.path()).error().code == Errc::kInvalidArgument);
  CHECK(digest_of_file(folder / "nothing").error().code == Errc::kNotFound);
}

TEST_CASE("digest: only 64 lower-case hex digits are one") {
  CHECK(is_digest(kAbc));
  CHECK_FALSE(is_digest(""));
  const std::string_view rest = std::string_view(kAbc).substr(3);
  CHECK_FALSE(is_digest(rest));
  CHECK_FALSE(is_digest(fmt::format("{}0", kAbc)));
  CHECK(is_digest(fmt::format("bad{}", rest)));
  CHECK_FALSE(is_digest(fmt::format("Bad{}", rest)));
  CHECK_FALSE(is_digest(fmt::format("bag{}", rest)));
  CHECK_FALSE(is_digest(fmt::format("../{}", rest)));
  CHECK_FALSE(is_digest(std::string(64, '\0')));
}
