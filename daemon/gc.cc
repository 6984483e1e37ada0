// The second half of gc: what is not in use goes, first what removed sweeps and run.keep let go,
// then what nobody ever referred to.
#include "daemon/gc.h"

#include "blobs/digest.h"
#include "daemon/blob_references.h"
#include "daemon/gc_marks.h"
#include "daemon/journal_keys.h"

#include <filesystem>
#include <system_error>

namespace sweepd::daemon {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFilesBetweenTelling = 256;

class Sweeper {
 public:
  Sweeper(const GcScene& scene, const GcOrder& order, const References& found, const GcTold& told)
      : scene_(scene), order_(order), used_(found.used), told_(told) {}

  GcResult& result() { return result_; }

  // Whether all of a folder that is not in use elsewhere is gone. The manifest goes last: until
  // then the files can be found again.
  Result<bool> let_go(const std::string& digest) {
    const Result<blobs::Tree> tree = scene_.blobs.tree(digest);
    bool gone = true;
    if (tree.ok()) {
      for (const blobs::TreeFile& file : tree->files) {
        SWEEPD_TRY(const bool went, drop(file.digest));
        gone = gone && went;
      }
    }
    if (!gone) {
      return false;
    }
    return drop(digest);
  }

  // What nobody ever referred to, and what was left when its manifest was gone.
  Result<void> drop_orphans() {
    std::error_code error;
    for (fs::directory_iterator folder(scene_.blobs.folder(), error);
         !error && folder != end(folder);
         folder.increment(error)) {
      if (folder->path().filename() != "tmp") {
        SWEEPD_TRY_VOID(drop_orphans_in(folder->path()));
      }
    }
    return {};
  }

  // The files of a sweep that does not count.
  GcSweep sum_of(SweepId sweep, const std::set<std::string>& trees) const {
    GcSweep sum;
    sum.sweep = sweep;
    Marks counted;
    const auto count = [&](const std::string& digest) {
      const Result<std::uint64_t> size = scene_.blobs.size(digest);
      if (size.ok() && !counted.has(digest)) {
        counted.add(digest);
        ++sum.files;
        sum.bytes += *size;
      }
    };
    for (const std::string& digest : trees) {
      count(digest);
      if (const auto tree = scene_.blobs.tree(digest); tree.ok()) {
        for (const blobs::TreeFile& file : tree->files) {
          count(file.digest);
        }
      }
    }
    return sum;
  }

 private:
  // Whether the blob is in use, or gone now.
  Result<bool> drop(const std::string& digest) {
    if (++seen_ % kFilesBetweenTelling == 0 && !told_("deleting files", seen_, 0)) {
      return Error{Errc::kInterrupted, "gc was given up"};
    }
    const Result<std::uint64_t> size = scene_.blobs.size(digest);
    if (used_.has(digest) || !size.ok() || went_.has(digest)) {
      return true;
    }
    if (order_.wish.dry_run) {
      if (!scene_.offers.offered_before(digest, order_.began)) {
        return false;
      }
      went_.add(digest);
    } else {
      SWEEPD_TRY(const auto done, scene_.offers.erase(scene_.blobs, digest, order_.began));
      if (done != BlobOffers::Deletion::kDeleted) {
        return done == BlobOffers::Deletion::kGone;
      }
    }
    ++result_.files;
    result_.bytes += *size;
    return true;
  }

  Result<void> drop_orphans_in(const fs::path& folder) {
    const auto now = fs::file_time_type::clock::now();
    std::error_code error;
    for (fs::directory_iterator at(folder, error); !error && at != end(at); at.increment(error)) {
      const std::string digest = folder.filename().string() + at->path().filename().string();
      std::error_code unknown;
      const auto written = fs::last_write_time(at->path(), unknown);
      if (!blobs::is_digest(digest) || used_.has(digest) || went_.has(digest) || unknown) {
        continue;
      }
      const Result<std::uint64_t> size = scene_.blobs.size(digest);
      const bool old = now - written >= scene_.orphan_age;
      bool gone = false;
      if (old) {
        SWEEPD_TRY(gone, drop(digest));
      }
      if (!gone) {
        ++result_.kept_files;
        result_.kept_bytes += size.ok() ? *size : 0;
      }
    }
    return {};
  }

