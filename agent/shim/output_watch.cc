// Tells when a program has written something.
#include "agent/shim/output_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace sweepd::agent::shim {

namespace {

constexpr Duration kPollPeriod = milliseconds(200);

std::uint64_t bytes_of(const std::vector<std::string>& paths) {
  std::uint64_t bytes = 0;
  for (const std::string& path : paths) {
    struct stat status {};

    bytes += ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }
  return bytes;
}

}  // namespace

OutputWatch::OutputWatch() : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

OutputWatch::~OutputWatch() {
  if (inotify_ >= 0) {
    ::close(inotify_);
  }
}

void OutputWatch::begin(std::vector<std::string> paths) {
  end();
  for (std::string& path : paths) {
    const int watch = ::inotify_add_watch(inotify_, path.c_str(), IN_MODIFY);
    if (watch >= 0) {
      watches_.push_back(watch);
    } else {
      polled_.push_back(std::move(path));
    }
  }
  polled_bytes_ = 0;
}

void OutputWatch::end() {
  for (const int watch : std::exchange(watches_, {})) {
    ::inotify_rm_watch(inotify_, watch);
  }
  polled_.clear();
  // That a watch is gone is told, too; nobody would hear it, and whoever polls would never sleep.
  drain();
}

bool OutputWatch::drain() {
  std::array<char, 4096> events;
  bool any = false;
  while (::read(inotify_, events.data(), events.size()) > 0) {
    any = true;
  }
  return any;
}

bool OutputWatch::grew() {
  bool any = drain();
  if (!polled_.empty()) {
    const std::uint64_t bytes = bytes_of(polled_);
    any = std::exchange(polled_bytes_, bytes) != bytes || any;
  }
  return any;
}

Duration OutputWatch::poll_period() const {
  return polled_.empty() ? Duration{} : kPollPeriod;
}

}  // namespace sweepd::agent::shim
