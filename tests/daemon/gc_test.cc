// gc deletes what nothing needs, and nothing else, wherever it is cut off.
#include "daemon/gc.h"

#include "daemon/fsck.h"
#include "daemon/gc_worker.h"
#include "tests/daemon/history.h"

#include <unistd.h>

#include <set>

using namespace sweepd;
using daemon::BlobOffers;
using daemon::BlobStore;
using daemon::GcOrder;
using daemon::GcResult;
using daemon::test::History;

namespace {

constexpr Instant kBegan{2000};  // later than all that was offered before a test says otherwise

// Sweep 3 has left a folder with one file of its own, and one that the others have, too.
struct Scene {
  History history;
  std::string own = history.add_ended("mine");
  std::string own_file = blobs::digest_of("mine");
  BlobStore store = BlobStore::at(history.path() + "/blobs");
  BlobOffers offers{Instant{}};

  Result<GcResult> try_gc(const GcOrder& order, std::chrono::seconds age = daemon::kOrphanAge) {
    const auto journal = history.open();
    return daemon::run_gc({*journal, store, offers, age},
                          order,
                          [](std::string_view, std::uint64_t, std::uint64_t) { return true; });
  }

  GcResult gc(bool dry_run = false) {
    const auto result = try_gc({{dry_run, {}, false}, {}, kBegan});
    REQUIRE_MESSAGE(result.ok(), result.error().message);
    return *result;
  }

  void delete_rows() const {
    const auto journal = history.open();
    while (journal->has_rows_to_delete()) {
      REQUIRE(journal->delete_rows(2).ok());
    }
  }

  void remove() {
    history.remove(3);
    delete_rows();
  }

  std::set<std::string> blobs() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store.folder())) {
      if (entry.is_regular_file()) {
        names.insert(entry.path().parent_path().filename().string() +
                     entry.path().filename().string());
      }
    }
    return names;
  }

  // Nothing that is referred to is missing, and nothing else is there.
  void must_be_clean(std::uint64_t orphans = 0) const {
    const auto report = daemon::fsck(history.path(), {});
    REQUIRE_MESSAGE(report.ok(), report.error().message);
    CHECK_MESSAGE(report->ok(), daemon::to_text(*report, "x"));
    CHECK(report->orphans == orphans);
  }
};

}  // namespace

TEST_CASE("gc: nothing goes that a row refers to, also while the rows of a removed sweep go") {
  Scene scene;
  const std::set<std::string> before = scene.blobs();
  CHECK(scene.gc() == GcResult{});
  scene.history.remove(3);
  CHECK(scene.gc() == GcResult{});
  CHECK(scene.blobs() == before);
  scene.must_be_clean();
}

TEST_CASE("gc: what only a removed sweep had goes, what others have stays, and that is all") {
  Scene scene;
  const std::uint64_t manifest = *scene.store.size(scene.own);
  std::set<std::string> left = scene.blobs();
  left.erase(scene.own);
  left.erase(scene.own_file);
  scene.remove();
  scene.must_be_clean(2);
  const GcResult would = scene.gc(true);
  const GcResult did = scene.gc();
  CHECK(did.files == 2);
  CHECK(did.bytes == manifest + 4);
  CHECK(did.kept_files == 0);
  CHECK_FALSE(did.again);
  CHECK(would == did);
  CHECK(scene.blobs() == left);
  CHECK(scene.history.open()->let_go()->empty());
  scene.must_be_clean();
  CHECK(scene.gc() == GcResult{});
}

TEST_CASE("gc: a registered model keeps its files and its code when its sweep is gone") {
  Scene scene;
  const std::set<std::string> before = scene.blobs();
  scene.history.remove(1);
  scene.delete_rows();
  CHECK(scene.gc() == GcResult{});
  CHECK(scene.blobs() == before);
  scene.must_be_clean();
}