  const GcScene& scene_;
  const GcOrder& order_;
  const Marks& used_;
  const GcTold& told_;
  Marks went_;  // in a dry run, which must not count twice
  GcResult result_;
  std::uint64_t seen_ = 0;
};

// How long a sweep's rows are, before the store compresses them.
Result<std::uint64_t> row_bytes(RocksJournal& journal, Family family, SweepId sweep) {
  std::uint64_t bytes = 0;
  const auto add = [&bytes](std::string_view, std::string_view value) {
    bytes += value.size();
    return Result<bool>(true);
  };
  SWEEPD_TRY_VOID(journal.each(family, keys::number(sweep.value), add));
  return bytes;
}

// What the removal of some sweeps would free.
Result<void> weigh(const GcScene& scene, const References& found, Sweeper& sweeper) {
  for (const auto& [sweep, trees] : found.trees_without) {
    GcSweep sum = sweeper.sum_of(sweep, trees);
    SWEEPD_TRY(sum.log_bytes, row_bytes(scene.journal, Family::kLog, sweep));
    sweeper.result().sweeps.push_back(sum);
    for (const std::string& digest : trees) {
      SWEEPD_TRY(const bool gone, sweeper.let_go(digest));
      static_cast<void>(gone);
    }
  }
  return {};
}

// What some sweeps take, one after the other; what others refer to does not matter.
Result<GcResult> weigh_each(const GcScene& scene, const GcOrder& order, const GcTold& told) {
  const References nothing;
  Sweeper sweeper(scene, order, nothing, told);
  std::vector<GcSweep>& sums = sweeper.result().sweeps;
  for (const SweepId sweep : order.wish.without) {
    if (!told("weighing", sums.size(), order.wish.without.size())) {
      return Error{Errc::kInterrupted, "gc was given up"};
    }
    SWEEPD_TRY(const std::set<std::string> trees,
               trees_of(scene.journal, keys::number(sweep.value)));
    GcSweep sum = sweeper.sum_of(sweep, trees);
    SWEEPD_TRY(sum.record_bytes, row_bytes(scene.journal, Family::kRecord, sweep));
    SWEEPD_TRY(sum.metric_bytes, row_bytes(scene.journal, Family::kMetric, sweep));
    SWEEPD_TRY(sum.log_bytes, row_bytes(scene.journal, Family::kLog, sweep));
    sums.push_back(sum);
  }
  return std::move(sweeper.result());
}

Result<void> clear(const GcScene& scene,
                   const GcOrder& order,
                   const std::vector<std::string>& dropped,
                   Sweeper& sweeper) {
  SWEEPD_TRY(const std::vector<std::string> trees, scene.journal.let_go());
  std::vector<std::string> done;
  for (const std::string& digest : trees) {
    SWEEPD_TRY(const bool gone, sweeper.let_go(digest));
    if (gone) {
      done.push_back(digest);
    }
  }
  bool all = done.size() == trees.size();
  // Nothing has to be forgotten here: the records that say so go with their sweep.
  for (const std::string& digest : dropped) {
    SWEEPD_TRY(const bool gone, sweeper.let_go(digest));
    all = all && gone;
  }
  sweeper.result().again = !all;
  SWEEPD_TRY_VOID(sweeper.drop_orphans());
  return order.wish.dry_run ? Result<void>() : scene.journal.forget_let_go(done);
}

}  // namespace

Result<GcResult> run_gc(const GcScene& scene, const GcOrder& order, const GcTold& told) {
  if (!told("looking for references", 0, 0)) {
    return Error{Errc::kInterrupted, "gc was given up"};
  }
  if (order.wish.weigh) {
    return weigh_each(scene, order, told);
  }
  SWEEPD_TRY(const References found, find_references(scene, order.wish.without, told));
  Sweeper sweeper(scene, order, found, told);
  if (!order.wish.without.empty()) {
    SWEEPD_TRY_VOID(weigh(scene, found, sweeper));
    return std::move(sweeper.result());
  }
  SWEEPD_TRY_VOID(clear(scene, order, found.dropped, sweeper));
  if (!order.wish.dry_run) {
    SWEEPD_TRY_VOID(scene.journal.delete_strays());
    for (const SweepId sweep : order.emptied) {
      SWEEPD_TRY_VOID(scene.journal.compact(sweep));
    }
  }
  return std::move(sweeper.result());
}

}  // namespace sweepd::daemon
