// Tells when a program has written something.
#pragma once

#include "base/time.h"

#include <string>
#include <vector>

namespace sweepd::agent::shim {

// Through inotify; where that cannot be had, the sizes of the files are looked at again and again.
class OutputWatch {
 public:
  OutputWatch();
  ~OutputWatch();
  OutputWatch(const OutputWatch&) = delete;
  OutputWatch& operator=(const OutputWatch&) = delete;

  // From now on these files, and no others. They exist.
  void begin(std::vector<std::string> paths);
  void end();

  int fd() const { return inotify_; }

  // Whether anything was written since the last call.
  bool grew();

  // How long a sleep may be at most; zero: any.
  Duration poll_period() const;

 private:
  // Takes all events; false: there was none.
  bool drain();

  int inotify_;
  std::vector<int> watches_;
  std::vector<std::string> polled_;  // files without a watch
  std::uint64_t polled_bytes_ = 0;
};

}  // namespace sweepd::agent::shim
