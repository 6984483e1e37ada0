// Logs in the journal: what is kept of them, and what comes back.
#include "daemon/journal_rocksdb.h"
#include "tests/daemon/journal_bench.h"

using namespace sweepd;
using namespace sweepd::daemon::journal_bench;
using namespace sweepd::daemon::test;
using daemon::LogKey;
using daemon::LogStream;
using daemon::RocksJournal;

TEST_CASE("logs: of a long one the head and the tail are kept, and a reader sees the cut") {
  const Folder folder;
  const auto digits = [](std::uint64_t from, std::uint64_t to) {
    std::string text;
    for (; from < to; ++from) {
      text += static_cast<char>('0' + from % 10);
    }
    return text;
  };
  std::uint64_t size = 0;
  {
    const auto journal = *RocksJournal::open(folder.path(), {{10, 30, 10}});
    for (; size < 200; size += 5) {
      REQUIRE(*journal->append({{kLog, size, digits(size, size + 5)}}) ==
              std::vector<std::uint64_t>{size + 5});
    }
    // Again, as after a lost answer, and from before the cut.
    CHECK(*journal->append({{kLog, 20, digits(20, 40)}, {kLog, 190, digits(190, 205)}}) ==
          std::vector<std::uint64_t>{200, 205});
    CHECK(*journal->append({{kLog, 500, "E"}}) == std::vector<std::uint64_t>{205});
  }
  const auto journal = *RocksJournal::open(folder.path(), {{10, 30, 10}});
  CHECK(*journal->size(kLog) == 205);
  const auto head = journal->read(kLog, 0, 1000);
  CHECK(head->offset == 0);
  CHECK(head->bytes == digits(0, 10));
  for (const std::uint64_t offset : {10U, 50U, 169U}) {
    const auto tail = journal->read(kLog, offset, 1000);
    CHECK(tail->offset == 170);
    CHECK(tail->bytes == digits(170, 205));
  }
  CHECK(journal->read(kLog, 190, 3)->bytes == "012");
  CHECK(journal->read(kLog, 190, 3)->offset == 190);
}

TEST_CASE("logs: bytes come back from anywhere, across appends") {
  const Folder folder;
  {
    const auto journal = opened(folder.path());
    const auto sizes = journal->append({{kLog, 0, "hello "}, {kLog, 6, "world"}});
    REQUIRE(sizes.ok());
    CHECK(*sizes == std::vector<std::uint64_t>{6, 11});
  }
  const auto journal = opened(folder.path());
  CHECK(*journal->size(kLog) == 11);
  CHECK(journal->read(kLog, 0, 100)->bytes == "hello world");
  CHECK(journal->read(kLog, 4, 4)->bytes == "o wo");
  CHECK(journal->read(kLog, 6, 0)->bytes.empty());
  CHECK(journal->read(kLog, 11, 5)->bytes.empty());
  CHECK(journal->read(kLog, 50, 5)->bytes.empty());
  CHECK(*journal->size({kAttempt, LogStream::kStderr}) == 0);
}

TEST_CASE("logs: what is stored already is skipped, a gap is left out") {
  const Folder folder;
  const auto journal = opened(folder.path());
  REQUIRE(journal->append({{kLog, 0, "abcdef"}}).ok());
  CHECK(*journal->append({{kLog, 0, "abcdef"}, {kLog, 4, "efgh"}, {kLog, 9, "x"}, {kLog, 8, ""}}) ==
        std::vector<std::uint64_t>{6, 8, 8, 8});
  CHECK(journal->read(kLog, 0, 100)->bytes == "abcdefgh");
}

TEST_CASE("logs: large pieces and other attempts' logs stay apart") {
  const Folder folder;
  const auto journal = opened(folder.path());
  const std::string large(300'000, 'z');
  const LogKey other{{{12}, {7}, {3}}, LogStream::kStdout};
  REQUIRE(journal->append({{kLog, 0, large}, {other, 0, "o"}, {kLog, large.size(), "end"}}).ok());
  CHECK(journal->read(kLog, large.size() - 1, 100)->bytes == "zend");
  CHECK(journal->read(other, 0, 100)->bytes == "o");
}
