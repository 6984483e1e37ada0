// The thread of gc, and how far it is.
#include "daemon/gc_worker.h"

#include "base/check.h"

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace sweepd::daemon {

namespace {

// What the thread says to the loop by a number.
enum class Phase : int { kLooking = 1, kDeleting = 2 };

}  // namespace

struct GcWorker::Job {
  GcOrder order;
  std::atomic<Phase> phase{Phase::kLooking};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> total{0};
  std::atomic<bool> unwanted{false};
  std::atomic<bool> over{false};           // the result below is complete
  std::optional<Result<GcResult>> result;  // written by the thread before it is over
  std::thread thread;

  ~Job() {
    unwanted = true;
    if (thread.joinable()) {
      thread.join();
    }
  }

  void run(const GcScene& scene) {
    const GcTold told = [this](std::string_view now, std::uint64_t at, std::uint64_t of) {
      phase = now == "deleting files" ? Phase::kDeleting : Phase::kLooking;
      done = at;
      total = of;
      return !unwanted;
    };
    result = run_gc(scene, order, told);
    over.store(true, std::memory_order_release);
  }
};

GcWorker::GcWorker(const GcScene& scene) : scene_(scene) {}

GcWorker::~GcWorker() {
  scene_.journal.stop_compacting();
}

void GcWorker::start(const GcOrder& order) {
  SWEEPD_CHECK(!job_ || job_->over);
  job_ = std::make_unique<Job>();
  job_->order = order;
  // Signals are for the main thread: the new one inherits a full mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  job_->thread = std::thread([this, job = job_.get()] { job->run(scene_); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::optional<GcProgress> GcWorker::look() {
  if (!job_) {
    return std::nullopt;
  }
  GcProgress progress;
  if (job_->over.load(std::memory_order_acquire)) {
    progress.result = *job_->result;
    return progress;
  }
  progress.phase = job_->phase == Phase::kDeleting ? "deleting files" : "looking for references";
  progress.done = job_->done;
  progress.total = job_->total;
  return progress;
}

}  // namespace sweepd::daemon
