// Rows of removed sweeps go piece by piece; a cut between any two pieces hides nothing and loses
// nothing.
#include "daemon/deleted_records.h"
#include "daemon/fsck.h"
#include "daemon/journal_keys.h"
#include "tests/daemon/history.h"

#include <doctest/doctest.h>

#include <set>

using namespace sweepd;
using daemon::Family;
using daemon::LogKey;
using daemon::LogStream;
using daemon::RocksJournal;
using daemon::test::History;
namespace keys = sweepd::daemon::keys;

namespace {

std::size_t rows(RocksJournal& journal, Family family, std::uint64_t sweep) {
  std::size_t count = 0;
  const auto look = [&count](std::string_view, std::string_view) {
    ++count;
    return Result<bool>(true);
  };
  REQUIRE(journal.each(family, keys::number(sweep), look).ok());
  return count;
}

std::size_t rows(RocksJournal& journal, std::uint64_t sweep) {
  return rows(journal, Family::kRecord, sweep) + rows(journal, Family::kMetric, sweep) +
         rows(journal, Family::kLog, sweep) + rows(journal, Family::kState, sweep);
}

void must_be_sound(const History& history) {
  const auto report = daemon::fsck(history.path(), {});
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  CHECK_MESSAGE(report->ok(), daemon::to_text(*report, "x"));
}

}  // namespace

TEST_CASE("row removal: cut between any two pieces, it goes on, and every state is sound") {
  for (const std::size_t limit : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
    History history;
    const std::string own = history.add_ended("mine");
    const std::size_t others = rows(*history.open(), 2);
    history.remove(3);
    must_be_sound(history);
    const std::size_t before = rows(*history.open(), Family::kRecord, 3);
    REQUIRE(before > 3);
    std::size_t pieces = 0;
    for (;; ++pieces) {
      // Opened anew for each piece, and never closed in order: only what was synced counts.
      const auto journal = history.open();
      if (!journal->has_rows_to_delete()) {
        break;
      }
      REQUIRE(journal->delete_rows(limit).ok());
      const std::size_t left = rows(*journal, Family::kRecord, 3);
      CHECK(left == before - std::min(before, (pieces + 1) * limit));
      if (journal->has_rows_to_delete()) {
        CHECK(journal->take_emptied().empty());
      } else {
        CHECK(journal->take_emptied() == std::vector<SweepId>{{3}});
      }
    }
    CHECK(pieces >= before / limit);
    must_be_sound(history);
    const auto journal = history.open();
    CHECK(rows(*journal, 3) == 0);
    CHECK(rows(*journal, 2) == others);
    const std::vector<std::string> let_go = *journal->let_go();
    CHECK(std::set<std::string>(let_go.begin(), let_go.end()) ==
          std::set<std::string>{own, history.code});
    CHECK(journal->headers()->size() == 2);
  }
}

TEST_CASE("row removal: a state in the middle of it is sound as well") {
  History history;
  history.add_ended("mine");
  history.remove(3);
  for (bool more = true; more;) {
    {
      const auto journal = history.open();
      REQUIRE(journal->delete_rows(1).ok());
      more = journal->has_rows_to_delete();
    }
    must_be_sound(history);
  }
}

TEST_CASE("row removal: a recovered state knows that the sweep was removed, and goes on") {
  History history;
  history.add_ended("mine");
  history.remove(3);
  const auto journal = history.open();
  daemon::test::delete_all_rows(*journal);
  const auto state = daemon::SweepShelf(*journal).recover();
  REQUIRE(state.ok());
  CHECK(state->removed == std::set<SweepId>{{3}});
  CHECK(state->sweeps_last == 3);
  CHECK(state->requests.contains({1, 3}));  // that had submitted it
  CHECK(state->requests.contains({9, 3}));  // that removed it
}

TEST_CASE("row removal: what was let go is forgotten when somebody says so") {
  History history;
  history.add_ended("mine");
  history.remove(3);
  const auto journal = history.open();
  daemon::test::delete_all_rows(*journal);
  REQUIRE(journal->forget_let_go({history.code}).ok());
  CHECK(journal->let_go()->size() == 1);
  REQUIRE(journal->forget_let_go({}).ok());
}

TEST_CASE("row removal: the last lines of a lost attempt that come too late go with the next gc") {
  History history;
  history.add_ended("mine");
  history.remove(3);
  const auto journal = history.open();
  daemon::test::delete_all_rows(*journal);
  const LogKey late{{{3}, {1}, {1}}, LogStream::kStderr};
  REQUIRE(journal->append({{late, 0, "late"}}).ok());
  const std::size_t others = rows(*journal, 1) + rows(*journal, 2);
  REQUIRE(journal->delete_strays().ok());
  CHECK(*journal->size(late) == 0);
  CHECK(rows(*journal, 1) + rows(*journal, 2) == others);
  CHECK(journal->compact({3}).ok());
  CHECK(rows(*journal, 1) + rows(*journal, 2) == others);
  journal->stop_compacting();
  CHECK(journal->compact({2}).error().code == Errc::kInterrupted);
  REQUIRE(journal->heal().ok());
  CHECK(journal->compact({2}).ok());
}

TEST_CASE("deleted records: count and sum, whatever the order, and bytes that are none") {
  daemon::DeletedRecords one;
  one.add(5);
  one.add(7);
  daemon::DeletedRecords other;
  other.add(7);
  other.add(5);
  CHECK(one == other);
  CHECK(*daemon::DeletedRecords::decode(one.encode()) == one);
  daemon::DeletedRecords neighbours;
  neighbours.add(6);
  neighbours.add(6);
  CHECK_FALSE(one == neighbours);
  CHECK(one.encode().substr(0, 8) == keys::number(2));
  CHECK(*daemon::DeletedRecords::decode("") == daemon::DeletedRecords{});
  for (std::size_t cut = 1; cut < 16; ++cut) {
    CHECK_FALSE(daemon::DeletedRecords::decode(one.encode().substr(0, cut)).ok());
  }
}
