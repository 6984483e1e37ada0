// Trees: golden bytes, and everything that a hostile manifest may try.
#include "blobs/manifest.h"

#include "blobs/digest.h"
#include "wire/protocol.h"

#include <doctest/doctest.h>

using namespace sweepd;
using namespace sweepd::blobs;

namespace {

const std::string kDigest = digest_of("abc");

Tree golden_tree() {
  return {{{"main.py", 3, kDigest, false},
           {"scripts/run.sh", 300, digest_of(""), true},
           {"ä.txt", 0, digest_of(""), false}}};
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(byte);
    text += kDigits[code >> 4U];
    text += kDigits[code & 15U];
  }
  return text;
}

// As a hostile peer would: without our checks.
std::string unchecked(const Tree& tree) {
  pb::Manifest manifest;
  for (const TreeFile& file : tree.files) {
    pb::Manifest::File& entry = *manifest.add_files();
    entry.set_path(file.path);
    entry.set_size(file.size);
    entry.set_digest(file.digest);
  }
  return wire::encode(manifest);
}

bool sound(const std::vector<std::string>& paths) {
  Tree tree;
  for (const std::string& path : paths) {
    tree.files.push_back({path, 1, kDigest, false});
  }
  const bool direct = check_tree(tree).ok();
  CHECK(encode_tree(tree).ok() == direct);
  CHECK(decode_tree(unchecked(tree)).ok() == direct);
  return direct;
}

}  // namespace

TEST_CASE("manifest: a tree has these bytes and this digest for ever") {
  const std::string bytes = *encode_tree(golden_tree());
  const std::string abc = hex(kDigest);
  const std::string empty = hex(digest_of(""));
  CHECK(hex(bytes) ==
        "0a4d"
        "0a07" +
            hex("main.py") +
            "1003"
            "1a40" +
            abc +
            "0a57"
            "0a0e" +
            hex("scripts/run.sh") +
            "10ac02"
            "1a40" +
            empty + "2001" +
            "0a4a"
            "0a06" +
            hex("ä.txt") + "1a40" + empty);
  CHECK(digest_of(bytes) == "e015459ab9e913d35d8b8362b849cd39e184254decf46d1d980e0bdef12e5072");
}

TEST_CASE("manifest: a tree comes back as it was, an empty one too") {
  CHECK(*decode_tree(*encode_tree(golden_tree())) == golden_tree());
  CHECK(encode_tree({})->empty());
  CHECK(decode_tree("")->files.empty());
  CHECK(golden_tree().bytes() == 303);
}

TEST_CASE("manifest: bytes that end early are refused or are the tree of fewer files") {
  const std::string bytes = *encode_tree(golden_tree());
  int whole = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Result<Tree> tree = decode_tree(std::string_view(bytes).substr(0, size));
    if (tree.ok()) {
      ++whole;
      CHECK(tree->files.size() < 3);
      CHECK(std::equal(tree->files.begin(), tree->files.end(), golden_tree().files.begin()));
    }
  }
  CHECK(whole == 3);  // behind no file, one, two
}

TEST_CASE("manifest: a path that could lead elsewhere is refused") {
  CHECK(sound({"a"}));
  CHECK(sound({"...", "..a", ".a", "a b", "a/b/c", "a\\b", "~"}) == true);
  CHECK_FALSE(sound({""}));
  CHECK_FALSE(sound({"/etc/passwd"}));
  CHECK_FALSE(sound({".."}));
  CHECK_FALSE(sound({"../a"}));
  CHECK_FALSE(sound({"a/../b"}));
  CHECK_FALSE(sound({"a/.."}));
  CHECK_FALSE(sound({"."}));
  CHECK_FALSE(sound({"./a"}));
  CHECK_FALSE(sound({"a//b"}));
  CHECK_FALSE(sound({"a/"}));
  CHECK_FALSE(sound({std::string("a\0b", 3)}));
}

TEST_CASE("manifest: a path has at most 1024 bytes") {
  CHECK(sound({std::string(1024, 'x')}));
  CHECK_FALSE(sound({std::string(1025, 'x')}));
}

TEST_CASE("manifest: a path is UTF-8 in its shortest form") {
  CHECK(check_tree_path("naïve/日本/🚀").ok());
  for (const std::string_view bad : {"\xff",
                                     "\x80",
                                     "\xc3",
                                     "\xc0\xaf",          // an overlong '/'
                                     "\xe0\x80\xaf",      // the same in three bytes
                                     "\xf0\x80\x80\xaf",  // and in four
                                     "\xed\xa0\x80",      // a surrogate
                                     "\xf4\x90\x80\x80",  // beyond U+10FFFF
                                     "\xe6\x97",
                                     "\xf5\x80\x80\x80"}) {
    CHECK_FALSE(check_tree_path(bad).ok());
  }
}

TEST_CASE("manifest: paths are in order and unique") {
  CHECK(sound({"a", "b"}));
  CHECK_FALSE(sound({"b", "a"}));
  CHECK_FALSE(sound({"a", "a"}));
}

TEST_CASE("manifest: a file cannot be the folder of another, also with a neighbour between them") {
  CHECK(sound({"a-b", "a/c"}));
  CHECK_FALSE(sound({"a", "a/b"}));
  CHECK_FALSE(sound({"a", "a-b", "a/c"}));
  CHECK_FALSE(sound({"a/b", "a/b/c/d"}));
}

TEST_CASE("manifest: digests and sizes are checked") {
  CHECK_FALSE(check_tree({{{"a", 1, "abc", false}}}).ok());
  CHECK_FALSE(check_tree({{{"a", UINT64_MAX, kDigest, false}}}).ok());
  CHECK_FALSE(check_tree({{{"a", INT64_MAX, kDigest, false}, {"b", 1, kDigest, false}}}).ok());
  CHECK(check_tree({{{"a", INT64_MAX, kDigest, false}}}).ok());
}

TEST_CASE("manifest: a tree has at most as many files as the limit says") {
  Tree tree;
  for (std::size_t i = 0; i <= limits::kTreeFilesMax; ++i) {
    const std::string digits = std::to_string(i);
    tree.files.push_back({std::string(6 - digits.size(), '0') + digits, 0, kDigest, false});
  }
  CHECK_FALSE(check_tree(tree).ok());
  tree.files.pop_back();
  CHECK(check_tree(tree).ok());
}

TEST_CASE("manifest: bytes that are no manifest are refused") {
  CHECK(decode_tree("not a manifest").error().code == Errc::kCorrupt);
  const std::string message =
      decode_tree(unchecked({{{"a/../\n\x1b[31m", 1, kDigest, false}}})).error().message;
  CHECK(message.find('\x1b') == std::string::npos);
  CHECK(message.find("a/../??[31m") != std::string::npos);
}

TEST_CASE("manifest: a tree holds its files and the folders that they are in") {
  blobs::Tree tree;
  tree.files.push_back({"outputs/best/model.pt", 1, std::string(64, 'a'), false});
  for (const char* path : {"", "outputs", "outputs/", "outputs/best", "outputs/best/model.pt"}) {
    CHECK_MESSAGE(tree.holds(path), path);
  }
  for (const char* path : {"out", "outputs/best/model", "best", "outputs/best/model.pt/x"}) {
    CHECK_FALSE_MESSAGE(tree.holds(path), path);
  }
  CHECK_FALSE(blobs::Tree().holds(""));
}
