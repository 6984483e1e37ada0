// The journal when it is killed, its files are damaged, or its disk fails.
#include "daemon/journal_rocksdb.h"
#include "tests/daemon/journal_bench.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

using namespace sweepd;
using namespace sweepd::daemon::journal_bench;
using namespace sweepd::daemon::test;
using daemon::RocksJournal;

TEST_CASE("journal: everything that was committed survives a kill") {
  const Folder folder;
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    auto journal = RocksJournal::open(folder.path());
    for (std::uint64_t seq = 1; journal.ok(); ++seq) {
      if (!(*journal)->commit({{report(seq)}, {}, mark(1)}).ok() ||
          write(ends[1], &seq, sizeof(seq)) < 0) {
        break;
      }
    }
    _exit(1);
  }
  close(ends[1]);
  std::uint64_t acknowledged = 0;
  while (acknowledged < 50 && read(ends[0], &acknowledged, sizeof(acknowledged)) > 0) {
  }
  kill(child, SIGKILL);
  while (read(ends[0], &acknowledged, sizeof(acknowledged)) > 0) {
  }
  REQUIRE(waitpid(child, nullptr, 0) == child);
  close(ends[0]);
  REQUIRE(acknowledged >= 50);
  const auto journal = opened(folder.path());
  const auto reports = journal->reports(kAttempt, 0, 1'000'000);
  REQUIRE(reports.ok());
  CHECK(reports->size() >= acknowledged);
  CHECK(reports->size() <= acknowledged + 1);
  CHECK(journal->records({12}, 0, 1'000'000)->size() == reports->size());
}

TEST_CASE("journal: a torn write at the end of the log is forgotten, what was before it is not") {
  const Folder folder;
  {
    const auto journal = opened(folder.path());
    commit(*journal, {report(1)});
    commit(*journal, {report(2)});
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) {
      std::filesystem::resize_file(entry.path(), entry.file_size() - 3);
    }
  }
  const auto journal = opened(folder.path());
  CHECK(seqs(*journal->records({12}, 0, 100)) == std::vector<std::uint64_t>{1});
  commit(*journal, {report(2)});
  CHECK(seqs(*journal->records({12}, 0, 100)) == std::vector<std::uint64_t>{1, 2});
}

namespace {

constexpr const char* kFolderVariable = "SWEEPD_TEST_FOLDER";

}  // namespace

// The process of the next test: run by name only, because a forked one has no threads of the store.
TEST_CASE("journal child: a table that cannot be written" * doctest::skip()) {
  const char* folder = std::getenv(kFolderVariable);  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(folder != nullptr);
  const auto journal = opened(folder);
  std::uint64_t word = 1;
  commit(*journal, {incompressible(word)});
  // From here on no file may grow beyond this: the table cannot be written (no lack of room).
  signal(SIGXFSZ, SIG_IGN);
  const rlimit small{64 * 1024, 64 * 1024};
  setrlimit(RLIMIT_FSIZE, &small);
  static_cast<void>(journal->start_flush().ok());
  sleep(10);
  _exit(2);
}

TEST_CASE("journal: an error on a thread of the store ends the process at once, with 75") {
  const Folder folder;
  const pid_t child = fork();
  if (child == 0) {
    setenv(kFolderVariable, folder.path().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    execl("/proc/self/exe",
          "test_daemon",
          "--no-skip",
          "--test-case=journal child: a table that cannot be written",
          nullptr);
    _exit(3);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 75);
  CHECK(opened(folder.path())->records({13}, 0, 10)->size() ==
        1);  // what was acknowledged is there
}

TEST_CASE("journal: a write that fails for no lack of room is fatal before anybody is told") {
  const Folder folder;
  const pid_t child = fork();
  if (child == 0) {
    auto journal = RocksJournal::open(folder.path());
    signal(SIGXFSZ, SIG_IGN);
    const rlimit small{64 * 1024, 64 * 1024};
    setrlimit(RLIMIT_FSIZE, &small);
    // By the thread of the logs.
    static_cast<void>((*journal)->append({{kLog, 0, std::string(1 << 20, 'x')}}).ok());
    _exit(2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 75));
}

TEST_CASE("journal: a folder whose files are damaged is refused, not repaired") {
  const Folder folder;
  { const auto journal = opened(folder.path()); }
  std::ofstream(folder.path() + "/CURRENT") << "nonsense";
  CHECK_FALSE(RocksJournal::open(folder.path()).ok());
}
