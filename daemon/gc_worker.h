// Runs gc on a thread of its own, so that control never waits for it.
#pragma once

#include "daemon/blob_offers.h"
#include "daemon/gc.h"
#include "daemon/ports.h"

#include <memory>

namespace sweepd::daemon {

// Everything but the destructor is called by the thread of the loop.
class GcWorker final : public Gc {
 public:
  // All that is in the scene outlives it.
  explicit GcWorker(const GcScene& scene);
  ~GcWorker() override;  // gives up the run under way; the next one goes on
  GcWorker(const GcWorker&) = delete;
  GcWorker& operator=(const GcWorker&) = delete;

  void set_now(Instant now) override { scene_.offers.set_now(now); }

  void start(const GcOrder& order) override;
  std::optional<GcProgress> look() override;

 private:
  struct Job;

  GcScene scene_;
  std::unique_ptr<Job> job_;  // the last one
};

}  // namespace sweepd::daemon
