// When rows and files are deleted: in small pieces, one thing after the other, never beside a
// backup.
#include "daemon/housekeeping.h"

#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

using namespace sweepd;
using daemon::GcResult;
using daemon::Housekeeping;

namespace {

struct House {
  daemon::test::MemoryJournal journal;
  daemon::test::FakeGc gc;
  daemon::test::FakeBackups backups;
  core::State state;
  Housekeeping keeper{{journal, gc, backups}};
  Instant now{1'000'000'000};

  House() { keeper.start(now); }

  void pass(Duration span) {
    now = now + span;
    keeper.begin_turn(now);
    REQUIRE(keeper.step(state, now).ok());
  }

  // A removed sweep with so many rows.
  void remove(std::uint64_t sweep, std::size_t rows) {
    std::vector<core::Record> records;
    for (std::size_t i = 0; i < rows; ++i) {
      records.emplace_back(core::SweepReopened{{sweep}, {}});
    }
    records.emplace_back(core::SweepRemoved{{9, sweep}, {sweep}, {1, sweep}, 0, "", {}});
    REQUIRE(journal.commit({records, {}, {}}).ok());
  }

  std::string phase() const { return keeper.status().progress.phase; }
};

}  // namespace

TEST_CASE("housekeeping: an untroubled house is swept after five minutes, then once a day") {
  House house;
  house.pass(seconds(299));
  CHECK(house.gc.orders.empty());
  CHECK(house.gc.told == house.now);
  house.pass(seconds(1));
  REQUIRE(house.gc.orders.size() == 1);
  CHECK_FALSE(house.gc.orders[0].wish.dry_run);
  CHECK(house.gc.orders[0].began == house.now);
  house.pass(seconds(90'000));
  CHECK(house.gc.orders.size() == 1);  // one at a time
  house.gc.end(GcResult{});
  house.pass(seconds(1));
  CHECK(house.gc.orders.size() == 2);  // a day has passed
  house.gc.end(GcResult{});
  house.pass(seconds(80'000));
  CHECK(house.gc.orders.size() == 2);
  CHECK(house.keeper.status().run == 0);  // nobody asked
}

TEST_CASE("housekeeping: rows go in pieces, apart in time, and the files of the sweep soon after") {
  House house;
  house.remove(3, 1100);
  CHECK(house.keeper.patience(seconds(1)) == milliseconds(50));
  house.pass(milliseconds(50));
  house.pass(milliseconds(10));
  CHECK(house.journal.records({3}, 0, 10'000)->size() == 588);
  house.pass(milliseconds(50));
  house.pass(milliseconds(50));
  CHECK_FALSE(house.journal.has_rows_to_delete());
  CHECK(house.keeper.patience(seconds(1)) == seconds(1));
  CHECK(house.gc.orders.empty());
  house.pass(seconds(11));
  REQUIRE(house.gc.orders.size() == 1);
  CHECK(house.gc.orders[0].emptied == std::vector<SweepId>{{3}});
}

TEST_CASE("housekeeping: while gc reads the rows none of them goes") {
  House house;
  REQUIRE(house.keeper.ask({1, 1}, {false, {}, false}).ok());
  house.pass(milliseconds(1));
  REQUIRE(house.gc.orders.size() == 1);
  house.remove(3, 1);
  house.pass(seconds(1));
  CHECK(house.journal.has_rows_to_delete());
  house.gc.end(GcResult{});
  house.pass(seconds(1));
  CHECK_FALSE(house.journal.has_rows_to_delete());
}

TEST_CASE("housekeeping: nothing is deleted while a backup copies; counting is no harm") {
  House house;
  house.backups.now.phase = "copying files";
  REQUIRE(house.keeper.ask({1, 1}, {false, {}, false}).ok());
  house.pass(seconds(1000));
  CHECK(house.gc.orders.empty());
  CHECK(house.phase() == "waiting for a backup");
  house.backups.now.phase = "done";
  house.pass(seconds(1));
  CHECK(house.gc.orders.size() == 1);
  house.gc.end(GcResult{});
  house.pass(seconds(1));
  house.backups.now.phase = "checking";
  REQUIRE(house.keeper.ask({1, 2}, {true, {{3}}, false}).ok());
  house.pass(seconds(1));
  REQUIRE(house.gc.orders.size() == 2);
  CHECK(house.gc.orders[1].wish.dry_run);
  CHECK(house.gc.orders[1].wish.without == std::vector<SweepId>{{3}});
}

TEST_CASE("housekeeping: who asks is told how it stands; a repeat asks once, another waits") {
  House house;
  house.remove(3, 1);
  REQUIRE(house.keeper.ask({1, 1}, {false, {}, false}).ok());
  CHECK(house.phase() == "deleting rows");
  CHECK(house.keeper.ask({1, 1}, {false, {}, false}).ok());
  CHECK(house.keeper.ask({1, 2}, {false, {}, false}).error().code == Errc::kWrongState);
  house.pass(seconds(1));
  house.pass(seconds(1));
  house.gc.now->phase = "deleting files";
  house.pass(seconds(1));
  CHECK(house.phase() == "deleting files");
  house.gc.end(GcResult{2, 30, 0, 0, {}, false});
  house.pass(seconds(1));
  const daemon::GcStatus status = house.keeper.status();
  CHECK(status.run == 1);
  REQUIRE(status.progress.result.has_value());
  CHECK((*status.progress.result)->files == 2);
  CHECK(house.keeper.ask({1, 2}, {true, {}, false}).ok());
  CHECK(house.keeper.status().run == 2);
  CHECK_FALSE(house.keeper.status().progress.result.has_value());
}

TEST_CASE("housekeeping: a run that failed is tried again within the hour") {
  House house;
  house.pass(seconds(300));
  house.gc.end(Error{Errc::kUnexpected, "cannot read"});
  house.pass(seconds(1));
  house.pass(seconds(3590));
  CHECK(house.gc.orders.size() == 1);
  house.pass(seconds(20));
  CHECK(house.gc.orders.size() == 2);
}

TEST_CASE("housekeeping: the room of sweeps is given back by the next run if one had to end") {
  House house;
  house.remove(4, 1);
  house.pass(seconds(1));
  house.pass(seconds(1));
  house.pass(seconds(20));
  REQUIRE(house.gc.orders.size() == 1);
  CHECK(house.gc.orders[0].emptied == std::vector<SweepId>{{4}});
  house.gc.end(Error{Errc::kInterrupted, "the store is needed for something else"});
  house.pass(
      seconds(1));  // it took that long: so it is left alone for twenty times as long, or 60 s
  house.pass(seconds(59));
  CHECK(house.gc.orders.size() == 1);
  house.pass(seconds(1));
  REQUIRE(house.gc.orders.size() == 2);
  CHECK(house.gc.orders[1].emptied == std::vector<SweepId>{{4}});
  house.gc.end(GcResult{});
  house.pass(seconds(90'000));
  REQUIRE(house.gc.orders.size() == 3);
  CHECK(house.gc.orders[2].emptied.empty());
}

TEST_CASE("housekeeping: what was let go and kept is tried again within the hour") {
  House house;
  house.pass(seconds(300));
  house.gc.end(GcResult{0, 0, 1, 9, {}, true});
  house.pass(seconds(1));
  house.pass(seconds(3590));
  CHECK(house.gc.orders.size() == 1);
  house.pass(seconds(20));
  CHECK(house.gc.orders.size() == 2);
}

namespace {

// Files of so many attempts are let go.
void drop(House& house, std::size_t attempts = 1) {
  const core::OutputsDropped record{{{1}, {1}, {1}}};
  house.keeper.committed(std::vector<core::Record>(attempts, record), house.now);
}

}  // namespace

TEST_CASE("housekeeping: files that are let go are looked for soon, many at a time") {
  House house;
  house.pass(seconds(100));
  house.keeper.committed({core::SweepReopened{{1}, {}}}, house.now);
  house.pass(seconds(20));
  CHECK(house.gc.orders.empty());
  drop(house, 3);
  house.pass(seconds(9));
  drop(house);
  CHECK(house.gc.orders.empty());
  house.pass(seconds(1));
  REQUIRE(house.gc.orders.size() == 1);
  CHECK_FALSE(house.gc.orders[0].wish.dry_run);
  drop(house);  // the run under way may have been there already
  house.pass(seconds(2));
  house.gc.end(GcResult{});
  house.pass(seconds(1));
  house.pass(seconds(59));
  CHECK(house.gc.orders.size() == 1);
  house.pass(seconds(1));
  CHECK(house.gc.orders.size() == 2);
  house.gc.end(GcResult{});
  house.pass(seconds(1000));
  CHECK(house.gc.orders.size() == 2);  // nothing more was let go
}

TEST_CASE("housekeeping: the longer a run takes, the later files that are let go are looked for") {
  House house;
  drop(house);
  house.pass(seconds(59));
  CHECK(house.gc.orders.empty());  // agents come back first
  house.pass(seconds(1));
  REQUIRE(house.gc.orders.size() == 1);
  house.pass(seconds(29));
  drop(house);
  house.gc.end(GcResult{});
  house.pass(seconds(1));  // it took 30 s
  house.pass(seconds(599));
  CHECK(house.gc.orders.size() == 1);
  house.pass(seconds(1));
  CHECK(house.gc.orders.size() == 2);
}

TEST_CASE("housekeeping: with little room it is at once, and again while attempts hinder it") {
  House house;
  house.state.storage = core::StorageLevel::kLow;
  house.pass(seconds(20));
  drop(house);
  house.pass(seconds(1));
  REQUIRE(house.gc.orders.size() == 1);
  house.gc.end(GcResult{0, 0, 1, 9, {}, true});
  house.pass(seconds(1));
  house.pass(seconds(9));
  CHECK(house.gc.orders.size() == 1);
  house.pass(seconds(1));
  REQUIRE(house.gc.orders.size() == 2);
  house.gc.end(GcResult{1, 9, 0, 0, {}, false});
  house.pass(seconds(1));
  house.pass(seconds(100));
  CHECK(house.gc.orders.size() == 2);
}

TEST_CASE("housekeeping: a full disk is waited for, any other error is not") {
  House house;
  house.remove(3, 1);
  house.journal.failure = Error{Errc::kUnavailable, "full"};
  house.pass(seconds(1));
  CHECK(house.journal.has_rows_to_delete());
  house.journal.failure = Error{Errc::kCorrupt, "damaged"};
  CHECK(house.keeper.step(house.state, house.now + seconds(1)).error().code == Errc::kCorrupt);
  house.journal.failure.reset();
  house.pass(seconds(2));
  CHECK_FALSE(house.journal.has_rows_to_delete());
}

TEST_CASE("housekeeping: a run that fails is told to who asked") {
  House house;
  REQUIRE(house.keeper.ask({1, 1}, {false, {}, false}).ok());
  house.pass(seconds(1));
  house.gc.end(Error{Errc::kCorrupt, "damaged"});
  house.pass(seconds(1));
  REQUIRE(house.keeper.status().progress.result.has_value());
  CHECK(house.keeper.status().progress.result->error().message == "damaged");
}
