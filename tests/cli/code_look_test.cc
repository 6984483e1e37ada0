// check and submit look into the code folder: what they say of it, where, and with which code.
#include "base/limits.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sweepd::cli {

namespace {

namespace fs = std::filesystem;

// A folder with a sweep file; gone with the object.
class SweepFolder {
 public:
  explicit SweepFolder(const std::string& run)
      : folder_(fs::temp_directory_path() / ("sweepctl-look-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write("a.toml", "metric = \"loss\"\n[run]\n" + run + "\n");
  }

  SweepFolder(const SweepFolder&) = delete;
  SweepFolder& operator=(const SweepFolder&) = delete;

  ~SweepFolder() { fs::remove_all(folder_); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }

  std::string path(const std::string& name = "a.toml") const { return (folder_ / name).string(); }

 private:
  fs::path folder_;
};

}  // namespace

TEST_CASE("check: a script that is not in the code folder is a warning at its word") {
  const SweepFolder folder("command = \"python3 trian.py\"");
  folder.write("train.py", "");
  const CliRun run = run_line({"check", folder.path()});
  CHECK(run.code == kExitOk);
  CHECK(run.err == folder.path() +
                       ":3:20: warning: `trian.py` is not in the code folder '.'\n"
                       "    3 | command = \"python3 trian.py\"\n"
                       "      |                    ^^^^^^^^\n"
                       "      = help: did you mean `train.py`?\n" +
                       folder.path() + ": ok, 1 warning\n");
  folder.write("trian.py", "");
  CHECK(run_line({"check", folder.path()}).err == folder.path() + ": ok\n");
}

TEST_CASE("check: a script that .sweepignore leaves out is there and not shipped") {
  const SweepFolder folder("command = \"python3 train.py\"");
  folder.write("train.py", "");
  folder.write(".sweepignore", "*.py\n");
  CHECK(contains(run_line({"check", folder.path()}).err, "`train.py` is not shipped"));
}

TEST_CASE("check: a program in the code folder must be executable") {
  const SweepFolder folder("command = \"./start\"");
  folder.write("start", "#!/bin/sh\n");
  CHECK(contains(run_line({"check", folder.path()}).err, "`start` is not executable"));
  fs::permissions(folder.path("start"), fs::perms::owner_all);
  CHECK(run_line({"check", folder.path()}).err == folder.path() + ": ok\n");
}

TEST_CASE("check: a code folder that cannot be shipped is an error at its place") {
  const SweepFolder folder("command = \"python3 train.py\"\ncode = \"src\"");
  const CliRun none = run_line({"check", folder.path(), "--json=line,column,severity"});
  CHECK(none.code == kExitUsage);
  CHECK(none.out == "{\"line\":4,\"column\":8,\"severity\":\"error\"}\n");

  folder.write("src/data.bin", "");
  fs::resize_file(folder.path("src/data.bin"), limits::kSnapshotBytesMax + 1);
  const CliRun large = run_line({"check", folder.path()});
  CHECK(large.code == kExitUsage);
  CHECK(contains(large.err, "a.toml:4:8: error: the folder '"));
  CHECK(contains(large.err, "largest: data.bin"));
}

TEST_CASE("submit: warns of the code and submits; an unusable code folder sends nothing") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_submit()) {
      reply.mutable_submitted()->set_sweep(12);
    }
  });
  const SweepFolder missing("command = \"python3 train.py\"\ncode = \"src\"");
  const CliRun refused = run_line({"submit", missing.path()}, daemon.endpoint());
  CHECK(refused.code == kExitUsage);
  CHECK(contains(refused.err, "a.toml:4:8: error: the code folder '"));
  CHECK(contains(refused.err, "1 error. Nothing was submitted."));
  CHECK(daemon.requests().empty());

  const SweepFolder none("command = \"python3 train.py\"\ncode = \"\"");
  const CliRun warned = run_line({"submit", none.path()}, daemon.endpoint());
  CHECK(warned.code == kExitOk);
  CHECK(contains(warned.err, "warning: `train.py` will not be there"));
  CHECK(warned.out == "12\n");
}

}  // namespace sweepd::cli
