// The journal on a real disk: what comes back, crashes, refusals, a full disk, logs.
#include "daemon/journal_rocksdb.h"

#include "daemon/journal_keys.h"
#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>

using namespace sweepd;
using daemon::Batch;
using daemon::LogKey;
using daemon::LogStream;
using daemon::RocksJournal;
using daemon::SequencedRecord;
using daemon::test::Folder;
using daemon::test::sample_records;
using daemon::test::without_metrics;

namespace {

const AttemptKey kAttempt{{12}, {7}, {2}};
const LogKey kLog{kAttempt, LogStream::kStdout};

std::unique_ptr<RocksJournal> opened(const std::string& folder) {
  auto journal = RocksJournal::open(folder);
  REQUIRE_MESSAGE(journal.ok(), journal.error().message);
  return *std::move(journal);
}

daemon::ClockMark mark(std::int64_t now) {
  return {"boot", 1, {2}, {now}};
}

core::Record report(std::uint64_t seq) {
  return core::ReportRecorded{
      kAttempt, seq, {100}, 0.5, 1, {{"loss", 0.5}, {"n", static_cast<double>(seq)}}};
}

void commit(RocksJournal& journal, std::vector<core::Record> records) {
  const auto done = journal.commit({std::move(records), {}, mark(9)});
  REQUIRE_MESSAGE(done.ok(), done.error().message);
}

std::vector<std::uint64_t> seqs(const std::vector<SequencedRecord>& records) {
  std::vector<std::uint64_t> numbers;
  for (const SequencedRecord& record : records) {
    numbers.push_back(record.seq);
  }
  return numbers;
}

// A small file system of its own (RocksDB wants a memtable's worth of room before it goes on); not
// mounted when this machine does not allow one.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    mounted_ = mount("none", path.c_str(), "tmpfs", 0, "size=160m") == 0;
  }

  ~SmallDisk() {
    if (mounted_) {
      umount2(path_.c_str(), MNT_DETACH);
    }
  }

  bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE(
    "journal: every record comes back in its sweep's journal with its place in the order of all") {
  const Folder folder;
  {
    const auto journal = opened(folder.path());
    commit(*journal, sample_records());
  }
  const auto journal = opened(folder.path());
  const auto sweep = journal->records({12}, 0, 100);
  const auto others = journal->records({}, 0, 100);
  REQUIRE(sweep.ok());
  REQUIRE(others.ok());
  CHECK(sweep->size() + others->size() == sample_records().size());
  for (const auto* journal_part : {&*sweep, &*others}) {
    for (const SequencedRecord& one : *journal_part) {
      CHECK(one.record == without_metrics(sample_records()[one.seq - 1]));
      CHECK((core::journal_of(one.record) == SweepId{12}) == (journal_part == &*sweep));
    }
  }
  CHECK(seqs(*others) == std::vector<std::uint64_t>{15, 16, 17, 19, 20, 21, 22, 23, 24, 25});
  CHECK(journal->records({11}, 0, 100)->empty());
}

