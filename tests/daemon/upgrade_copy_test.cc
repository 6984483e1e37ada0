// The copy of a store before another program opens it, with a real store.
#include "daemon/upgrade_copy.h"

#include "daemon/fsck.h"
#include "daemon/journal_rocksdb.h"
#include "tests/daemon/history.h"
#include "tests/file_limit.h"

#include <set>

using namespace sweepd;
using daemon::RocksJournal;
using daemon::test::Folder;
using daemon::test::History;

namespace {

std::set<std::string> copies_in(const std::string& state) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(state)) {
    if (const std::string name = entry.path().filename(); name.starts_with("before-")) {
      names.insert(name);
    }
  }
  return names;
}

// Opens the store of a state folder as that version of the program would, and closes it again.
// Gives the versions that it was told of.
std::vector<std::string> run_version(const std::string& state, const std::string& version) {
  std::vector<std::string> told;
  daemon::StoreOptions options;
  options.program = version;
  options.before_upgrade = [&](const std::string& program) {
    told.push_back(program);
    const auto copied = daemon::copy_before_upgrade(state, program);
    CHECK_MESSAGE(copied.ok(), copied.error().message);
  };
  const auto journal = RocksJournal::open(state + "/journal", options);
  REQUIRE_MESSAGE(journal.ok(), journal.error().message);
  return told;
}

std::uint64_t next_seq(const std::string& store) {
  const auto journal = RocksJournal::open_to_read(store);
  REQUIRE_MESSAGE(journal.ok(), journal.error().message);
  return (*journal)->next_seq();
}

}  // namespace

TEST_CASE("upgrade: a new store needs no copy, nor does one that this version wrote last") {
  const Folder folder;
  CHECK(run_version(folder.path(), "0.1.0").empty());
  CHECK(run_version(folder.path(), "0.1.0").empty());
  CHECK(copies_in(folder.path()).empty());
}

TEST_CASE("upgrade: another version finds a copy of what the last one left, and one only") {
  const History history;  // written by a program that said no version
  CHECK(run_version(history.path(), "0.1.0") == std::vector<std::string>{""});
  CHECK(copies_in(history.path()) == std::set<std::string>{"before-unknown"});
  CHECK(run_version(history.path(), "0.2.0") == std::vector<std::string>{"0.1.0"});
  CHECK(copies_in(history.path()) == std::set<std::string>{"before-0.1.0"});
  CHECK(run_version(history.path(), "0.1.0") == std::vector<std::string>{"0.2.0"});
  CHECK(copies_in(history.path()) == std::set<std::string>{"before-0.2.0"});
}

TEST_CASE("upgrade: the copy is the store of before, whatever is done to the other since") {
  const History history;
  const std::uint64_t before = next_seq(history.path() + "/journal");
  run_version(history.path(), "0.2.0");
  {
    const auto journal = history.open();
    REQUIRE(journal->commit({{core::SweepReopened{{1}, {}}}, {}, {}}).ok());
    REQUIRE(journal->flush().ok());
  }
  const std::string copy = history.path() + "/before-unknown";
  CHECK(next_seq(copy) == before);
  CHECK(next_seq(history.path() + "/journal") == before + 1);
  // The way back is a rename.
  std::filesystem::remove_all(history.path() + "/journal");
  std::filesystem::rename(copy, history.path() + "/journal");
  const auto report = daemon::fsck(history.path(), {});
  REQUIRE(report.ok());
  CHECK_MESSAGE(report->ok(), daemon::to_text(*report, history.path()));
}

TEST_CASE(
    "upgrade: a copy that was cut off, and one of an upgrade that was given up, are made anew") {
  const History history;
  std::filesystem::create_directories(history.path() + "/before-unknown.partial/rest");
  std::filesystem::create_directories(history.path() + "/before-unknown/rest");
  REQUIRE(daemon::copy_before_upgrade(history.path(), "").ok());
  CHECK(copies_in(history.path()) == std::set<std::string>{"before-unknown"});
  CHECK_FALSE(std::filesystem::exists(history.path() + "/before-unknown/rest"));
  CHECK(next_seq(history.path() + "/before-unknown") == next_seq(history.path() + "/journal"));
}

TEST_CASE("upgrade: starts that are cut off again and again do not spoil the copy of the first") {
  const History history;
  const std::string copy = history.path() + "/before-unknown";
  REQUIRE(daemon::copy_before_upgrade(history.path(), "").ok());
  // What a store may look like that another program has begun to open.
  std::ofstream(copy + "/mark") << "the first";
  std::ofstream(history.path() + "/journal/half") << "a new program was here";
  REQUIRE(daemon::copy_before_upgrade(history.path(), "").ok());
  CHECK(std::filesystem::exists(copy + "/mark"));
  CHECK_FALSE(std::filesystem::exists(copy + "/half"));
  // The older program goes on with the store, which then is another one.
  static_cast<void>(history.open());
  REQUIRE(daemon::copy_before_upgrade(history.path(), "").ok());
  CHECK_FALSE(std::filesystem::exists(copy + "/mark"));
  CHECK(next_seq(copy) == next_seq(history.path() + "/journal"));
}

TEST_CASE("upgrade: where the new copy cannot be made the older one stays") {
  const History history;
  const std::string copy = history.path() + "/before-unknown";
  REQUIRE(daemon::copy_before_upgrade(history.path(), "").ok());
  const std::uint64_t before = next_seq(copy);
  static_cast<void>(history.open());
  {
    const sweepd::testing::FileLimit no_room(0);
    CHECK_FALSE(daemon::copy_before_upgrade(history.path(), "").ok());
  }
  CHECK(copies_in(history.path()) == std::set<std::string>{"before-unknown"});
  CHECK(next_seq(copy) == before);
}

TEST_CASE("upgrade: the name of a copy is a plain one, whatever the version says") {
  CHECK(daemon::upgrade_copy_name("0.1.0-rc.1+5") == "before-0.1.0-rc.1+5");
  CHECK(daemon::upgrade_copy_name("../../x y") == "before-.._.._x_y");
  CHECK(daemon::upgrade_copy_name("") == "before-unknown");
}
