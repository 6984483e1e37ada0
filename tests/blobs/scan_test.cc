// Folders as trees: what is taken, what is skipped and said, what is refused.
#include "blobs/scan.h"

#include "blobs/digest.h"
#include "tests/blobs/folder.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>

using namespace sweepd;
using namespace sweepd::blobs;
using sweepd::testing::Folder;

namespace {

LocalTree scanned(const ScanOptions& options) {
  Result<LocalTree> local = scan_folder(options);
  if (!local.ok()) {
    FAIL(local.error().message);
  }
  CHECK(check_tree(local->tree).ok());
  CHECK(local->sources.size() == local->tree.files.size());
  return *std::move(local);
}

LocalTree scanned(const Folder& folder) {
  return scanned(ScanOptions{.folder = folder.path(), .only = {}});
}

std::vector<std::string> paths(const LocalTree& local) {
  std::vector<std::string> all;
  for (const TreeFile& file : local.tree.files) {
    all.push_back(file.path);
  }
  return all;
}

std::string why_skipped(const LocalTree& local, const std::string& path) {
  const auto found = std::find_if(local.skipped.begin(),
                                  local.skipped.end(),
                                  [&](const Skipped& skipped) { return skipped.path == path; });
  return found == local.skipped.end() ? "" : found->why;
}

using Paths = std::vector<std::string>;

// A file of that size that takes no room.
void write_sparse(const Folder& folder, const std::string& name, off_t size) {
  folder.write(name, "");
  REQUIRE(truncate((folder / name).c_str(), size) == 0);
}

void set_mode(const std::string& path, mode_t mode) {
  REQUIRE(chmod(path.c_str(), mode) == 0);
}

// While one lives, the test is not root.
class Unprivileged {
 public:
  Unprivileged() : root_(geteuid() == 0) {
    if (root_) {
      REQUIRE(seteuid(65534) == 0);
    }
  }

  ~Unprivileged() {
    if (root_) {
      CHECK(seteuid(0) == 0);
    }
  }

 private:
  bool root_;
};

}  // namespace

TEST_CASE("scan: files come in the order of their bytes with size, digest and executable bit") {
  const Folder folder;
  folder.write("b/z.py", "abc");
  folder.write("b-c", "");
  folder.write("a.sh", "#!");
  folder.write("ü/日本.txt", "x");
  set_mode(folder / "a.sh", 0755);
  const LocalTree local = scanned(folder);
  CHECK(paths(local) == Paths{"a.sh", "b-c", "b/z.py", "ü/日本.txt"});
  CHECK(local.tree.files[0].executable);
  CHECK_FALSE(local.tree.files[2].executable);
  CHECK(local.tree.files[2] == TreeFile{"b/z.py", 3, digest_of("abc"), false});
  CHECK(local.tree.files[1] == TreeFile{"b-c", 0, digest_of(""), false});
  CHECK(digest_of_file(local.sources[2])->digest == digest_of("abc"));
  CHECK(local.skipped.empty());
}

TEST_CASE("scan: an empty folder, and one of empty folders, is the empty tree") {
  const Folder folder;
  CHECK(scanned(folder).tree.files.empty());
  std::filesystem::create_directories(folder / "a/b/c");
  CHECK(scanned(folder).tree.files.empty());
}

TEST_CASE("scan: a large file is read in many steps and has the right digest") {
  const Folder folder;
  const std::string content = testing::pattern(1'000'003);
  folder.write("x", content);
  Scanner scanner(ScanOptions{.folder = folder.path(), .only = {}});
  int steps = 1;
  while (!*scanner.step(1)) {
    ++steps;
  }
  CHECK(steps >= 6);
  const LocalTree local = scanner.take();
  CHECK(local.tree.files[0] == TreeFile{"x", content.size(), digest_of(content), false});
}

TEST_CASE("scan: .sweepignore and the defaults leave things out, and are switched off") {
  const Folder folder;
  folder.write(".sweepignore", "data/\n*.pt\n!best.pt\n");
  folder.write("main.py", "");
  folder.write("main.pyc", "");
  folder.write("data/huge", "");
  folder.write("last.pt", "");
  folder.write("best.pt", "");
  folder.write(".git/HEAD", "");
  CHECK(paths(scanned(folder)) == Paths{".sweepignore", "best.pt", "main.py"});
  const ScanOptions all{.folder = folder.path(), .only = {}, .rules = false};
  CHECK(paths(scanned(all)).size() == 7);
}

