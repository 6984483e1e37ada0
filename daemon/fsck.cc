// The check of a state folder: its steps in order.
#include "daemon/fsck.h"

#include "daemon/fsck_parts.h"

namespace sweepd::daemon {

namespace fsck_parts {

namespace {

// A damaged store has one cause and many symptoms: the first thousand tell enough.
constexpr std::size_t kFindingsKept = 1000;
constexpr std::uint64_t kRowsBetweenTelling = 4096;

}  // namespace

void Check::find(std::string code, std::string where, std::string text) {
  ++report_.findings_total;
  if (report_.findings.size() < kFindingsKept) {
    report_.findings.push_back({std::move(code), std::move(where), std::move(text)});
  }
}

Result<void> Check::row(std::string_view what) {
  ++rows_;
  return rows_ % kRowsBetweenTelling == 0 ? tell(what, rows_, 0) : Result<void>();
}

Result<void> Check::tell(std::string_view what, std::uint64_t done, std::uint64_t total) const {
  if (!options_.progress(what, done, total)) {
    return Error{Errc::kInterrupted, "the check was given up"};
  }
  return {};
}

}  // namespace fsck_parts

Result<FsckReport> fsck(const std::string& folder, const FsckOptions& options) {
  using namespace fsck_parts;  // NOLINT(google-build-using-namespace): the steps
  SWEEPD_TRY(const std::unique_ptr<RocksJournal> journal,
             RocksJournal::open_to_read(folder + "/journal"));
  Check check(options, *journal);
  check.report().term = journal->term();
  for (const auto step :
       {check_meta, check_headers, check_records, check_metrics, check_logs, check_replay}) {
    SWEEPD_TRY_VOID(step(check));
  }
  SWEEPD_TRY_VOID(check_blobs(check, BlobStore::at(folder + "/blobs")));
  return std::move(check.report());
}

}  // namespace sweepd::daemon
