// Watches what this process does to the files below one folder, and makes a chosen operation fail.
#pragma once

#include "tests/power/trace.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sweepd::power {

// Which of the operations that change something below the folder fails.
struct Fault {
  std::uint64_t at = 0;  // 1: the first; 0: none
  int error = 0;
  bool forever = false;  // and all after it
  std::string beside;    // operations on what is below this path do not count
  // Whether a sync of this path that fails says that it did not: a mutant of the checks. Then no
  // other operations count.
  bool (*swallowed)(std::string_view path) = nullptr;
};

// Everything that the process does to files below `folder` goes onto the tape until the end. Syncs
// are recorded, not carried out. One recording at a time; threads may come and go meanwhile.
void begin_recording(Tape& tape, const std::string& folder, const Fault& fault = {});
void end_recording();

// Operations so far that could have been made to fail.
std::uint64_t operations_met();

// What the workload says: something is about to be asked for, or was acknowledged to the outside.
void mark(std::int32_t what, std::uint64_t which);

namespace recorder {

// What the wrapped calls of the system use.

// The path from the folder on, when it is below it and recorded.
std::optional<std::string> inside(const char* path);
bool tracks(int fd);
void track(int fd, const std::string& path);
void untrack(int fd);

enum class Fate { kWorks, kFails, kHalf };  // half: of a write; what goes on with it fails

// Counts an operation that changes something, and says what becomes of it; sets errno.
Fate next_operation(const std::string& path);
Fate next_operation(int fd, bool divisible = false);
Fate next_sync(int fd);

// Whether the failure of a sync is to be hidden from the program.
bool swallows(int fd);

void lock();
void unlock();

// Taken around an operation and its event, so that the tape has the order in which things happened.
class Turn {
 public:
  Turn() { lock(); }

  ~Turn() { unlock(); }

  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
};

std::uint64_t events_so_far();
void record(const Event& event);

// Ends the process: what was done cannot be recorded, so nothing could be concluded.
[[noreturn]] void unsupported(const char* call, const char* path);

}  // namespace recorder

}  // namespace sweepd::power