TEST_CASE("scan: only what is named, once, and what is not there is no matter") {
  const Folder folder;
  folder.write("outputs/model/w", "1");
  folder.write("outputs/x", "2");
  folder.write("logs/l", "3");
  folder.write("main.py", "4");
  const ScanOptions some{
      .folder = folder.path(), .only = {"outputs", "logs", "outputs/x", "nothing"}, .rules = false};
  CHECK(paths(scanned(some)) == Paths{"logs/l", "outputs/model/w", "outputs/x"});
  const ScanOptions outside{.folder = folder.path(), .only = {"../x"}};
  CHECK(scan_folder(outside).error().code == Errc::kInvalidArgument);
}

TEST_CASE("scan: a link to a file inside is that file, the others are skipped and reported") {
  const Folder folder;
  const Folder elsewhere;
  elsewhere.write("secret", "s");
  folder.write("sub/real", "abc");
  const auto link = [&](const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, folder / name);
  };
  link("sub/real", "inside");
  link("inside", "twice");
  link(elsewhere / "secret", "outside");
  link("..", "up");
  link("sub", "folder");
  link("nowhere", "dangling");
  link("self", "self");
  const LocalTree local = scanned(folder);
  CHECK(paths(local) == Paths{"inside", "sub/real", "twice"});
  CHECK(local.tree.files[2].digest == digest_of("abc"));
  CHECK(why_skipped(local, "outside") == "a link to something outside of the folder");
  CHECK(why_skipped(local, "up") == "a link to something outside of the folder");
  CHECK(why_skipped(local, "folder") == "a link to a folder");
  CHECK(why_skipped(local, "dangling") == "a link that leads nowhere");
  CHECK(why_skipped(local, "self") == "a link that leads nowhere");
  CHECK(local.skipped.size() == 5);
}

TEST_CASE("scan: a named folder that leads outside through a link is skipped") {
  const Folder folder;
  const Folder elsewhere;
  elsewhere.write("deep/secret", "s");
  std::filesystem::create_symlink(elsewhere.path(), folder / "outputs");
  const LocalTree local =
      scanned(ScanOptions{.folder = folder.path(), .only = {"outputs", "outputs/deep"}});
  CHECK(local.tree.files.empty());
  CHECK(local.skipped.size() == 2);
}

TEST_CASE("scan: devices and names that are not text are skipped and reported") {
  const Folder folder;
  REQUIRE(mkfifo((folder / "fifo").c_str(), 0600) == 0);
  folder.write("bad\xff", "x");
  folder.write("good", "x");
  const LocalTree local = scanned(folder);
  CHECK(paths(local) == Paths{"good"});
  CHECK(why_skipped(local, "fifo") == "neither a file nor a folder");
  CHECK(why_skipped(local, "bad\xff").find("is not UTF-8 text") != std::string::npos);
}

TEST_CASE("scan: an unreadable file is an error that names it, or is skipped when that is wanted") {
  const Folder folder;
  folder.write("closed", "x");
  folder.write("open", "x");
  folder.write("shut/x", "x");
  set_mode(folder / "closed", 0);
  set_mode(folder / "shut", 0);
  set_mode(folder.path(), 0755);
  {
    const Unprivileged nobody;  // root reads everything
    const Result<LocalTree> strict = scan_folder({.folder = folder.path(), .only = {}});
    CHECK(strict.error().code == Errc::kPermissionDenied);
    const LocalTree lenient =
        scanned({.folder = folder.path(), .only = {}, .skip_unreadable = true});
    CHECK(paths(lenient) == Paths{"open"});
    CHECK(lenient.skipped.size() == 2);
  }
  set_mode(folder / "shut", 0700);
}

TEST_CASE(
    "scan: a file that vanishes is an error that names it, or is skipped when that is wanted") {
  for (const bool skip : {false, true}) {
    const Folder folder;
    folder.write("a", "x");
    folder.write("b", "x");
    Scanner scanner({.folder = folder.path(), .only = {}, .skip_unreadable = skip});
    REQUIRE_FALSE(*scanner.step(1));  // begins
    REQUIRE_FALSE(*scanner.step(1));  // lists
    REQUIRE_FALSE(*scanner.step(1));  // sorts
    REQUIRE(unlink((folder / "a").c_str()) == 0);
    const Result<bool> read = scanner.step(1'000'000);
    if (skip) {
      REQUIRE(*read);
      const LocalTree local = scanner.take();
      CHECK(paths(local) == Paths{"b"});
      CHECK(local.skipped.size() == 1);
      CHECK(local.skipped[0].path == "a");
    } else {
      CHECK(read.error().code == Errc::kNotFound);
      CHECK(read.error().message.find(folder / "a") != std::string::npos);
      CHECK(read.error().message.find(".sweepignore") != std::string::npos);
    }
  }
}

