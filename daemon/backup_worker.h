// Makes backups on a thread of its own, so that control never waits for one.
#pragma once

#include "base/ids.h"
#include "daemon/backup.h"
#include "daemon/ports.h"

#include <memory>
#include <string>

namespace sweepd::daemon {

// Everything but the destructor is called by the thread of the loop.
class BackupWorker final : public Backups {
 public:
  // Both outlive it.
  //   state_folder: where no backup may be
  BackupWorker(const RocksJournal& journal, const BlobStore& blobs, std::string state_folder);
  ~BackupWorker() override;  // gives up the one under way
  BackupWorker(const BackupWorker&) = delete;
  BackupWorker& operator=(const BackupWorker&) = delete;

  Result<void> start(const RequestId& request, const std::string& folder) override;
  BackupStatus status() override;

 private:
  struct Job;

  const RocksJournal& journal_;
  const BlobStore& blobs_;
  std::string state_folder_;
  std::unique_ptr<Job> job_;  // the last one
};

}  // namespace sweepd::daemon
