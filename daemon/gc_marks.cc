// From rows to folders, from folders to files.
#include "daemon/gc_marks.h"

#include "daemon/blob_references.h"
#include "daemon/journal_keys.h"
#include "daemon/record_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sweepd::daemon {

namespace {

constexpr std::size_t kMarkDigits = 16;
constexpr std::uint64_t kStepsBetweenTelling = 4096;

std::uint64_t mark_of(std::string_view digest) {
  std::uint64_t mark = 0;
  std::from_chars(digest.data(), digest.data() + std::min(kMarkDigits, digest.size()), mark, 16);
  return mark;
}

// Those of all sweeps, and what is left of removed ones; journal 0 comes last, see below.
Result<std::vector<SweepId>> journals_of(RocksJournal& journal) {
  std::set<SweepId> sweeps;
  const auto take = [&sweeps](std::string_view key, std::string_view) {
    sweeps.insert({keys::last_number(key).value_or(0)});
    return Result<bool>(true);
  };
  SWEEPD_TRY_VOID(journal.each(Family::kState, "", take));
  SWEEPD_TRY_VOID(journal.each(Family::kMeta, std::string(keys::kRemovedPrefix), take));
  std::vector<SweepId> journals(sweeps.begin(), sweeps.end());
  journals.push_back({});
  return journals;
}

class Finder {
 public:
  Finder(const GcScene& scene, const std::vector<SweepId>& without, const GcTold& told)
      : scene_(scene), told_(told) {
    for (const SweepId sweep : without) {
      found_.trees_without[sweep];
    }
  }

  // Each journal is read as it is at one moment. A model may be registered from an attempt whose
  // files are then dropped: who reads of the drop in the sweep's journal reads of the model in
  // journal 0 afterwards.
  Result<References> find() {
    SWEEPD_TRY(const std::vector<SweepId> journals, journals_of(scene_.journal));
    for (const SweepId sweep : journals) {
      const auto look = [&](std::string_view, std::string_view value) {
        return look_at(sweep, value);
      };
      SWEEPD_TRY_VOID(scene_.journal.each(Family::kRecord, keys::number(sweep.value), look));
      SWEEPD_TRY_VOID(add(sweep, needed_.take()));
    }
    for (const std::string& digest : needed_.dropped()) {
      if (!trees_.contains(digest)) {
        found_.dropped.push_back(digest);
      }
    }
    return std::move(found_);
  }

 private:
  // Counts a step of the work; an error when the run is not wanted any more.
  Result<void> go_on() {
    return ++steps_ % kStepsBetweenTelling == 0 && !told_("looking for references", steps_, 0)
               ? Result<void>(Error{Errc::kInterrupted, "gc was given up"})
               : Result<void>();
  }

  Result<bool> look_at(SweepId sweep, std::string_view value) {
    SWEEPD_TRY_VOID(go_on());
    row_.clear();
    SWEEPD_TRY_VOID(decode_row(value, row_));
    for (const core::Record& record : row_) {
      needed_.read(record);
    }
    SWEEPD_TRY_VOID(add(sweep, needed_.take_lasting()));
    return true;
  }

  Result<void> add(SweepId sweep, std::vector<TreeReference> needed) {
    const auto without = found_.trees_without.find(sweep);
    for (TreeReference& reference : needed) {
      if (without != found_.trees_without.end()) {
        without->second.insert(std::move(reference.digest));
      } else {
        SWEEPD_TRY_VOID(go_on());
        SWEEPD_TRY_VOID(mark(reference));
      }
    }
    return {};
  }

  Result<void> mark(const TreeReference& reference) {
    if (!trees_.insert(reference.digest).second) {
      return {};
    }
    const auto tree = scene_.blobs.tree(reference.digest);
    if (!tree.ok()) {
      return Error{Errc::kCorrupt,
                   fmt::format("nothing was deleted, because the files of {} are not known: {}; "
                               "`sweepd fsck` finds what is missing",
                               reference.who,
                               tree.error().message)};
    }
    found_.used.add(reference.digest);
    for (const blobs::TreeFile& file : tree->files) {
      found_.used.add(file.digest);
    }
    return {};
  }

  const GcScene& scene_;
  const GcTold& told_;
  References found_;
  std::unordered_set<std::string> trees_;  // that were read
  NeededTrees needed_;
  std::vector<core::Record> row_;
  std::uint64_t steps_ = 0;
};

}  // namespace

void Marks::add(std::string_view digest) {
  blobs_.insert(mark_of(digest));
}

bool Marks::has(std::string_view digest) const {
  return blobs_.contains(mark_of(digest));
}

Result<References> find_references(const GcScene& scene,
                                   const std::vector<SweepId>& without,
                                   const GcTold& told) {
  return Finder(scene, without, told).find();
}

}  // namespace sweepd::daemon
