// The journal when its disk is full: what is refused, what goes on, and how it heals.
#include "daemon/journal_rocksdb.h"
#include "daemon/journal_rocksdb_impl.h"
#include "tests/daemon/journal_bench.h"

#include <chrono>
#include <fstream>
#include <initializer_list>
#include <semaphore>
#include <thread>

using namespace sweepd;
using namespace sweepd::daemon::journal_bench;
using namespace sweepd::daemon::test;
using daemon::RocksJournal;

namespace {

// With a file, until no byte is free.
void fill(const std::string& folder) {
  std::ofstream filler(folder + "/filler", std::ios::binary);
  const std::string block(64 * 1024, 'x');
  while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
  }
}

// That so many more bytes are free.
void unfill(const std::string& folder, std::size_t bytes) {
  const std::string filler = folder + "/filler";
  std::filesystem::resize_file(filler, std::filesystem::file_size(filler) - bytes);
}

void check_unavailable(std::initializer_list<Result<void>> answers) {
  for (const Result<void>& answer : answers) {
    REQUIRE_FALSE(answer.ok());
    CHECK_MESSAGE(answer.error().code == Errc::kUnavailable, answer.error().message);
  }
}

void heal(RocksJournal& journal) {
  const Result<void> healed = journal.heal();
  REQUIRE_MESSAGE(healed.ok(), healed.error().message);
}

template <typename T>
Result<void> without_value(const Result<T>& answer) {
  return answer.ok() ? Result<void>() : Result<void>(answer.error());
}

// A store on a small disk of its own.
struct SmallStore {
  Folder folder;
  SmallDisk disk;
  std::unique_ptr<RocksJournal> journal;

  explicit SmallStore(int mib = 160) : disk(folder.path(), mib) {
    if (disk.usable()) {
      journal = opened(folder.path() + "/store");
    }
  }
};

struct LargerStore : SmallStore {
  LargerStore() : SmallStore(512) {}
};

}  // namespace

