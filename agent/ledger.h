// The agent's memory on disk: what was started is never started again, what ended is not forgotten.
#pragma once

#include "agent/session.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/sweepd.pb.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::agent {

// One line of the ledger. On disk; append-only.
enum class LedgerKind : std::uint8_t {
  kIncarnation = 1,  // number: starts of the program so far; bytes: the boot of the machine
  kTerm = 2,         // number: the largest term obeyed
  kStarted = 3,      // attempt, and its StartAttempt: may have been started
  kEnded = 4,        // attempt, and how it ended: an AttemptEnded to be delivered
  kForgotten = 5,    // attempt: its end is acknowledged
  kOver = 6,         // attempt, and what of its AttemptEnded is known: no process of it is left
  kStored = 7,       // number: the largest place of a daemon's store that was told
};

// What the lines of a ledger add up to.
struct LedgerState {
  std::uint64_t incarnation = 0;
  std::uint64_t term = 0;
  std::string boot_id;    // of the machine at the last start of the program
  bool rebooted = false;  // since the start before

  struct Started {
    std::string order;  // bytes of its StartAttempt
    std::string over;   // bytes of what is known of its AttemptEnded; empty: it may run

    bool operator==(const Started&) const = default;
  };

  std::map<AttemptKey, Started> started;
  std::map<AttemptKey, std::string> ended;  // bytes of its AttemptEnded
  RecentAttempts done{kDoneMax};            // forgotten but for their numbers
  std::uint64_t stored = 0;

  bool operator==(const LedgerState&) const = default;
};

// Reads lines up to the first that is not whole (torn by a crash, or damaged). `used`, when given,
// gets the number of bytes that were.
LedgerState read_ledger(std::string_view bytes, std::size_t* used = nullptr);

// The size from which on a ledger is written anew when half of it is of no use.
constexpr std::size_t kLedgerBytes = 4 << 20;

// An append-only file. Rows are collected and reach the disk together with `sync`.
class Ledger {
 public:
  // Reads the file, writes it anew with what still counts (compaction) and counts this start.
  // Fails when it cannot be read or written: without a ledger nothing may be started.
  //   boot_id: of the machine; after another one no process of an earlier run is alive, and what
  //   was not synced may be gone
  static Result<Ledger> open(const std::string& path, const std::string& boot_id);

  ~Ledger();
  Ledger(Ledger&& other) noexcept;
  Ledger& operator=(Ledger&& other) noexcept;

  // The rows that the commands of a session ask for; whether they must be on disk before any of
  // those is carried out.
  bool note(const std::vector<Command>& commands);

  void started(const pb::StartAttempt& order);
  void term(std::uint64_t term);
  void stored(std::uint64_t stored);
  void over(const pb::AttemptEnded& so_far);
  void ended(const pb::AttemptEnded& end);
  void forgotten(const AttemptKey& key);

  // Writes the collected rows and waits until they are on disk. After a failure what they stand for
  // must not be done, although some of them may be read back.
  Result<void> sync();

  // Writes them without waiting: enough for what may be lost with the machine.
  Result<void> write();

  // Writes the file anew with what still counts once most of it does not. After a failure the rows
  // are where they were.
  Result<void> compact_if_due();

  std::uint64_t incarnation() const { return state_.incarnation; }

  // As found at open.
  Remembered remembered() const;

 private:
  Ledger(std::string path, LedgerState state) : path_(std::move(path)), state_(std::move(state)) {}

  Result<void> replace(const LedgerState& state);

  // Writes the file anew when a failure has made it doubtful.
  Result<void> mend();

  std::string path_;
  int fd_ = -1;
  LedgerState state_;        // as found at open
  std::size_t size_ = 0;     // of the file, in whole rows
  std::size_t bounded_ = 0;  // the size below which it is not written anew
  // The disk may hold less of the file than a reader sees: a sync that failed is not made good by
  // a later one, and rows behind a gap are not found.
  bool doubtful_ = false;
  std::string pending_;
};

}  // namespace sweepd::agent
