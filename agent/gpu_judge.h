// Which GPUs of this box can take a trial now: pure.
#pragma once

#include "agent/busy_gpus.h"
#include "agent/devices_nvml.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sweepd::agent {

// The GPU, or slice, that a slot stands for.
struct SlotGpu {
  std::uint32_t slot = 0;
  std::uint32_t number = 0;  // as nvidia-smi counts
  std::string uuid;
};

struct GpuQuestion {
  std::uint32_t slot = 0;
  std::string uuid;
  std::uint64_t bookings = 0;  // of the slot so far: an answer from before the last one is stale
};

struct GpuAnswer {
  GpuQuestion question;
  Result<GpuUse> use;
};

// Judges by what the library said of GPUs on which the agent runs nothing: what is on such a GPU is
// not the agent's. A GPU is withheld for what others have on it as far as `busy_gpus` says so, as
// long as the library does not answer, and for some seconds after an attempt that left something on
// it. It comes back by itself, later each time that it was not for long. What runs is never judged.
// Time is whatever the caller passes in, as long as it does not go back.
class GpuJudge {
 public:
  // No GPUs: then nothing is ever asked or withheld.
  GpuJudge(std::vector<SlotGpu> gpus, const BusyGpus& rule);

  // ---- inputs; slots that stand for no GPU are passed over

  void booked(std::uint32_t slot, const AttemptKey& attempt);
  void released(std::uint32_t slot);

  // What to ask now; nothing while nothing is due, or the last questions wait for their answers.
  std::vector<GpuQuestion> questions(Instant now);

  // True when another set of GPUs is withheld than before, or for other reasons.
  bool take(Instant now, const std::vector<GpuAnswer>& answers);

  // Time has passed; true as above.
  bool pass(Instant now);

  // ---- answers

  // Whether every GPU has been looked at since something of the agent was last on it.
  bool all_seen() const;

  bool withholds(std::uint32_t slot) const;

  // Whether an attempt may begin on the slot now. One that may not waits, unless there is a
  // refusal.
  bool may_start(std::uint32_t slot) const;

  // Why the slot takes nothing until something changes outside of the agent.
  std::optional<std::string> refusal(std::uint32_t slot) const;

  // Why GPUs are withheld, one sentence for each, or for several of which the same is true.
  std::vector<std::string> withheld() const;

  // When `questions` or `pass` is due without an answer.
  std::optional<Instant> next_wake(Instant now) const;

 private:
  enum class Why {
    kOthers,    // processes of others are on it
    kTooFull,   // too little of its memory is free
    kUnknown,   // the library does not say
    kLeftover,  // what an attempt left on it is not gone yet
  };

  struct Hold {
    Why why = Why::kUnknown;
    // As it was when it began: numbers that change all the time are not told anew.
    std::string words;
  };

  struct Gpu {
    SlotGpu place;
    bool busy = false;  // with an attempt of this agent
    std::uint64_t bookings = 0;
    bool unseen = true;                   // since the last one, or ever
    std::optional<AttemptKey> last;       // the attempt that may have left something
    std::optional<Instant> idle_since;    // as far as it was noticed
    std::set<std::uint32_t> others = {};  // processes that were on it before the last attempt
    std::optional<Hold> hold;
    std::optional<Instant> free_since;  // at every look, while it is withheld
    Duration free_wanted;               // so long, until it comes back
    std::optional<Instant> back_at;     // when it last did
  };

  bool due(Instant now) const;
  bool judge(Instant now, Gpu& gpu, const Result<GpuUse>& use);
  std::optional<Hold> leftover(Instant now, const Gpu& gpu, const GpuUse& use) const;
  std::optional<Hold> by_rule(const GpuUse& use) const;
  Duration free_wanted(const Gpu& gpu, const GpuUse& use) const;
  static bool withhold(Instant now, Gpu& gpu, Hold hold);
  bool offer(Instant now, Gpu& gpu, const GpuUse& use) const;

  std::vector<Gpu> gpus_;
  BusyGpus rule_;
  std::optional<Instant> asked_at_;  // answers are waited for
  Instant look_at_;                  // of the next look at all of them
};

}  // namespace sweepd::agent
