// The thread of a backup, and how far it is.
#include "daemon/backup_worker.h"

#include "base/log.h"

#include <fmt/format.h>

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <optional>
#include <thread>

namespace sweepd::daemon {

struct BackupWorker::Job {
  RequestId request;
  std::string folder;
  std::atomic<int> phase{static_cast<int>(BackupPhase::kCopyingStore)};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> total{0};
  std::atomic<bool> unwanted{false};
  std::atomic<bool> over{false};                // the result below is complete
  std::optional<Result<BackupSummary>> result;  // written by the thread before it is over
  std::thread thread;

  ~Job() {
    unwanted = true;
    if (thread.joinable()) {
      thread.join();
    }
  }

  void run(const RocksJournal& journal, const BlobStore& blobs) {
    const BackupProgress progress = [this](BackupPhase now, std::uint64_t at, std::uint64_t of) {
      phase = static_cast<int>(now);
      done = at;
      total = of;
      return !unwanted;
    };
    result = make_backup(journal, blobs, folder, progress);
    if (result->ok()) {
      log_info("a backup is complete folder={}", folder);
    } else {
      log_warn("a backup failed folder={} error={}", folder, result->error().message);
    }
    over.store(true, std::memory_order_release);
  }
};

BackupWorker::BackupWorker(const RocksJournal& journal,
                           const BlobStore& blobs,
                           std::string state_folder)
    : journal_(journal), blobs_(blobs), state_folder_(std::move(state_folder)) {}

BackupWorker::~BackupWorker() = default;

Result<void> BackupWorker::start(const RequestId& request, const std::string& folder) {
  if (job_ && job_->request == request) {
    return {};  // the client repeats what it was not answered
  }
  if (job_ && !job_->over) {
    return Error{Errc::kWrongState,
                 fmt::format("a backup to {} is under way: wait for its end", job_->folder)};
  }
  namespace fs = std::filesystem;
  const fs::path target = fs::path(folder).lexically_normal();
  if (!target.is_absolute()) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("the daemon makes the backup, so '{}' must be an absolute path on its "
                             "machine",
                             folder)};
  }
  const fs::path state = fs::absolute(state_folder_).lexically_normal();
  const std::string below = target.lexically_relative(state).string();
  if (!below.empty() && !below.starts_with("..")) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("'{}' is in the state folder: a backup belongs elsewhere, best on "
                             "another disk",
                             folder)};
  }
  std::string text = target.string();
  if (text.size() > 1 && text.ends_with('/')) {
    text.pop_back();
  }
  job_ = std::make_unique<Job>();
  job_->request = request;
  job_->folder = std::move(text);
  // Signals are for the main thread: the new one inherits a full mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  job_->thread = std::thread([this, job = job_.get()] { job->run(journal_, blobs_); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

BackupStatus BackupWorker::status() {
  BackupStatus status;
  if (!job_) {
    return status;
  }
  status.folder = job_->folder;
  if (!job_->over.load(std::memory_order_acquire)) {
    switch (static_cast<BackupPhase>(job_->phase.load())) {
      case BackupPhase::kCopyingStore:
        status.phase = "copying the store";
        break;
      case BackupPhase::kCopyingFiles:
        status.phase = "copying files";
        break;
      case BackupPhase::kChecking:
        status.phase = "checking";
        break;
    }
    status.done = job_->done;
    status.total = job_->total;
    return status;
  }
  const Result<BackupSummary>& result = *job_->result;
  if (!result.ok()) {
    status.phase = "failed";
    status.failure = result.error();
    return status;
  }
  status.phase = "done";
  status.sweeps = result->sweeps;
  status.records = result->records;
  status.blobs = result->blobs;
  status.blob_bytes = result->blob_bytes;
  return status;
}

}  // namespace sweepd::daemon