TEST_CASE(
    "journal: numbers go on after a restart, terms grow, the uuid stays, the clock is the last "
    "one") {
  const Folder folder;
  std::string uuid;
  {
    const auto journal = opened(folder.path());
    CHECK(journal->term() == 1);
    CHECK(journal->clock() == daemon::ClockMark{});
    uuid = journal->uuid();
    CHECK(uuid.size() == 32);
    commit(*journal, {report(1), report(2)});
    REQUIRE(journal->commit({{}, {}, mark(77)}).ok());
  }
  const auto journal = opened(folder.path());
  CHECK(journal->term() == 2);
  CHECK(journal->uuid() == uuid);
  CHECK(journal->clock() == mark(77));
  commit(*journal, {report(3)});
  CHECK(seqs(*journal->records({12}, 0, 100)) == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("journal: reading goes on where it stopped, also inside a run of reports") {
  const Folder folder;
  const auto journal = opened(folder.path());
  commit(*journal, {report(1), report(2), report(3)});
  commit(*journal, {report(4), core::SweepReopened{{12}, {}}});
  CHECK(seqs(*journal->records({12}, 2, 100)) == std::vector<std::uint64_t>{3, 4, 5});
  CHECK(seqs(*journal->records({12}, 0, 1)) == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(seqs(*journal->records({12}, 3, 1)) == std::vector<std::uint64_t>{4});
  CHECK(journal->records({12}, 5, 10)->empty());

  const auto some = journal->reports(kAttempt, 1, 2);
  REQUIRE(some.ok());
  REQUIRE(some->size() == 2);
  CHECK((*some)[0] == core::Report{2, {100}, {{"loss", 0.5}, {"n", 2}}});
  CHECK((*some)[1].seq == 3);
  CHECK(journal->reports(kAttempt, 0, 100)->size() == 4);
  CHECK(journal->reports(kAttempt, 4, 100)->empty());
  CHECK(journal->reports({{12}, {7}, {3}}, 0, 100)->empty());
}

TEST_CASE("journal: the last header of each sweep is kept, by number") {
  const Folder folder;
  daemon::SweepHeader one;
  one.id = {300};
  one.name = "a";
  daemon::SweepHeader two = one;
  two.id = {2};
  daemon::SweepHeader newer = one;
  newer.state = core::SweepState::kCompleted;
  {
    const auto journal = opened(folder.path());
    REQUIRE(journal->commit({{}, {one, two}, mark(1)}).ok());
    REQUIRE(journal->commit({{}, {newer}, mark(1)}).ok());
  }
  const auto headers = opened(folder.path())->headers();
  REQUIRE(headers.ok());
  CHECK(*headers == std::vector<daemon::SweepHeader>{two, newer});
}

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

TEST_CASE("journal: a store in use is refused") {
  const Folder folder;
  const auto first = opened(folder.path());
  const auto second = RocksJournal::open(folder.path());
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().message.find("cannot open the store in " + folder.path()) == 0);
}

namespace {

// What a newer sweepd would leave: another schema version, written behind the store's back.
void make_newer(const std::string& folder) {
  { const auto journal = opened(folder); }
  std::vector<std::string> names;
  REQUIRE(rocksdb::DB::ListColumnFamilies({}, folder, &names).ok());
  names.emplace_back("of-a-newer-one");
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) {
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  rocksdb::Options options;
  options.create_missing_column_families = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(options, folder, families, &handles, &db).ok());
  for (auto* handle : handles) {
    if (handle->GetName() == "meta") {
      REQUIRE(db->Put({}, handle, "schema", daemon::keys::number(2)).ok());
    }
  }
  for (auto* handle : handles) {
    db->DestroyColumnFamilyHandle(handle);
  }
  delete db;
}

std::map<std::string, std::uintmax_t> files_of(const std::string& folder) {
  std::map<std::string, std::uintmax_t> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files[entry.path().filename()] = entry.file_size();
  }
  return files;
}

}  // namespace

TEST_CASE("journal: a store of a newer schema is refused before a byte of it is changed") {
  const Folder folder;
  make_newer(folder.path());
  const auto before = files_of(folder.path());
  for (const bool to_read : {false, true}) {
    const auto refused =
        to_read ? RocksJournal::open_to_read(folder.path()) : RocksJournal::open(folder.path());
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Errc::kWrongState);
    CHECK(refused.error().message ==
          "the store in " + folder.path() +
              " has schema version 2, written by a newer sweepd; this one reads versions up to 1: "
              "install the newer sweepd, or restore an older backup");
  }
  CHECK(files_of(folder.path()) == before);
}

TEST_CASE("journal: opened to read it shows everything, changes nothing and begins no term") {
  const Folder folder;
  {
    const auto journal = opened(folder.path());
    commit(*journal, {report(1), report(2)});
  }
  const auto before = files_of(folder.path());
  {
    const auto journal = *RocksJournal::open_to_read(folder.path());
    CHECK(journal->term() == 1);
    CHECK(journal->next_seq() == 3);
    CHECK(journal->records({12}, 0, 100)->size() == 2);
    CHECK_FALSE(journal->commit({{report(3)}, {}, mark(1)}).ok());
  }
  CHECK(files_of(folder.path()) == before);
  CHECK(RocksJournal::open_to_read(folder.path() + "/none").error().code == Errc::kNotFound);
}

namespace {

constexpr const char* kFolderVariable = "SWEEPD_TEST_FOLDER";

}  // namespace

