// A copy of everything a daemon keeps, made while it works, and the way back from it.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "daemon/blob_store.h"
#include "daemon/fsck.h"
#include "daemon/journal_rocksdb.h"

#include <cstdint>
#include <functional>
#include <string>

namespace sweepd::daemon {

// The name of the list in a backup's folder. It is written last: without it there is no backup.
constexpr const char* kBackupList = "backup.txt";

// Agents refuse a term that is smaller than one they have obeyed, and how often the old daemon was
// started since the backup nobody knows; the same backup may be restored twice, too. So after a
// restore terms begin with the seconds since 1970, because they grow by less than one a second; and
// so much higher than they were where the clock says less than that. Terms are half of the number
// of a session: they stay below 2^32.
constexpr std::uint64_t kTermsSkipped = 1'000'000;

enum class BackupPhase : int { kCopyingStore = 1, kCopyingFiles = 2, kChecking = 3 };

// Told how far it is; total 0: not known. False: give up, kInterrupted.
using BackupProgress =
    std::function<bool(BackupPhase phase, std::uint64_t done, std::uint64_t total)>;

struct BackupSummary {
  std::uint64_t sweeps = 0;
  std::uint64_t records = 0;
  std::uint64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
};

// Makes `folder`, which must not exist or be empty, a backup of what is committed now, and checks
// all of it. On any error there is no backup and nothing is left behind. May be called by any
// thread beside those that write: no run of gc that deletes begins before it ends. One that began
// earlier may go on, because it spares all that the copied rows refer to.
Result<BackupSummary> make_backup(const RocksJournal& journal,
                                  const BlobStore& blobs,
                                  const std::string& folder,
                                  const BackupProgress& progress);

struct Restored {
  FsckReport report;
  std::uint64_t term = 0;           // from here on
  std::uint64_t sweeps_last = 0;    // numbers up to here are not given
  std::uint64_t attempts_lost = 0;  // that ran when the backup was made; they run again
  WallTime taken;                   // when the backup was made
};

// Makes `folder`, which must not exist or be empty, a state folder with what the backup holds. The
// backup is only read.
Result<Restored> restore_backup(const std::string& backup,
                                const std::string& folder,
                                const BackupProgress& progress);

}  // namespace sweepd::daemon
