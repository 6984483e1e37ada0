// The list of the workloads, and reading what they said.
#include "tests/power/workload.h"

#include "base/check.h"

namespace sweepd::power {

void Marks::add(std::span<const Event> events) {
  for (const Event& event : events) {
    if (event.kind == EventKind::kMark) {
      said_[event.fd].insert(event.number);
    }
  }
}

bool Marks::has(std::int32_t what, std::uint64_t which) const {
  return all(what).contains(which);
}

std::uint64_t Marks::last(std::int32_t what) const {
  const std::set<std::uint64_t>& said = all(what);
  return said.empty() ? 0 : *said.rbegin();
}

const std::set<std::uint64_t>& Marks::all(std::int32_t what) const {
  static const std::set<std::uint64_t> kNothing;
  const auto found = said_.find(what);
  return found == said_.end() ? kNothing : found->second;
}

Trust rocksdb_trust() {
  return {[](std::string_view folder) { return folder == "state/journal"; },
          [](std::string_view path) {
            return path.starts_with("state/journal/MANIFEST-");
          }};
}

const std::vector<WorkloadInfo>& workloads() {
  static const std::vector<WorkloadInfo> all = {{WorkloadKind::kJournal, "journal"},
                                                {WorkloadKind::kBlobs, "blobs"},
                                                {WorkloadKind::kLedger, "ledger"}};
  return all;
}

std::unique_ptr<Workload> make_workload(WorkloadKind kind, bool small) {
  switch (kind) {
    case WorkloadKind::kJournal:
      return make_journal_workload(small);
    case WorkloadKind::kBlobs:
      return make_blob_workload(small);
    case WorkloadKind::kLedger:
      return make_ledger_workload(small);
  }
  SWEEPD_CHECK(false);
  return nullptr;
}

}  // namespace sweepd::power
