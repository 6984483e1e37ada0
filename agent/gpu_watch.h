// The thread that asks NVIDIA's library what is on the GPUs.
#pragma once

#include "agent/gpu_judge.h"
#include "base/time.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sweepd::agent {

// A call into the library takes a tenth of a second at times, and one that meets a driver in
// trouble may not come back: the loop waits for none. The library stays open between questions,
// because a GPU without it, and without anybody else, is shut down and started again each time; it
// is loaded anew after it failed altogether, as it has to be when the driver was.
class GpuWatch {
 public:
  explicit GpuWatch(std::string nvml_path);

  // A thread that is in a call that does not come back is left behind.
  ~GpuWatch();
  GpuWatch(const GpuWatch&) = delete;
  GpuWatch& operator=(const GpuWatch&) = delete;

  // Brings what the library said to the judge, and the judge's questions to the thread. True when
  // other GPUs are withheld than before, or for other reasons.
  bool turn(Instant now, GpuJudge& judge);

  int fd() const;  // can be read when there are answers

 private:
  struct Work;  // what both threads share
  void ask(std::vector<GpuQuestion> questions);
  std::optional<std::vector<GpuAnswer>> take();

  std::unique_ptr<Work> work_;
  std::thread thread_;
};

}  // namespace sweepd::agent