TEST_CASE("gc: files that run.keep let go are deleted, those of the best stay") {
  Scene scene;
  const auto trees = scene.history.add_keeping_best({"worst", "middle", "best"});
  std::set<std::string> left = scene.blobs();
  for (const std::string content : {"worst", "middle"}) {
    left.erase(blobs::digest_of(content));
  }
  left.erase(trees[0]);
  left.erase(trees[1]);
  scene.must_be_clean(4);
  const auto weighed = scene.try_gc({{true, {{4}}, true}, {}, kBegan});
  REQUIRE(weighed.ok());
  CHECK(weighed->sweeps[0].files == 4);  // the best one's and the code's, with their manifests
  const GcResult would = scene.gc(true);
  CHECK(scene.gc() == would);
  CHECK(would.files == 4);
  CHECK_FALSE(would.again);
  CHECK(scene.blobs() == left);
  scene.must_be_clean();
  CHECK(scene.gc() == GcResult{});
  // The removal of the sweep finds what is left of it.
  scene.history.remove(4);
  scene.delete_rows();
  CHECK(scene.gc().files == 2);
  CHECK(scene.history.open()->let_go()->empty());
  scene.must_be_clean();
}

TEST_CASE("gc: files that run.keep let go and that somebody else needs stay") {
  Scene scene;
  // What an attempt of another sweep left, and of the same one; and what became a model.
  const auto trees = scene.history.add_keeping_best({"mine", "same", "same"});
  const std::set<std::string> before = scene.blobs();
  const GcResult did = scene.gc();
  CHECK(did.files == 1);  // the manifest of the first; its file is also sweep 3's
  std::set<std::string> left = before;
  left.erase(trees[0]);
  CHECK(scene.blobs() == left);
  scene.must_be_clean();
}

TEST_CASE("gc: a model keeps files that its sweep let go") {
  Scene scene;
  const std::set<std::string> before = scene.blobs();
  const auto trees = scene.history.add_keeping_best({"first", "second", "third"}, "by-hand");
  CHECK(scene.gc().files == 2);
  std::set<std::string> left = before;
  left.insert({trees[0], blobs::digest_of("first"), trees[2], blobs::digest_of("third")});
  CHECK(scene.blobs() == left);
  scene.must_be_clean();
}

TEST_CASE("gc: wherever a run was cut off, the next one ends it") {
  // In the order in which a run deletes them; the last step forgets that they were let go.
  for (int done = 0; done <= 2; ++done) {
    Scene scene;
    scene.remove();
    if (done > 0) {
      std::filesystem::remove(scene.store.path(scene.own_file));
    }
    if (done > 1) {
      std::filesystem::remove(scene.store.path(scene.own));
    }
    CHECK(scene.gc().files == static_cast<std::uint64_t>(2 - done));
    CHECK(scene.history.open()->let_go()->empty());
    scene.must_be_clean();
  }
}

TEST_CASE("gc: what was offered since it began is kept, and tried again") {
  Scene scene;
  scene.remove();
  scene.offers.set_now(kBegan);
  CHECK(scene.offers.offer(scene.store, scene.own_file));
  const GcResult kept = scene.gc();
  CHECK(kept.files == 0);
  CHECK(kept.kept_files == 2);
  CHECK(kept.again);
  CHECK(scene.gc(true) == kept);
  CHECK(scene.store.has(scene.own_file));
  CHECK_FALSE(scene.history.open()->let_go()->empty());
  // Whoever was offered it refers to it by now, or will look for it again.
  const auto later = scene.try_gc({{}, {}, kBegan + seconds(1)});
  REQUIRE(later.ok());
  CHECK(later->files == 2);
  CHECK_FALSE(later->again);
  scene.must_be_clean();
}

