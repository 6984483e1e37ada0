// The slots of this box with their shims.
#include "agent/runner/slots.h"

#include "agent/runner/leftovers.h"
#include "agent/shim/process_tree.h"
#include "base/counted.h"
#include "base/log.h"
#include "wire/protocol.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace sweepd::agent {

namespace {

constexpr Duration kRetry = milliseconds(250);
constexpr Duration kClearRound = milliseconds(20);
constexpr Duration kClearRoundMax = seconds(1);

}  // namespace

Slots::Slots(Options options)
    : slots_(std::move(options.slots)),
      gpus_(std::move(options.gpus)),
      state_(std::move(options.state)),
      program_(std::move(options.shim)),
      containment_(std::move(options.containment)),
      usable_(slots_.size(), false) {
  for (const pb::Slot& slot : slots_) {
    add_retired(slot.index());
  }
}

void Slots::add_retired(std::uint32_t index) {
  if (shim_at(index) == nullptr) {
    shims_.emplace_back(ShimSlot::Options{
        index, fmt::format("{}/slots/{}", state_, index), program_, containment_});
  }
}

ShimSlot* Slots::shim_at(std::uint32_t index) {
  const auto found = std::find_if(shims_.begin(), shims_.end(), [index](const ShimSlot& shim) {
    return shim.index() == index;
  });
  return found == shims_.end() ? nullptr : &*found;
}

// What an attempt left whose shim was killed together with the agent would run on beside whatever
// gets its slot next. Those below a shim are the shim's to end.
bool Slots::cleared(Instant now) {
  if (!must_clear_) {
    return true;
  }
  std::vector<pid_t> leftovers = find_leftovers(state_);
  shim::signal_all(leftovers, SIGKILL);
  must_clear_ = !leftovers.empty();
  if (leftovers != leftovers_ && must_clear_) {
    log_warn("killing {} of an earlier run: {}",
             counted(leftovers.size(), "process", "processes"),
             fmt::join(leftovers, " "));
    clear_pause_ = kClearRound;
  }
  leftovers_ = std::move(leftovers);
  // Some cannot be killed for a long time: those that wait for a device, or a disk that is away.
  retry_at_ = now + clear_pause_;
  clear_pause_ = std::min(Duration{clear_pause_.us * 2}, kClearRoundMax);
  return !must_clear_;
}

// Shims that answer are heard whatever else is left: what they run goes on only as long as its
// lease is passed on. Only a new one must be alone on its slot.
bool Slots::ensure(Instant now) {
  retry_at_.reset();
  const bool may_start = cleared(now);
  bool changed = false;
  for (std::size_t i = 0; i < shims_.size(); ++i) {
    shims_[i].ensure(may_start);
    const bool known = shims_[i].known();
    // Its shim may be killed while it ends what it ran.
    must_clear_ = must_clear_ || shims_[i].state() == ShimSlot::State::kLocked;
    if (!known && may_start) {
      retry_at_ = now + kRetry;
    }
    if (i < usable_.size()) {
      changed = changed || known != usable_[i];
      usable_[i] = known;
    }
  }
  return changed;
}

std::vector<pb::Slot> Slots::offered() const {
  std::vector<pb::Slot> out;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (usable_[i] && !gpus_.withholds(slots_[i].index())) {
      out.push_back(slots_[i]);
    }
  }
  return out;
}

bool Slots::all_known() const {
  return std::find(usable_.begin(), usable_.end(), false) == usable_.end() && gpus_.all_seen();
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
    if (const std::optional<std::string> why = gpus_.refusal(index)) {
      return Error{Errc::kUnavailable, fmt::format("slot {} is withheld: {}", index, *why)};
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
    const ShimSlot* shim = shim_at(slot.index());
    if (booked_.contains(slot.index()) || shim == nullptr ||
        shim->state() != ShimSlot::State::kIdle || !gpus_.may_start(slot.index())) {
      return false;
    }
  }
  for (const pb::Slot& slot : slots) {
    booked_[slot.index()] = attempt;
    gpus_.booked(slot.index(), attempt);
  }
  main_[attempt] = slots.front().index();
  return true;
}

void Slots::book_found(const pb::StartAttempt& order) {
  const AttemptKey attempt = wire::from_proto(order.attempt());
  for (const std::uint32_t index : order.slots()) {
    booked_[index] = attempt;
    gpus_.booked(index, attempt);
  }
  main_[attempt] = order.slots(0);
}

void Slots::release(const AttemptKey& attempt) {
  std::erase_if(booked_, [&](const auto& entry) {
    const bool ours = entry.second == attempt;
    if (ours) {
      gpus_.released(entry.first);
    }
    return ours;
  });
  main_.erase(attempt);
}

ShimSlot* Slots::shim_of(const AttemptKey& attempt) {
  const auto main = main_.find(attempt);
  return main == main_.end() ? nullptr : shim_at(main->second);
}

bool Slots::vacated(std::uint32_t index) const {
  const auto shim = std::find_if(shims_.begin(), shims_.end(), [index](const ShimSlot& known) {
    return known.index() == index;
  });
  return shim == shims_.end() || shim->known();
}

Slots::Heard Slots::listen() {
  Heard heard;
  for (ShimSlot& shim : shims_) {
    std::optional<AttemptKey> attempt = shim.attempt();
    ShimSlot::Heard said = shim.read();
    shim.repeat_stop();
    if (said.found) {
      attempt = said.found;
      heard.found.push_back(*said.found);
      log_info("slot={} shim={} found with attempt {}",
               shim.index(),
               shim.pid(),
               to_string(*said.found));
    }
    for (shimpb::Notice& notice : said.notices) {
      if (attempt) {
        heard.said.push_back({*attempt, std::move(notice)});
      }
    }
    // After its last word it may well end: then there is nothing left to be in doubt about.
    if (said.gone && shim.attempt()) {
      heard.orphaned.push_back(*shim.attempt());
    }
    if (said.gone) {
      log_warn("slot={} shim={} is gone", shim.index(), shim.pid());
    }
    if (said.gone || said.found || shim.state() == ShimSlot::State::kBroken) {
      retry_at_ = Instant{};
    }
  }
  return heard;
}

void Slots::disown(const AttemptKey& attempt) {
  for (ShimSlot& shim : shims_) {
    if (shim.attempt() == attempt) {
      log_warn("slot={} attempt {} is in no ledger: it is ended", shim.index(), to_string(attempt));
      shim.close();
    }
  }
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
  // Of a shim that was started by an earlier run of this program others are the heirs.
  for (const ShimSlot& shim : shims_) {
    if (shim.fd() < 0) {
      containment_.kill_slot(shim.index());
    }
  }
  const std::vector<pid_t> leftovers = find_leftovers(state_);
  orphans.insert(orphans.end(), leftovers.begin(), leftovers.end());
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

void Slots::let_go() {
  for (ShimSlot& shim : shims_) {
    shim.let_go();
  }
}

}  // namespace sweepd::agent
