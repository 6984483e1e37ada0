// What the steps of a check share. Internal to fsck*.
#pragma once

#include "base/ids.h"
#include "daemon/blob_references.h"
#include "daemon/blob_store.h"
#include "daemon/deleted_records.h"
#include "daemon/fsck.h"
#include "daemon/journal_rocksdb.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::daemon::fsck_parts {

// A check under way. Each step adds findings; an error ends the check.
class Check {
 public:
  Check(const FsckOptions& options, RocksJournal& journal) : options_(options), journal_(journal) {}

  RocksJournal& journal() { return journal_; }

  FsckReport& report() { return report_; }

  bool fast() const { return options_.fast; }

  void find(std::string code, std::string where, std::string text);

  // Counts one row more and tells now and then; kInterrupted when somebody wants it to end.
  Result<void> row(std::string_view what);
  Result<void> tell(std::string_view what, std::uint64_t done, std::uint64_t total) const;

  // What the rows told the later steps.
  std::map<AttemptKey, std::uint64_t> reports;  // in the journal, by attempt
  NeededTrees needed;                           // by those that were read so far
  std::map<std::string, std::string> trees;     // digest of a manifest -> who refers to it
  std::vector<SweepHeader> headers;
  std::set<SweepId> known;     // sweeps that have a header
  std::set<SweepId> removed;   // sweeps that were removed, as journal 0 says
  std::set<SweepId> deleting;  // those of them of which rows are left, and may be
  DeletedRecords deleted;      // of removed sweeps, in all

 private:
  const FsckOptions& options_;
  RocksJournal& journal_;
  FsckReport report_;
  std::uint64_t rows_ = 0;
};

Result<void> check_meta(Check& check);
Result<void> check_headers(Check& check);
Result<void> check_records(Check& check);
Result<void> check_metrics(Check& check);
Result<void> check_logs(Check& check);
Result<void> check_replay(Check& check);
Result<void> check_blobs(Check& check, const BlobStore& blobs);

}  // namespace sweepd::daemon::fsck_parts