TEST_CASE("gc: what nobody ever referred to goes after a day, and an upload under way stays") {
  Scene scene;
  const std::string orphan = scene.history.put("an orphan");
  std::filesystem::create_directories(scene.store.part_folder());
  std::ofstream(scene.store.part_folder() + "/part") << "half";
  std::ofstream(scene.store.folder() + "/" + orphan.substr(0, 2) + "/readme") << "not ours";
  CHECK(scene.gc().kept_files == 1);
  CHECK(scene.store.has(orphan));
  const auto old = scene.try_gc({{}, {}, kBegan}, std::chrono::seconds(0));
  REQUIRE(old.ok());
  CHECK(old->files == 1);
  CHECK(old->bytes == 9);
  CHECK_FALSE(scene.store.has(orphan));
  CHECK(std::filesystem::exists(scene.store.part_folder() + "/part"));
  CHECK(std::filesystem::exists(scene.store.folder() + "/" + orphan.substr(0, 2) + "/readme"));
}

TEST_CASE("gc: sweeps are weighed by their own rows and files, whatever is wrong with others") {
  Scene scene;
  const auto weighed = scene.try_gc({{true, {{3}}, true}, {}, kBegan});
  REQUIRE_MESSAGE(weighed.ok(), weighed.error().message);
  REQUIRE(weighed->sweeps.size() == 1);
  CHECK(weighed->sweeps[0].files == 5);
  CHECK(weighed->sweeps[0].log_bytes == 10);
  CHECK(weighed->sweeps[0].record_bytes > 0);
  CHECK(weighed->files == 0);  // nothing is asked about what would become free
  // A manifest of another sweep is damaged: gc gives up, and this does not.
  const auto removal = scene.try_gc({{true, {{3}}, false}, {}, kBegan});
  REQUIRE(removal.ok());
  for (const std::string& digest : scene.blobs()) {
    if (digest != scene.own && scene.store.tree(digest).ok()) {
      std::filesystem::remove(scene.store.path(digest));
    }
  }
  CHECK_FALSE(scene.try_gc({{true, {{3}}, false}, {}, kBegan}).ok());
  CHECK(scene.try_gc({{true, {{3}}, true}, {}, kBegan}).ok());
}

TEST_CASE("gc: the weight of a removal is what the removal then frees") {
  Scene scene;
  const std::set<std::string> before = scene.blobs();
  const auto weighed = scene.try_gc({{true, {{3}}, false}, {}, kBegan});
  REQUIRE_MESSAGE(weighed.ok(), weighed.error().message);
  CHECK(weighed->files == 2);
  REQUIRE(weighed->sweeps.size() == 1);
  CHECK(weighed->sweeps[0].sweep == SweepId{3});
  CHECK(weighed->sweeps[0].files == 5);  // with the weights, and the code and its manifest
  CHECK(weighed->sweeps[0].log_bytes == 10);
  CHECK(scene.blobs() == before);
  scene.remove();
  const GcResult did = scene.gc();
  CHECK(did.files == weighed->files);
  CHECK(did.bytes == weighed->bytes);
}

TEST_CASE("gc: when nobody knows what is in use, nothing is deleted") {
  Scene scene;
  scene.remove();
  std::ofstream(scene.history.blob(scene.history.code)) << "damaged";
  const auto refused = scene.try_gc({{}, {}, kBegan}, std::chrono::seconds(0));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Errc::kCorrupt);
  CHECK(scene.store.has(scene.own_file));
}

TEST_CASE("gc: on its thread it does the same, and one that is not wanted any more ends") {
  Scene scene;
  scene.remove();
  const auto journal = scene.history.open();
  daemon::GcWorker worker({*journal, scene.store, scene.offers});
  CHECK_FALSE(worker.look().has_value());
  worker.set_now(kBegan);
  worker.start({{}, {{3}}, kBegan});
  std::optional<daemon::GcProgress> progress;
  for (int i = 0; i < 10'000 && !(progress = worker.look())->result; ++i) {
    usleep(1000);
  }
  REQUIRE(progress->result.has_value());
  REQUIRE_MESSAGE(progress->result->ok(), progress->result->error().message);
  CHECK((*progress->result)->files == 2);
  worker.start({{true, {}, false}, {}, kBegan});  // ended by the destructor
}
