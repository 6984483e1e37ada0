// The slots of this box with their shims.
#include "agent/runner/slots.h"

#include "agent/runner/leftovers.h"
#include "agent/shim/process_tree.h"
#include "base/log.h"

#include <fmt/format.h>

#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace sweepd::agent {

namespace {

constexpr Duration kRetry = milliseconds(250);
constexpr Duration kClearRound = milliseconds(20);

}  // namespace

Slots::Slots(Options options)
    : slots_(std::move(options.slots)),
      state_(std::move(options.state)),
      usable_(slots_.size(), false) {
  shims_.reserve(slots_.size());
  for (const pb::Slot& slot : slots_) {
    shims_.emplace_back(ShimSlot::Options{
        slot.index(), fmt::format("{}/slots/{}.lock", state_, slot.index()), options.shim});
  }
}

// What an attempt left whose shim was killed together with the agent would run on beside whatever
// gets its slot next. Those below a shim are the shim's to end.
bool Slots::cleared(Instant now) {
  if (!must_clear_) {
    return true;
  }
  const std::vector<pid_t> leftovers = find_leftovers(state_);
  if (!leftovers.empty()) {
    log_warn("killing {} processes of an earlier run, the first is {}",
             leftovers.size(),
             leftovers.front());
    shim::signal_all(leftovers, SIGKILL);
    retry_at_ = now + kClearRound;
  }
  must_clear_ = !leftovers.empty();
  return !must_clear_;
}

bool Slots::ensure(Instant now) {
  if (!cleared(now)) {
    return false;
  }
  bool changed = false;
  retry_at_.reset();
  for (std::size_t i = 0; i < shims_.size(); ++i) {
    shims_[i].ensure();
    const bool usable = shims_[i].fd() >= 0;
    changed = changed || usable != usable_[i];
    usable_[i] = usable;
    // Its shim may be killed while it ends what it ran.
    must_clear_ = must_clear_ || shims_[i].state() == ShimSlot::State::kLocked;
    retry_at_ = usable ? retry_at_ : std::optional(now + kRetry);
  }
  return changed;
}

std::vector<pb::Slot> Slots::offered() const {
  std::vector<pb::Slot> out;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (usable_[i]) {
      out.push_back(slots_[i]);
    }
  }
  return out;
}

Result<std::vector<pb::Slot>> Slots::resolve(const pb::StartAttempt& order) const {
  std::vector<pb::Slot> out;
  for (const std::uint32_t index : order.slots()) {
    const auto slot = std::find_if(slots_.begin(), slots_.end(), [index](const pb::Slot& known) {
      return known.index() == index;
    });
    if (slot == slots_.end()) {
      return Error{Errc::kInvalidArgument, fmt::format("this agent has no slot {}", index)};
    }
    out.push_back(*slot);
  }
  if (out.empty()) {
    return Error{Errc::kInvalidArgument, "the order names no slot"};
  }
  return out;
}

bool Slots::book(const AttemptKey& attempt, const std::vector<pb::Slot>& slots) {
  for (const pb::Slot& slot : slots) {
    const auto shim = std::find_if(shims_.begin(), shims_.end(), [&slot](const ShimSlot& known) {
      return known.index() == slot.index();
    });
    if (booked_.contains(slot.index()) || shim == shims_.end() ||
        shim->state() != ShimSlot::State::kIdle) {
      return false;
    }
  }
  for (const pb::Slot& slot : slots) {
    booked_[slot.index()] = attempt;
  }
  main_[attempt] = slots.front().index();
  return true;
}

void Slots::release(const AttemptKey& attempt) {
  std::erase_if(booked_, [&attempt](const auto& entry) { return entry.second == attempt; });
  main_.erase(attempt);
}

ShimSlot* Slots::shim_of(const AttemptKey& attempt) {
  const auto main = main_.find(attempt);
  if (main == main_.end()) {
    return nullptr;
  }
  for (ShimSlot& shim : shims_) {
    if (shim.index() == main->second) {
      return &shim;
    }
  }
  return nullptr;
}

Slots::Heard Slots::listen() {
  Heard heard;
  for (ShimSlot& shim : shims_) {
    const std::optional<AttemptKey> attempt = shim.attempt();
    bool gone = false;
    for (const shim::Notice& notice : shim.read(gone)) {
      if (attempt) {
        heard.said.push_back({*attempt, notice});
      }
    }
    // After its last word it may well end: then there is nothing left to be in doubt about.
    if (gone && shim.attempt()) {
      heard.orphaned.push_back(*shim.attempt());
    }
    if (gone) {
      log_warn("slot={} shim={} is gone", shim.index(), shim.pid());
      retry_at_ = Instant{};
    }
  }
  return heard;
}

bool Slots::kill_orphans() const {
  std::vector<pid_t> kept;
  for (const ShimSlot& shim : shims_) {
    if (shim.fd() >= 0) {
      const std::vector<pid_t> below = shim::descendants(shim.pid());
      kept.push_back(shim.pid());
      kept.insert(kept.end(), below.begin(), below.end());
    }
  }
  std::vector<pid_t> orphans = shim::descendants(::getpid());
  std::erase_if(orphans, [&kept](pid_t pid) {
    return std::find(kept.begin(), kept.end(), pid) != kept.end();
  });
  shim::signal_all(orphans, SIGKILL);
  return orphans.empty();
}

std::vector<int> Slots::fds() const {
  std::vector<int> out;
  for (const ShimSlot& shim : shims_) {
    if (shim.fd() >= 0) {
      out.push_back(shim.fd());
    }
  }
  return out;
}

void Slots::close() {
  for (ShimSlot& shim : shims_) {
    shim.close();
  }
}

}  // namespace sweepd::agent
