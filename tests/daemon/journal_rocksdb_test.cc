// The journal on a real disk: what comes back, refusals, copies.
#include "daemon/journal_rocksdb.h"

#include "daemon/journal_keys.h"
#include "tests/daemon/journal_bench.h"

#include <rocksdb/db.h>

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
using daemon::SequencedRecord;

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
  CHECK(seqs(*others) ==
        std::vector<std::uint64_t>{15, 16, 17, 19, 20, 21, 22, 23, 24, 25, 27, 28, 29, 30});
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
