// What a program did to the files below one folder, as bytes that outlive the process that did it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::power {

enum class EventKind : std::uint32_t {
  kOpen = 1,        // fd, path, other: what was there
  kClose = 2,       // fd
  kWrite = 3,       // fd, number: offset, other: bytes
  kResize = 4,      // fd, number: the new size
  kSync = 5,        // fd, number: of the events that are covered
  kSyncFailed = 6,  // the same, and what was covered may be lost although a later sync succeeds
  kRename = 7,      // path, other
  kLink = 8,        // path, other
  kUnlink = 9,      // path
  kMakeFolder = 10,
  kRemoveFolder = 11,
  kMark = 12,  // fd: what, number: which; said by the workload, not done to a file
};

// What an open found or did.
constexpr std::uint32_t kMade = 1;
constexpr std::uint32_t kEmptied = 2;
constexpr std::uint32_t kSynchronous = 4;  // O_SYNC, O_DSYNC

struct Event {
  EventKind kind = EventKind::kMark;
  std::int32_t fd = -1;
  std::uint32_t flags = 0;
  std::uint64_t number = 0;
  std::string_view path;  // from the folder on, without a slash in front; empty: the folder itself
  std::string_view other;
};

// One line for people.
std::string to_string(const Event& event);

// A piece of memory shared with child processes that events are appended to. A process that is
// killed while it writes leaves whole events only.
class Tape {
 public:
  explicit Tape(std::size_t bytes);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  void clear();
  void append(const Event& event);  // one thread at a time

  std::uint64_t events() const { return head_->events.load(); }

  // The events so far; they point into the tape.
  std::vector<Event> read() const;

  // To a file and back, so that what was found on a tape can be looked at again.
  void save(const std::string& path) const;
  bool load(const std::string& path);

  // Numbers that a child leaves for its parent: operations met, cuts checked and the like.
  std::atomic<std::uint64_t>& note(std::size_t index) { return head_->notes[index]; }

  // A text that a child leaves for its parent.
  void say(std::string_view text);
  std::string_view said() const;

 private:
  struct Head {
    std::atomic<std::uint64_t> events;
    std::atomic<std::uint64_t> used;
    std::atomic<std::uint64_t> notes[16];
    std::atomic<std::uint64_t> said;
    char text[4096];
  };

  Head* head_ = nullptr;
  char* bytes_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace sweepd::power
