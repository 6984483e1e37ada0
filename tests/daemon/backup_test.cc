// A backup and the way back: everything is there, and the daemon that goes on from it knows what it
// is.
#include "daemon/backup.h"

#include "daemon/backup_manifest.h"
#include "daemon/backup_worker.h"
#include "tests/daemon/history.h"

#include <unistd.h>

using namespace sweepd;
using daemon::BackupManifest;
using daemon::BackupPhase;
using daemon::BlobStore;
using daemon::test::History;

namespace {

bool go_on(BackupPhase, std::uint64_t, std::uint64_t) {
  return true;
}

bool exists(const std::string& path) {
  return std::filesystem::exists(path);
}

// A backup of the history, in a folder of its own.
struct Backup {
  History history;
  daemon::test::Folder target;
  std::string path = target.path() + "/monday";

  Result<daemon::BackupSummary> make(const daemon::BackupProgress& progress = go_on) {
    const auto journal = history.open();
    return daemon::make_backup(*journal, BlobStore::at(history.path() + "/blobs"), path, progress);
  }

  void must_make() {
    const auto made = make();
    REQUIRE_MESSAGE(made.ok(), made.error().message);
  }
};

}  // namespace

TEST_CASE("backup: it holds all rows and the blobs that they need, and is sound") {
  Backup backup;
  std::ofstream(backup.history.path() + "/blobs/" + backup.history.code.substr(0, 2) + "/" +
                std::string(62, 'f'))
      << "an orphan";
  const auto made = backup.make();
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  CHECK(made->sweeps == 2);
  CHECK(made->blobs == 4);
  const auto report = daemon::fsck(backup.path, {});
  REQUIRE(report.ok());
  CHECK(report->ok());
  CHECK(report->orphans == 0);
  CHECK_FALSE(exists(backup.path + ".partial"));
  std::ifstream list(backup.path + "/backup.txt");
  const std::string text((std::istreambuf_iterator<char>(list)), std::istreambuf_iterator<char>());
  CHECK(daemon::decode_backup(text)->blobs.size() == 4);
}

TEST_CASE("backup: files that run.keep let go are neither needed nor copied") {
  Backup backup;
  const auto trees = backup.history.add_keeping_best({"gone", "there", "best"});
  std::filesystem::remove(backup.history.blob(trees[0]));
  std::filesystem::remove(backup.history.blob(blobs::digest_of("gone")));
  const auto made = backup.make();
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  CHECK(made->blobs == 6);  // as before, and the best one's
}

TEST_CASE("backup: a folder that holds something is refused, an empty one is not") {
  Backup backup;
  std::filesystem::create_directories(backup.path);
  CHECK(backup.make().ok());
  CHECK(backup.make().error().code == Errc::kWrongState);
}

TEST_CASE("backup: with a blob missing or changed there is none, and nothing is left behind") {
  Backup backup;
  std::ofstream(backup.history.blob(backup.history.weights)) << "some weightS";
  CHECK(backup.make().error().code == Errc::kCorrupt);
  std::filesystem::remove(backup.history.blob(backup.history.weights));
  CHECK_FALSE(backup.make().ok());
  CHECK(std::filesystem::is_empty(backup.target.path()));
}

TEST_CASE("backup: one that is given up leaves nothing, in whatever phase") {
  for (const auto phase :
       {BackupPhase::kCopyingStore, BackupPhase::kCopyingFiles, BackupPhase::kChecking}) {
    Backup backup;
    const auto made = backup.make(
        [phase](BackupPhase now, std::uint64_t, std::uint64_t) { return now != phase; });
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == Errc::kInterrupted);
    CHECK(std::filesystem::is_empty(backup.target.path()));
  }
}