TEST_CASE_FIXTURE(
    SmallStore,
    "journal: a full disk refuses commits as unavailable, and takes them again when there is "
    "room") {
  if (!journal) {
    return;
  }
  commit(*journal, {report(1)});
  fill(folder.path());
  // What the store reserved before fills up, too.
  const core::Record large =
      core::SweepReopened{{13}, {core::ReasonCode::kUser, std::string(256 * 1024, 'x')}};
  std::size_t stored = 0;
  Result<void> last;
  while (stored < 2000 && (last = journal->commit({{large}, {}, mark(1)})).ok()) {
    ++stored;
  }
  REQUIRE_FALSE(last.ok());
  CHECK_MESSAGE(last.error().code == Errc::kUnavailable, last.error().message);
  CHECK(journal->commit({{large}, {}, mark(1)}).error().code == Errc::kUnavailable);
  CHECK(journal->records({13}, 0, 10'000)->size() == stored);
  CHECK_FALSE(journal->heal().ok());

  std::filesystem::remove(folder.path() + "/filler");
  heal(*journal);
  commit(*journal, {large});
  CHECK(journal->records({13}, 0, 10'000)->size() == stored + 1);
}

TEST_CASE_FIXTURE(
    SmallStore,
    "journal: a write that fails when all before it is flushed is healed like any other") {
  if (!journal) {
    return;
  }
  commit(*journal, {report(1)});
  REQUIRE(journal->flush().ok());
  fill(folder.path());
  const core::Record huge =
      core::SweepReopened{{13}, {core::ReasonCode::kUser, std::string(200 << 20, 'x')}};
  check_unavailable({journal->commit({{huge}, {}, mark(1)})});
  CHECK(journal->wants_heal());
  check_unavailable({journal->heal()});
  check_unavailable({journal->commit({{report(2)}, {}, mark(1)}),
                     journal->start_flush(),
                     journal->delete_strays(),
                     journal->compact({12}),
                     journal->checkpoint(folder.path() + "/copy")});
  CHECK(seqs(*journal->records({12}, 0, 10)) == std::vector<std::uint64_t>{1});  // reading goes on

  // Room for bytes and none for files: the store is closed, and cannot be opened.
  std::filesystem::remove(folder.path() + "/filler");
  REQUIRE(disk.limit_files(300));
  for (int i = 0; std::ofstream(fmt::format("{}/file-{}", folder.path(), i)).good(); ++i) {
  }
  check_unavailable({journal->heal()});
  CHECK(journal->wants_heal());
  const auto nothing = [](std::string_view, std::string_view) {
    return Result<bool>(true);
  };
  check_unavailable({without_value(journal->headers()),
                     without_value(journal->records({12}, 0, 10)),
                     without_value(journal->reports(kAttempt, 0, 10)),
                     without_value(journal->size(kLog)),
                     without_value(journal->read(kLog, 0, 10)),
                     without_value(journal->let_go()),
                     without_value(journal->append({{kLog, 0, "x"}})),
                     journal->each(daemon::Family::kRecord, "", nothing),
                     journal->commit({{report(2)}, {}, mark(1)}),
                     journal->flush(),
                     journal->heal()});
  CHECK(journal->usage().table_bytes == 0);

  SUBCASE("it is healed, wherever opening met the end of the files before") {
    Result<void> healed = journal->heal();
    int removed = 0;
    for (std::uint64_t free = 1; free < 30 && !healed.ok(); ++free) {
      check_unavailable({healed});
      while (disk.free_files() < free) {
        std::filesystem::remove(fmt::format("{}/file-{}", folder.path(), removed++));
      }
      healed = journal->heal();
    }
    REQUIRE_MESSAGE(healed.ok(), healed.error().message);
    CHECK_FALSE(journal->wants_heal());
  }
  SUBCASE("it ends, and the next one opens it") {
    REQUIRE(disk.limit_files(10'000));
    journal.reset();
    journal = opened(folder.path() + "/store");
  }
  commit(*journal, {report(2)});
  CHECK(seqs(*journal->records({12}, 0, 10)) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE_FIXTURE(SmallStore, "journal: a new log for which there is no file is waited for") {
  if (!journal) {
    return;
  }
  REQUIRE(disk.limit_files(300));
  for (int i = 0; std::ofstream(fmt::format("{}/file-{}", folder.path(), i)).good(); ++i) {
  }
  std::uint64_t word = 1;
  std::size_t stored = 0;
  Result<void> last;
  while (stored < 100 && (last = journal->commit({{incompressible(word)}, {}, mark(1)})).ok()) {
    ++stored;
  }
  check_unavailable({last});
  CHECK(journal->wants_heal());
  REQUIRE(disk.limit_files(10'000));
  heal(*journal);
  commit(*journal, {incompressible(word)});
  CHECK(journal->records({13}, 0, 1000)->size() == stored + 1);
}

TEST_CASE_FIXTURE(
    SmallStore, "journal: what meets the log that a write without room has spoiled ends nothing") {
  if (!journal) {
    return;
  }
  commit(*journal, {report(1)});
  const std::string filler = folder.path() + "/filler";
  std::ofstream(filler) << std::string(32 << 20, 'x');
  // It takes a while until the end of the room is met; meanwhile others wait behind it.
  Result<std::vector<std::uint64_t>> appended = std::vector<std::uint64_t>();
  std::thread logs([&] { appended = journal->append({{kLog, 0, std::string(200 << 20, 'x')}}); });
  Result<void> flushed;
  std::thread flushes([&] {
    while (flushed.ok()) {
      flushed = journal->flush();
    }
  });
  std::uint64_t stored = 1;
  Result<void> committed;
  while ((committed = journal->commit({{report(stored + 1)}, {}, mark(1)})).ok()) {
    ++stored;
  }
  logs.join();
  flushes.join();
  check_unavailable({without_value(appended), flushed, committed});
  std::filesystem::remove(filler);
  heal(*journal);
  CHECK(journal->records({12}, 0, 1'000'000)->size() == stored);
}

TEST_CASE("journal: a start says that there is no room, wherever opening meets its end") {
  const Folder folder;
  const SmallDisk disk(folder.path());
  if (!disk.usable()) {
    return;
  }
  const Folder elsewhere;
  const std::string whole = elsewhere.path() + "/store";
  commit(*opened(whole), {report(1)});
  const std::string store = folder.path() + "/store";
  const std::string filler = folder.path() + "/filler";
  std::uint64_t pages = 0;
  for (Result<void> answer = Error{}; pages < 200 && !answer.ok(); ++pages) {
    // What failed starts leave behind would give room to the one that removes it.
    std::filesystem::remove_all(store);
    std::filesystem::remove(filler);
    std::filesystem::copy(whole, store);
    fill(folder.path());
    while (disk.free_pages() < pages) {
      std::filesystem::resize_file(filler, std::filesystem::file_size(filler) - 4096);
    }
    answer = without_value(RocksJournal::open(store));
    if (!answer.ok()) {
      check_unavailable({answer});
    }
  }
  CHECK(pages > 3);
  std::filesystem::remove(filler);
  CHECK(seqs(*opened(store)->records({12}, 0, 10)) == std::vector<std::uint64_t>{1});
}

TEST_CASE("journal: a lack of room is known by its words where RocksDB made another error of it") {
  const auto code = [](const rocksdb::Status& status) {
    return daemon::rocks::translated(status, "cannot write").code;
  };
  const std::string words = "IO error: No space left on device: While appending to file: 88.sst";
  CHECK(code(rocksdb::Status::Incomplete(words)) == Errc::kUnavailable);  // writes are stopped
  CHECK(code(rocksdb::Status::CompactionTooLarge()) == Errc::kUnavailable);
  CHECK(code(rocksdb::Status::NoSpace()) == Errc::kUnavailable);
  CHECK(code(rocksdb::Status::IOError("Input/output error")) == Errc::kUnexpected);
  CHECK(code(rocksdb::Status::Corruption("checksum mismatch")) == Errc::kCorrupt);
}

TEST_CASE_FIXTURE(SmallStore, "journal: a compaction that finds no room stops nothing") {
  if (!journal) {
    return;
  }
  std::uint64_t word = 1;
  for (int i = 0; i < 60; ++i) {
    commit(*journal, {incompressible(word)});
  }
  REQUIRE(journal->flush().ok());
  REQUIRE(journal->compact({13}).ok());  // nothing is left to compact by itself
  fill(folder.path());
  unfill(folder.path(), 50 << 20);
  const Result<void> compacted = journal->compact({13});
  REQUIRE_FALSE(compacted.ok());
  CHECK_MESSAGE(compacted.error().code == Errc::kUnavailable, compacted.error().message);
  CHECK_FALSE(journal->wants_heal());
  commit(*journal, {report(1)});
  // What the compaction had written of its table is removed by a thread.
  for (int i = 0; i < 100 && disk.free_pages() < 40 * 256; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  // Many writes in a row meet the end of the room, or would have to wait for the compaction.
  std::size_t stored = 60;
  Result<void> last;
  while (stored < 200 && (last = journal->commit({{incompressible(word)}, {}, mark(1)})).ok()) {
    ++stored;
  }
  check_unavailable({last});
  CHECK(journal->wants_heal());
  std::filesystem::remove(folder.path() + "/filler");
  heal(*journal);
  commit(*journal, {report(2)});
  CHECK(journal->records({13}, 0, 1000)->size() == stored);
}

TEST_CASE_FIXTURE(
    LargerStore,
    "journal: a log that is spoiled while a compaction waits for room is not gone on with") {
  if (!journal) {
    return;
  }
  std::uint64_t word = 1;
  commit(*journal, {incompressible(word), incompressible(word)});
  REQUIRE(journal->flush().ok());
  fill(folder.path());
  unfill(folder.path(), 1 << 20);
  check_unavailable({journal->compact({13})});
  REQUIRE_FALSE(journal->wants_heal());
  unfill(folder.path(), 20 << 20);
  commit(*journal, {report(1)});
  std::uint64_t end = 0;
  for (; end < 3 << 20; end += 1 << 20) {
    const std::string text = std::get<core::SweepReopened>(incompressible(word)).reason.sentence;
    REQUIRE(journal->append({{kLog, end, text}}).ok());
  }
  check_unavailable({without_value(journal->append({{kLog, end, std::string(400 << 20, 'x')}}))});
  REQUIRE(journal->wants_heal());
  // Enough for the tables of one family: RocksDB looks for room every five seconds.
  unfill(folder.path(), 2400 << 10);
  std::this_thread::sleep_for(std::chrono::seconds(7));
  check_unavailable({journal->heal()});
  std::filesystem::remove(folder.path() + "/filler");
  heal(*journal);
  CHECK(seqs(*journal->records({12}, 0, 10)).size() == 1);
  CHECK(*journal->size(kLog) == end);
}

TEST_CASE_FIXTURE(SmallStore,
                  "journal: who opens the files anew waits for who reads, and readers make way") {
  if (!journal) {
    return;
  }
  commit(*journal, {report(1)});
  commit(*journal, {report(2)});
  std::binary_semaphore reads(0);
  std::counting_semaphore<2> is_full(0);
  std::size_t rows = 0;
  Result<void> scan;
  std::thread reader([&] {
    scan = journal->each(daemon::Family::kRecord, "", [&](std::string_view, std::string_view) {
      ++rows;
      reads.release();
      is_full.acquire();
      return Result<bool>(true);
    });
  });
  reads.acquire();
  fill(folder.path());
  const auto appended = journal->append({{kLog, 0, std::string(200 << 20, 'x')}});
  const Result<void> early = journal->heal();
  is_full.release(2);  // for a second row, too, which is not to come
  reader.join();
  check_unavailable({without_value(appended)});
  REQUIRE_FALSE(scan.ok());
  CHECK(scan.error().code == Errc::kInterrupted);
  REQUIRE_FALSE(early.ok());
  CHECK(early.error().code == Errc::kWrongState);
  CHECK(rows == 1);
  std::filesystem::remove(folder.path() + "/filler");
  CHECK(journal->heal().ok());
}

TEST_CASE_FIXTURE(SmallStore,
                  "journal: a full disk that only logs have met asks for healing, and is healed") {
  if (!journal) {
    return;
  }
  CHECK_FALSE(journal->wants_heal());
  const std::string block(1 << 20, 'x');
  fill(folder.path());
  std::uint64_t stored = 0;
  Result<std::vector<std::uint64_t>> last = std::vector<std::uint64_t>{0};
  while (stored < 300 * block.size() && (last = journal->append({{kLog, stored, block}})).ok()) {
    stored = last->front();
  }
  REQUIRE_FALSE(last.ok());
  CHECK(journal->wants_heal());
  std::filesystem::remove(folder.path() + "/filler");
  heal(*journal);
  CHECK_FALSE(journal->wants_heal());
  CHECK(journal->append({{kLog, stored, block}}).ok());
}
