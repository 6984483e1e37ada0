// The slots of this box with their shims: which are free, which run what, which cannot be used.
#pragma once

#include "agent/gpu_judge.h"
#include "agent/runner/shim_slot.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::agent {

class Slots {
 public:
  struct Options {
    std::vector<pb::Slot> slots;
    GpuJudge gpus;
    std::string state;  // folder; locks and sockets are below it
    std::string shim;   // the program
    Containment containment;
  };

  explicit Slots(Options options);

  // A slot that is offered no more, but on which an attempt of an earlier run of the program may
  // still run.
  void add_retired(std::uint32_t index);

  // Ends what attempts of an earlier run left behind without a shim, then finds or starts shims
  // where there are none. True when another set of slots can be offered than before.
  bool ensure(Instant now);

  // What can be offered: verified empty, or busy with an attempt that this program knows, and not
  // withheld for what is on its GPU.
  std::vector<pb::Slot> offered() const;

  // Whether it is known of every slot if it can be offered.
  bool all_known() const;

  // What is known of the GPUs; whoever asks the library tells it.
  GpuJudge& gpus() { return gpus_; }

  const GpuJudge& gpus() const { return gpus_; }

  // Whether each of an order's slots exists, and none is withheld; the error names one.
  Result<std::vector<pb::Slot>> resolve(const pb::StartAttempt& order) const;

  // Books all of them, or none: then some attempt is not over yet, or has left something on a GPU,
  // or a shim is not there.
  bool book(const AttemptKey& attempt, const std::vector<pb::Slot>& slots);

  // Books the slots of an attempt that runs on them since an earlier run of the program.
  void book_found(const pb::StartAttempt& order);
  void release(const AttemptKey& attempt);

  // The shim that runs the attempt, or will: that of its first slot.
  ShimSlot* shim_of(const AttemptKey& attempt);

  // Whether nothing of an earlier run of the program can be on the slot any more.
  bool vacated(std::uint32_t index) const;

  // Everything that shims have said, with the attempt it is about.
  struct Said {
    AttemptKey attempt;
    shimpb::Notice notice;
  };

  struct Heard {
    std::vector<AttemptKey> found;  // that shims of an earlier run hold
    std::vector<Said> said;
    std::vector<AttemptKey> orphaned;  // whose shim died: of each something may still run
  };

  Heard listen();

  // The shim that holds the attempt ends it, and itself: nobody knows about it.
  void disown(const AttemptKey& attempt);

  // After a shim died: ends processes that have nobody but this program left. True when there is
  // none any more. This program must be a subreaper.
  bool kill_orphans() const;

  // Where shims can be heard.
  std::vector<int> fds() const;

  std::optional<Instant> next_wake() const { return retry_at_; }

  // All shims end what they run, and themselves.
  void close();

  // Lets go of all shims: what they run goes on.
  void let_go();

 private:
  ShimSlot* shim_at(std::uint32_t index);
  bool cleared(Instant now);

  std::vector<pb::Slot> slots_;
  GpuJudge gpus_;
  std::string state_;
  std::string program_;
  Containment containment_;
  bool must_clear_ = true;                      // something of an earlier run may be left
  std::vector<pid_t> leftovers_;                // that were found the last time
  Duration clear_pause_;                        // until they are looked for again
  std::vector<ShimSlot> shims_;                 // of the slots, in their order; then retired ones
  std::map<std::uint32_t, AttemptKey> booked_;  // by slot index
  std::map<AttemptKey, std::uint32_t> main_;    // the slot whose shim runs the attempt
  std::vector<bool> usable_;                    // as last told by `ensure`
  std::optional<Instant> retry_at_;
};

}  // namespace sweepd::agent