TEST_CASE("restore: a new folder with the same history, that knows where it comes from") {
  Backup backup;
  backup.must_make();
  const std::string state = backup.target.path() + "/state";
  const auto restored = daemon::restore_backup(backup.path, state, go_on);
  REQUIRE_MESSAGE(restored.ok(), restored.error().message);
  CHECK(restored->attempts_lost == 1);
  CHECK(restored->sweeps_last == 10'002);
  const auto report = daemon::fsck(state, {});
  REQUIRE(report.ok());
  CHECK_MESSAGE(report->ok(), daemon::to_text(*report, state));
  auto journal = *daemon::RocksJournal::open(state + "/journal");
  CHECK(journal->term() > 1'000'000);
  daemon::SweepShelf shelf(*journal);
  const core::State recovered = *shelf.recover();
  CHECK(recovered.restores == 1);
  CHECK(recovered.sweeps_last == 10'002);
  CHECK(recovered.held.at({1}).empty());
  CHECK(recovered.agents.at({1}).state == core::AgentState::kLost);
  CHECK(recovered.sweeps.at({2}).queued.size() == 2);
  CHECK(shelf.headers().at({1}).state == core::SweepState::kCompleted);
  CHECK(recovered.models.at("m").size() == 1);
  // The backup is as it was, and can be restored again.
  CHECK(daemon::fsck(backup.path, {})->ok());
  CHECK(daemon::restore_backup(backup.path, state + "2", go_on).ok());
}

TEST_CASE("restore: refuses a folder with something in it, what is no backup, and a damaged one") {
  Backup backup;
  backup.must_make();
  const std::string state = backup.target.path() + "/state";
  CHECK(daemon::restore_backup(backup.history.path(), state, go_on).error().code ==
        Errc::kNotFound);
  CHECK(daemon::restore_backup(backup.path, backup.history.path(), go_on).error().code ==
        Errc::kWrongState);
  const std::string blob =
      backup.path +
      backup.history.blob(backup.history.weights).substr(backup.history.path().size());
  std::filesystem::remove(blob);
  std::ofstream(blob) << "some weightS";
  CHECK(daemon::restore_backup(backup.path, state, go_on).error().code == Errc::kCorrupt);
  CHECK_FALSE(exists(state));
  CHECK_FALSE(exists(state + ".partial"));
}

TEST_CASE("backup list: golden text, and a text cut anywhere is refused") {
  const BackupManifest manifest{"ab12", 7, 99, {1700}, {{std::string(64, 'a'), 5}}};
  const std::string text =
      "sweepd backup 1\nstore ab12\nterm 7\nnext_record 99\ntaken_us 1700\nblob " +
      std::string(64, 'a') + " 5\nend 1\n";
  CHECK(daemon::encode_backup(manifest) == text);
  REQUIRE(daemon::decode_backup(text).ok());
  CHECK(*daemon::decode_backup(text) == manifest);
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_FALSE(daemon::decode_backup(text.substr(0, size)).ok());
  }
  CHECK(daemon::decode_backup("sweepd backup 2\nend 0\n").error().message ==
        "line 1 of the list of a backup is wrong");
}

TEST_CASE("backup worker: one at a time, repeats begin nothing, wrong places are refused") {
  const History history;
  const daemon::test::Folder target;
  const auto journal = history.open();
  const BlobStore blobs = BlobStore::at(history.path() + "/blobs");
  daemon::BackupWorker worker(*journal, blobs, history.path());
  CHECK(worker.status().folder.empty());
  CHECK(worker.start({1, 1}, "relative").error().code == Errc::kInvalidArgument);
  CHECK(worker.start({1, 1}, history.path() + "/below").error().code == Errc::kInvalidArgument);
  const std::string path = target.path() + "/b";
  REQUIRE(worker.start({1, 2}, path + "/").ok());
  REQUIRE(worker.start({1, 2}, path).ok());
  for (int i = 0; i < 1000 && worker.status().phase != "done"; ++i) {
    REQUIRE_FALSE(worker.status().failure);
    usleep(10'000);
  }
  CHECK(worker.status().phase == "done");
  CHECK(worker.status().folder == path);
  CHECK(worker.status().blobs == 4);
  REQUIRE(worker.start({1, 2}, path).ok());  // it is done: answered again
  CHECK(worker.status().phase == "done");
  REQUIRE(worker.start({1, 3}, path).ok());
  for (int i = 0; i < 1000 && !worker.status().failure; ++i) {
    usleep(10'000);
  }
  CHECK(worker.status().failure->code == Errc::kWrongState);
}
