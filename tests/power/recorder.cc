// The state of the one recording of this process.
#include "tests/power/recorder.h"

#include "base/check.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <map>
#include <mutex>

namespace sweepd::power {

namespace {

constexpr int kDescriptorsMax = 4096;
constexpr int kExitUnsupported = 99;

// Calls of the system arrive from any thread, so this is one of the few places with a mutex.
struct Recording {
  std::mutex mutex;
  Tape* tape = nullptr;
  std::string folder;
  Fault fault;
  std::uint64_t operations = 0;
  bool halved = false;
  bool failed = false;
  std::map<int, std::string> paths;  // of what is tracked
};

Recording& recording() {
  static auto* all = new Recording;  // never destroyed: files are closed after main, too
  return *all;
}

std::atomic<bool> recording_on{false};
std::array<std::atomic<bool>, kDescriptorsMax> tracked{};
std::array<std::atomic<bool>, kDescriptorsMax> counted{};

bool counts(const std::string& path) {
  const std::string& beside = recording().fault.beside;
  return beside.empty() || !path.starts_with(beside);
}

recorder::Fate fate_of_next(bool counts, bool divisible) {
  Recording& now = recording();
  const Fault& fault = now.fault;
  if ((now.failed && fault.forever) || (now.halved && !now.failed)) {
    now.failed = true;
    errno = fault.error;
    return recorder::Fate::kFails;
  }
  if (!counts || ++now.operations != fault.at) {
    return recorder::Fate::kWorks;
  }
  if (divisible && fault.error == ENOSPC) {
    now.halved = true;
    return recorder::Fate::kHalf;
  }
  now.failed = true;
  errno = fault.error;
  return recorder::Fate::kFails;
}

}  // namespace

void begin_recording(Tape& tape, const std::string& folder, const Fault& fault) {
  Recording& now = recording();
  SWEEPD_CHECK(!recording_on);
  now.tape = &tape;
  now.folder = folder;
  now.fault = fault;
  now.operations = 0;
  now.halved = false;
  now.failed = false;
  recording_on = true;
}

void end_recording() {
  const recorder::Turn turn;
  recording_on = false;
  for (auto& fd : tracked) {
    fd = false;
  }
}

std::uint64_t operations_met() {
  return recording().operations;
}

void mark(std::int32_t what, std::uint64_t which) {
  if (recording_on) {
    const recorder::Turn turn;
    recorder::record({EventKind::kMark, what, 0, which, {}, {}});
  }
}

namespace recorder {

std::optional<std::string> inside(const char* path) {
  if (!recording_on || path == nullptr) {
    return std::nullopt;
  }
  std::string clean;
  for (const char* at = path; *at != '\0'; ++at) {
    if (*at != '/' || clean.empty() || clean.back() != '/') {
      clean += *at;
    }
  }
  while (clean.size() > 1 && clean.back() == '/') {
    clean.pop_back();
  }
  const std::string& folder = recording().folder;
  if (!clean.starts_with(folder) || (clean.size() > folder.size() && clean[folder.size()] != '/')) {
    return std::nullopt;
  }
  clean.erase(0, folder.size() + 1);
  // The diary of the store is written through stdio and read by people only.
  if (clean.substr(clean.rfind('/') + 1).starts_with("LOG")) {
    return std::nullopt;
  }
  return clean;
}

bool tracks(int fd) {
  return recording_on && fd >= 0 && fd < kDescriptorsMax && tracked[static_cast<std::size_t>(fd)];
}

void track(int fd, const std::string& path) {
  SWEEPD_CHECK(fd >= 0 && fd < kDescriptorsMax);
  recording().paths[fd] = path;
  counted[static_cast<std::size_t>(fd)] = counts(path);
  tracked[static_cast<std::size_t>(fd)] = true;
}

void untrack(int fd) {
  tracked[static_cast<std::size_t>(fd)] = false;
}

Fate next_operation(const std::string& path) {
  return fate_of_next(counts(path) && recording().fault.swallowed == nullptr, false);
}

Fate next_operation(int fd, bool divisible) {
  const bool counts = counted[static_cast<std::size_t>(fd)];
  return fate_of_next(counts && recording().fault.swallowed == nullptr, divisible);
}

Fate next_sync(int fd) {
  return recording().fault.swallowed == nullptr ? next_operation(fd)
                                                : fate_of_next(swallows(fd), false);
}

bool swallows(int fd) {
  const Recording& now = recording();
  return now.fault.swallowed != nullptr && now.fault.swallowed(now.paths.at(fd));
}

void lock() {
  recording().mutex.lock();
}

void unlock() {
  recording().mutex.unlock();
}

std::uint64_t events_so_far() {
  return recording().tape->events();
}

void record(const Event& event) {
  recording().tape->append(event);
}

void unsupported(const char* call, const char* path) {
  std::fprintf(stderr, "sweepd-power: cannot record %s of %s\n", call, path);
  ::_exit(kExitUnsupported);
}

}  // namespace recorder

}  // namespace sweepd::power
