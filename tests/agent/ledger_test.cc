// The ledger: nothing started is forgotten, however the file was torn.
#include "agent/ledger.h"

#include "base/frame.h"
#include "wire/protocol.h"
#include "wire/store_place.h"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

constexpr AttemptKey kFirst{{1}, {1}, {1}};
constexpr AttemptKey kSecond{{1}, {2}, {3}};

struct Folder {
  Folder() {
    char name[] = "/tmp/sweepd-ledger-XXXXXX";
    path = ::mkdtemp(name);
  }

  ~Folder() { std::filesystem::remove_all(path); }

  std::string file() const { return path + "/ledger"; }

  std::string path;
};

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

pb::AttemptEnded end_of(const AttemptKey& key) {
  pb::AttemptEnded end;
  *end.mutable_attempt() = wire::to_proto(key);
  end.set_exit_code(3);
  return end;
}

pb::StartAttempt order_of(const AttemptKey& key) {
  pb::StartAttempt order;
  *order.mutable_attempt() = wire::to_proto(key);
  order.add_argv("train");
  return order;
}

std::vector<AttemptKey> unfinished_of(const Remembered& remembered) {
  std::vector<AttemptKey> keys;
  for (const Unfinished& unfinished : remembered.unfinished) {
    keys.push_back(wire::from_proto(unfinished.order.attempt()));
  }
  return keys;
}

}  // namespace

TEST_CASE("ledger: what was known of an end survives the program, and not the machine") {
  const Folder folder;
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    ledger->started(order_of(kFirst));
    ledger->over(end_of(kFirst));
    REQUIRE(ledger->write().ok());
  }
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    const Remembered remembered = ledger->remembered();
    CHECK_FALSE(remembered.rebooted);
    REQUIRE_EQ(remembered.unfinished.size(), 1);
    REQUIRE(remembered.unfinished.front().over);
    CHECK_EQ(remembered.unfinished.front().over->exit_code(), 3);
  }
  auto ledger = Ledger::open(folder.file(), "another boot");
  REQUIRE(ledger.ok());
  const Remembered remembered = ledger->remembered();
  CHECK(remembered.rebooted);
  REQUIRE_EQ(remembered.unfinished.size(), 1);
  CHECK_FALSE(remembered.unfinished.front().over);
}

TEST_CASE("ledger: the row of an older program holds no order, and its attempt is known") {
  const Folder folder;
  std::string bytes;
  // Kind 3 (started), 1/1#1, nothing behind it.
  put_frame(bytes, std::string("\x03\x01\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0", 17));
  std::ofstream(folder.file(), std::ios::binary) << bytes;
  auto ledger = Ledger::open(folder.file(), "boot");
  REQUIRE(ledger.ok());
  CHECK_EQ(unfinished_of(ledger->remembered()), std::vector{kFirst});
}

TEST_CASE("ledger: what was started and not forgotten is remembered after a restart") {
  const Folder folder;
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    CHECK_EQ(ledger->incarnation(), 1);
    CHECK(ledger->remembered().unfinished.empty());
    ledger->started(order_of(kFirst));
    ledger->started(order_of(kSecond));
    ledger->term(9);
    REQUIRE(ledger->sync().ok());
    ledger->ended(end_of(kSecond));
    REQUIRE(ledger->write().ok());
  }
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    CHECK_EQ(ledger->incarnation(), 2);
    const Remembered remembered = ledger->remembered();
    CHECK_EQ(remembered.term, 9);
    CHECK_EQ(unfinished_of(remembered), std::vector{kFirst});
    CHECK_EQ(remembered.unfinished.front().order.argv(0), "train");
    REQUIRE_EQ(remembered.ended.size(), 1);
    CHECK_EQ(remembered.ended.front().exit_code(), 3);
    ledger->forgotten(kFirst);
    ledger->forgotten(kSecond);
    REQUIRE(ledger->write().ok());
  }
  auto ledger = Ledger::open(folder.file(), "boot");
  REQUIRE(ledger.ok());
  CHECK_EQ(ledger->incarnation(), 3);
  CHECK(ledger->remembered().unfinished.empty());
  CHECK(ledger->remembered().ended.empty());
}

TEST_CASE("ledger: a file of rows that count no more is written anew, and goes on") {
  const Folder folder;
  auto ledger = Ledger::open(folder.file(), "boot");
  REQUIRE(ledger.ok());
  ledger->started(order_of(kFirst));
  for (int i = 0; i < 100'000; ++i) {
    ledger->started(order_of(kSecond));
    ledger->forgotten(kSecond);
  }
  REQUIRE(ledger->write().ok());
  REQUIRE(std::filesystem::file_size(folder.file()) > kLedgerBytes);
  REQUIRE(ledger->compact_if_due().ok());
  CHECK(std::filesystem::file_size(folder.file()) < 1000);
  ledger->term(7);
  REQUIRE(ledger->sync().ok());
  auto again = Ledger::open(folder.file(), "boot");
  REQUIRE(again.ok());
  CHECK_EQ(again->incarnation(), 2);
  CHECK_EQ(again->remembered().term, 7);
  CHECK_EQ(unfinished_of(again->remembered()), std::vector{kFirst});
}