TEST_CASE(
    "scan: a file that grows is taken as long as it was, one that shrinks as far as it goes") {
  const Folder folder;
  folder.write("grows", "abc");
  folder.write("shrinks", "abcdef");
  Scanner scanner(ScanOptions{.folder = folder.path(), .only = {}});
  for (int i = 0; i < 3; ++i) {
    REQUIRE_FALSE(*scanner.step(1));
  }
  folder.write("grows", "abcdef");
  folder.write("shrinks", "abc");
  REQUIRE(*scanner.step(1'000'000));
  const LocalTree local = scanner.take();
  CHECK(local.tree.files[0] == TreeFile{"grows", 3, digest_of("abc"), false});
  CHECK(local.tree.files[1] == TreeFile{"shrinks", 3, digest_of("abc"), false});
}

TEST_CASE("scan: too many bytes are an error that names the largest paths and the way out") {
  const Folder folder;
  write_sparse(folder, "data/train.bin", 200'000'000);
  write_sparse(folder, "data/test.bin", 50'000'000);
  write_sparse(folder, "runs/1/a", 30'000'000);
  write_sparse(folder, "runs/1/b", 30'000'000);
  write_sparse(folder, "m1", 4'000'000);
  write_sparse(folder, "m2", 3'000'000);
  write_sparse(folder, "m3", 2'000'000);
  write_sparse(folder, "m4", 1'000'000);
  const Error error = scan_folder({.folder = folder.path(), .only = {}}).error();
  CHECK(error.code == Errc::kInvalidArgument);
  CHECK(error.message ==
        "the folder '" + folder.path() +
            "' holds 320.0 MB where 300.0 MB are allowed; largest: data/train.bin (200.0 MB), "
            "runs/1/ (60.0 MB), m1 (4.0 MB), m2 (3.0 MB), m3 (2.0 MB); name what the trials do not "
            "need in .sweepignore");
  folder.write(".sweepignore", "data/\nruns\nm?\n");
  CHECK(paths(scanned(folder)) == Paths{".sweepignore"});
}

TEST_CASE("scan: exactly the limit is allowed") {
  const Folder folder;
  folder.write("x", "abc");
  CHECK(scan_folder({.folder = folder.path(), .only = {}, .bytes_max = 3}).ok());
  CHECK_FALSE(scan_folder({.folder = folder.path(), .only = {}, .bytes_max = 2}).ok());
}

TEST_CASE("scan: too many files are an error that names where most of them are") {
  const Folder folder;
  for (int i = 0; i < 10; ++i) {
    folder.write("many/" + std::to_string(i), "");
  }
  const Error error = scan_folder({.folder = folder.path(), .only = {}, .files_max = 9}).error();
  CHECK(error.code == Errc::kInvalidArgument);
  CHECK(error.message.find("more than 9 files, most of them in: many/ (10 files)") !=
        std::string::npos);
  CHECK(scan_folder({.folder = folder.path(), .only = {}, .files_max = 10}).ok());
}

TEST_CASE("scan: a folder that is not there, and a file in its place, are errors") {
  const Folder folder;
  folder.write("x", "");
  CHECK(scan_folder({.folder = folder / "nothing", .only = {}}).error().code == Errc::kNotFound);
  CHECK_FALSE(scan_folder({.folder = folder / "x", .only = {}}).ok());
}

TEST_CASE("scan: a folder thousands deep is an error or skipped, and no stack is exhausted") {
  const Folder folder;
  std::string path = folder.path();
  std::string name(200, 'd');
  for (int i = 0; i < 15; ++i) {
    path += "/" + name;
    std::filesystem::create_directory(path);
  }
  folder.write("x", "");
  const LocalTree local = scanned(folder);
  CHECK(paths(local) == Paths{"x"});
  CHECK(local.skipped.size() == 1);  // at 1024 bytes the path is too long for a tree
}