// The process of the next test: run by name only, because a forked one has no threads of the store.
TEST_CASE("journal child: a table that cannot be written" * doctest::skip()) {
  const char* folder = std::getenv(kFolderVariable);  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(folder != nullptr);
  const auto journal = opened(folder);
  std::string text;
  for (std::uint64_t i = 0, word = 1; i < 1 << 20; ++i) {
    word = word * 6364136223846793005U + 1442695040888963407U;
    text.push_back(static_cast<char>(word >> 56U));  // does not compress
  }
  commit(*journal, {core::SweepReopened{{13}, {core::ReasonCode::kUser, text}}});
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

TEST_CASE("journal: no iterator outlives its request") {
  const Folder folder;
  const auto journal = opened(folder.path());
  commit(*journal, {report(1), report(2)});
  REQUIRE(journal->append({{kLog, 0, "abc"}}).ok());
  static_cast<void>(journal->headers().ok());
  static_cast<void>(journal->records({12}, 0, 1).ok());
  static_cast<void>(journal->reports(kAttempt, 0, 1).ok());
  static_cast<void>(journal->read(kLog, 0, 1).ok());
  std::uint64_t during = 0;
  REQUIRE(journal
              ->each(daemon::Family::kRecord,
                     "",
                     [&](std::string_view, std::string_view) -> Result<bool> {
                       during = journal->usage().iterators;
                       return false;
                     })
              .ok());
  CHECK(during == 1);
  CHECK(journal->usage().iterators == 0);
}

TEST_CASE("journal: a flush leaves nothing in the log ahead, whichever family was written") {
  const Folder folder;
  const auto journal = opened(folder.path());
  for (std::uint64_t i = 1; i <= 50; ++i) {
    commit(*journal, {report(i)});
    REQUIRE(journal->append({{kLog, (i - 1) * 10'000, std::string(10'000, 'x')}}).ok());
  }
  CHECK(journal->usage().log_ahead_bytes > 400'000);
  REQUIRE(journal->flush().ok());
  CHECK(journal->usage().log_ahead_bytes < 10'000);
  CHECK(journal->usage().table_bytes > 0);
  CHECK(journal->usage().memory_bytes <= 192 << 20);
}

TEST_CASE("journal: a copy holds what was committed when it was made, and nothing since") {
  const Folder folder;
  const auto journal = opened(folder.path() + "/store");
  commit(*journal, {report(1)});
  REQUIRE(journal->checkpoint(folder.path() + "/copy").ok());
  commit(*journal, {report(2)});
  CHECK_FALSE(journal->checkpoint(folder.path() + "/copy").ok());
  const auto copy = *RocksJournal::open_to_read(folder.path() + "/copy");
  CHECK(copy->records({12}, 0, 10)->size() == 1);
  CHECK(copy->uuid() == journal->uuid());
}

TEST_CASE("journal: a raised term stays raised") {
  const Folder folder;
  {
    const auto journal = opened(folder.path());
    REQUIRE(journal->raise_term(1000).ok());
    CHECK(journal->term() == 1001);
  }
  CHECK(opened(folder.path())->term() == 1002);
}

TEST_CASE("journal: a folder whose files are damaged is refused, not repaired") {
  const Folder folder;
  { const auto journal = opened(folder.path()); }
  std::ofstream(folder.path() + "/CURRENT") << "nonsense";
  CHECK_FALSE(RocksJournal::open(folder.path()).ok());
}

TEST_CASE(
    "journal: a full disk refuses commits as unavailable, and takes them again when there is "
    "room") {
  const Folder folder;
  const SmallDisk disk(folder.path());
  if (!disk.mounted()) {
    MESSAGE("SKIPPED: mounting a small file system is not allowed here");
    return;
  }
  const auto journal = opened(folder.path() + "/store");
  commit(*journal, {report(1)});
  {
    std::ofstream filler(folder.path() + "/filler", std::ios::binary);
    const std::string block(64 * 1024, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
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
  Result<void> healed = journal->heal();
  for (int second = 0; second < 60 && !healed.ok(); ++second) {
    CHECK_MESSAGE(healed.error().code == Errc::kUnavailable, healed.error().message);
    sleep(1);
    healed = journal->heal();
  }
  REQUIRE_MESSAGE(healed.ok(), healed.error().message);
  commit(*journal, {large});
  CHECK(journal->records({13}, 0, 10'000)->size() == stored + 1);
}

TEST_CASE("journal: a full disk that only logs have met asks for healing, and is healed") {
  const Folder folder;
  const SmallDisk disk(folder.path());
  if (!disk.mounted()) {
    MESSAGE("SKIPPED: mounting a small file system is not allowed here");
    return;
  }
  const auto journal = opened(folder.path() + "/store");
  CHECK_FALSE(journal->wants_heal());
  const std::string block(1 << 20, 'x');
  {
    std::ofstream filler(folder.path() + "/filler", std::ios::binary);
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  std::uint64_t stored = 0;
  Result<std::vector<std::uint64_t>> last = std::vector<std::uint64_t>{0};
  while (stored < 300 * block.size() && (last = journal->append({{kLog, stored, block}})).ok()) {
    stored = last->front();
  }
  REQUIRE_FALSE(last.ok());
  CHECK(journal->wants_heal());
  std::filesystem::remove(folder.path() + "/filler");
  for (int second = 0; second < 60 && !journal->heal().ok(); ++second) {
    sleep(1);
  }
  CHECK_FALSE(journal->wants_heal());
  CHECK(journal->append({{kLog, stored, block}}).ok());
}

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

TEST_CASE("journal keys: the order of bytes is the order of reading") {
  namespace keys = daemon::keys;
  CHECK(keys::record({1}, 255) < keys::record({1}, 256));
  CHECK(keys::record({1}, UINT64_MAX) < keys::record({2}, 0));
  CHECK(keys::metric({{1}, {2}, {3}}, 9) < keys::metric({{1}, {2}, {4}}, 1));
  CHECK(keys::log(kLog, 5).starts_with(keys::log_prefix(kLog)));
  CHECK(keys::last_number(keys::record({1}, 77)) == 77U);
  CHECK_FALSE(keys::last_number("short").has_value());
}