TEST_CASE("ledger: a file torn at any byte gives exactly the rows that are whole") {
  const Folder folder;
  std::string bytes;
  std::vector<std::size_t> ends;  // of the rows
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    ends.push_back(std::filesystem::file_size(folder.file()));
    for (std::uint32_t trial = 1; trial <= 4; ++trial) {
      ledger->started(order_of({{1}, {trial}, {1}}));
      REQUIRE(ledger->sync().ok());
      ends.push_back(std::filesystem::file_size(folder.file()));
    }
    bytes = content_of(folder.file());
  }
  for (std::size_t size = ends.front(); size <= bytes.size(); ++size) {
    CAPTURE(size);
    std::size_t whole = 0;
    while (whole + 1 < ends.size() && ends[whole + 1] <= size) {
      ++whole;
    }
    std::size_t used = 0;
    CHECK_EQ(read_ledger(std::string_view(bytes).substr(0, size), &used).started.size(), whole);
    CHECK_EQ(used, ends[whole]);
  }
}

TEST_CASE("ledger: a flipped byte ends the reading there, and nowhere before") {
  const Folder folder;
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    ledger->started(order_of(kFirst));
    ledger->started(order_of(kSecond));
    REQUIRE(ledger->sync().ok());
  }
  const std::string bytes = content_of(folder.file());
  const LedgerState whole = read_ledger(bytes);
  CHECK_EQ(whole.started.size(), 2);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    CAPTURE(at);
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    CHECK_NE(read_ledger(damaged), whole);
  }
}

TEST_CASE("ledger: rows after a torn one are found again by the next start") {
  const Folder folder;
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    ledger->started(order_of(kFirst));
    REQUIRE(ledger->sync().ok());
  }
  std::ofstream(folder.file(), std::ios::app) << "torn";
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    ledger->started(order_of(kSecond));
    REQUIRE(ledger->sync().ok());
  }
  auto ledger = Ledger::open(folder.file(), "boot");
  REQUIRE(ledger.ok());
  CHECK_EQ(unfinished_of(ledger->remembered()), std::vector{kFirst, kSecond});
}

TEST_CASE("ledger: a folder that cannot be written is an error that names the file") {
  const auto ledger = Ledger::open("/proc/nothing/ledger", "boot");
  REQUIRE_FALSE(ledger.ok());
  CHECK(ledger.error().message.find("/proc/nothing/ledger") != std::string::npos);
}

TEST_CASE("ledger: what was forgotten stays known by its number, and how far the store was, too") {
  const Folder folder;
  {
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    CHECK_FALSE(ledger->note({Stop{}, RememberStored{70}, Forget{kSecond}, RememberStored{60}}));
    CHECK(ledger->note({Launch{order_of(kFirst)}}));
    REQUIRE(ledger->sync().ok());
  }
  for (int start = 0; start < 2; ++start) {
    const auto ledger = Ledger::open(folder.file(), "another boot");
    REQUIRE(ledger.ok());
    CHECK_EQ(ledger->remembered().done, std::vector{kSecond});
    CHECK_EQ(ledger->remembered().stored, 70);
    CHECK_EQ(unfinished_of(ledger->remembered()), std::vector{kFirst});
  }
  auto ledger = Ledger::open(folder.file(), "another boot");
  REQUIRE(ledger.ok());
  // Another daemon, whose numbers are others.
  const std::uint64_t other = wire::to_number({3, 0, 5});
  ledger->stored(other);
  REQUIRE(ledger->sync().ok());
  const LedgerState state = read_ledger(content_of(folder.file()));
  CHECK(state.done.in_order().empty());
  CHECK_EQ(state.stored, other);
}

TEST_CASE("ledger: of what is over the newest are remembered, and no more than fit") {
  std::string bytes;
  {
    const Folder folder;
    auto ledger = Ledger::open(folder.file(), "boot");
    REQUIRE(ledger.ok());
    for (std::uint64_t sweep = 3; sweep <= kDoneMax + 3; ++sweep) {
      ledger->forgotten({{sweep}, {1}, {1}});
    }
    ledger->forgotten({{1}, {1}, {2}});  // of a sweep that goes on for long
    REQUIRE(ledger->write().ok());
    bytes = content_of(folder.file());
  }
  const LedgerState state = read_ledger(bytes);
  const auto& done = state.done.in_order();
  CHECK_EQ(done.size(), kDoneMax);
  CHECK_EQ(done.front().sweep, SweepId{5});
  CHECK_EQ(done.back().sweep, SweepId{1});
  CHECK(state.done.contains({{1}, {1}, {2}}));
}

TEST_CASE("ledger: the first word of a store forgets nothing, that of another store does") {
  const Folder folder;
  auto ledger = Ledger::open(folder.file(), "boot");
  REQUIRE(ledger.ok());
  ledger->forgotten(kFirst);  // as a program wrote it that knew of no places
  ledger->stored(wire::to_number({3, 0, 5}));
  REQUIRE(ledger->sync().ok());
  CHECK(read_ledger(content_of(folder.file())).done.contains(kFirst));
  ledger->stored(wire::to_number({4, 0, 1}));
  REQUIRE(ledger->sync().ok());
  CHECK_FALSE(read_ledger(content_of(folder.file())).done.contains(kFirst));
}
