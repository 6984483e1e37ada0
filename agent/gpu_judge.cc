// Which GPUs of this box can take a trial now.
#include "agent/gpu_judge.h"

#include "base/counted.h"
#include "base/overloaded.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace sweepd::agent {

namespace {

constexpr Duration kEvery = seconds(2);          // a look at every idle GPU
constexpr Duration kEveryWithheld = seconds(1);  // while somebody waits for one
constexpr Duration kEveryLeftover = milliseconds(500);
constexpr Duration kAnswerPatience = seconds(6);     // then nobody knows what is on the GPUs
constexpr Duration kLeftoverPatience = seconds(10);  // then what is left counts as somebody else's
// How long a GPU must have been free before it comes back, at two looks at least. Each return is a
// record in the daemon's journal: after one that did not last it is twice as long, up to the most,
// and the usual time again when it was calm.
constexpr Duration kFreeUsual = seconds(1);
constexpr Duration kFreeMost = seconds(128);
constexpr Duration kCalm = seconds(600);

std::string gib(std::uint64_t bytes) {
  constexpr double kGib = 1ULL << 30;
  return fmt::format("{:.1f}", static_cast<double>(bytes) / kGib);
}

// "3.2 of 80.0 GiB free"; empty where that is not told.
std::string free_text(const GpuUse& use) {
  return use.memory_bytes == 0
             ? std::string()
             : fmt::format("{} of {} GiB free", gib(use.free_bytes), gib(use.memory_bytes));
}

// The GPU of the slot; null for a slot that stands for none.
template <typename Gpus>
auto* gpu_at(Gpus& gpus, std::uint32_t slot) {
  const auto found = std::find_if(
      gpus.begin(), gpus.end(), [slot](const auto& gpu) { return gpu.place.slot == slot; });
  return found == gpus.end() ? nullptr : &*found;
}

}  // namespace

GpuJudge::GpuJudge(std::vector<SlotGpu> gpus, const BusyGpus& rule) : rule_(rule) {
  for (SlotGpu& place : gpus) {
    gpus_.emplace_back().place = std::move(place);
  }
}

// ---- inputs

void GpuJudge::booked(std::uint32_t slot, const AttemptKey& attempt) {
  if (Gpu* gpu = gpu_at(gpus_, slot)) {
    gpu->busy = true;
    ++gpu->bookings;
    gpu->last = attempt;
    gpu->idle_since.reset();
  }
}

void GpuJudge::released(std::uint32_t slot) {
  if (Gpu* gpu = gpu_at(gpus_, slot)) {
    gpu->busy = false;
    gpu->unseen = true;
  }
}

bool GpuJudge::due(Instant now) const {
  return now >= look_at_ || std::any_of(gpus_.begin(), gpus_.end(), [](const Gpu& gpu) {
           return !gpu.busy && gpu.unseen;
         });
}

std::vector<GpuQuestion> GpuJudge::questions(Instant now) {
  std::vector<GpuQuestion> out;
  if (asked_at_ || !due(now)) {
    return out;
  }
  for (Gpu& gpu : gpus_) {
    if (!gpu.busy) {
      gpu.idle_since = gpu.idle_since.value_or(now);
      out.push_back({gpu.place.slot, gpu.place.uuid, gpu.bookings});
    }
  }
  look_at_ = now + kEvery;
  if (!out.empty()) {
    asked_at_ = now;
  }
  return out;
}

bool GpuJudge::take(Instant now, const std::vector<GpuAnswer>& answers) {
  asked_at_.reset();
  bool changed = false;
  for (const GpuAnswer& answer : answers) {
    Gpu* gpu = gpu_at(gpus_, answer.question.slot);
    if (gpu != nullptr && !gpu->busy && gpu->bookings == answer.question.bookings) {
      gpu->unseen = false;
      changed = judge(now, *gpu, answer.use) || changed;
      if (gpu->hold) {
        look_at_ = std::min(
            look_at_, now + (gpu->hold->why == Why::kLeftover ? kEveryLeftover : kEveryWithheld));
      }
    }
  }
  return changed;
}

bool GpuJudge::pass(Instant now) {
  bool changed = false;
  if (asked_at_ && now - *asked_at_ >= kAnswerPatience) {
    for (Gpu& gpu : gpus_) {
      if (!gpu.busy) {
        gpu.unseen = false;
        const Hold hold{
            Why::kUnknown,
            fmt::format("NVML has not answered for {} s", kAnswerPatience.us / seconds(1).us)};
        changed = withhold(now, gpu, hold) || changed;
      }
    }
  }
  return changed;
}

// ---- the judgement

bool GpuJudge::judge(Instant now, Gpu& gpu, const Result<GpuUse>& use) {
  if (!use.ok()) {
    return withhold(now, gpu, {Why::kUnknown, use.error().message});
  }
  if (std::optional<Hold> hold = leftover(now, gpu, *use)) {
    return withhold(now, gpu, *std::move(hold));
  }
  gpu.last.reset();
  gpu.others = {use->processes.begin(), use->processes.end()};
  if (std::optional<Hold> hold = by_rule(*use)) {
    return withhold(now, gpu, *std::move(hold));
  }
  return offer(now, gpu, *use);
}

// What has come to the GPU with the last attempt, and not gone with it. Somebody else may have come
// at the same time: then the GPU stands still for as long as a leftover would be waited for.
std::optional<GpuJudge::Hold> GpuJudge::leftover(Instant now,
                                                 const Gpu& gpu,
                                                 const GpuUse& use) const {
  if (!gpu.last || now - gpu.idle_since.value_or(now) >= kLeftoverPatience) {
    return std::nullopt;
  }
  std::vector<std::uint32_t> left;
  std::copy_if(use.processes.begin(),
               use.processes.end(),
               std::back_inserter(left),
               [&gpu](std::uint32_t pid) { return !gpu.others.contains(pid); });
  if (left.empty()) {
    return std::nullopt;
  }
  return Hold{Why::kLeftover,
              fmt::format("still held after {} by {} {}",
                          to_string(*gpu.last),
                          left.size() == 1 ? "process" : "processes",
                          fmt::join(left, " "))};
}

std::optional<GpuJudge::Hold> GpuJudge::by_rule(const GpuUse& use) const {
  using Verdict = std::optional<Hold>;
  return std::visit(
      Overloaded{
          [](const OfferBusy&) { return Verdict(); },
          [&use](const WithholdBusy&) {
            const std::string free = free_text(use);
            return use.processes.empty()
                       ? Verdict()
                       : Hold{Why::kOthers,
                              fmt::format("{} of others{}{}",
                                          counted(use.processes.size(), "process", "processes"),
                                          free.empty() ? "" : ", ",
                                          free)};
          },
          [&use](const OfferWhileFree& wanted) {
            return use.memory_bytes == 0 || use.free_bytes >= wanted.bytes
                       ? Verdict()
                       : Hold{Why::kTooFull,
                              fmt::format(
                                  "{}, {} GiB are wanted", free_text(use), gib(wanted.bytes))};
          }},
      rule_);
}

// True when that is news.
bool GpuJudge::withhold(Instant now, Gpu& gpu, Hold hold) {
  gpu.free_since.reset();
  const bool offered = !gpu.hold || gpu.hold->why == Why::kLeftover;
  if (offered && hold.why != Why::kLeftover) {
    const bool quick = gpu.back_at && now - *gpu.back_at < kCalm;
    gpu.free_wanted = quick ? std::min(Duration{2 * gpu.free_wanted.us}, kFreeMost) : kFreeUsual;
  }
  const bool known = gpu.hold && gpu.hold->why == hold.why &&
                     (hold.why != Why::kUnknown || gpu.hold->words == hold.words);
  if (!known) {
    gpu.hold = std::move(hold);
  }
  return !known;
}

// Withheld for its memory, it comes back with a twentieth more than is wanted, so that one around
// the mark stays away. Where it never has as much, though it has enough all the time, that will do.
Duration GpuJudge::free_wanted(const Gpu& gpu, const GpuUse& use) const {
  const auto* rule = std::get_if<OfferWhileFree>(&rule_);
  const bool around = rule != nullptr && gpu.hold->why == Why::kTooFull && use.memory_bytes != 0 &&
                      use.free_bytes < rule->bytes + rule->bytes / 20;
  return around ? kFreeMost : gpu.free_wanted;
}

bool GpuJudge::offer(Instant now, Gpu& gpu, const GpuUse& use) const {
  if (!gpu.hold) {
    return false;
  }
  if (gpu.hold->why != Why::kLeftover) {
    gpu.free_since = gpu.free_since.value_or(now);
    if (now - *gpu.free_since < free_wanted(gpu, use)) {
      return false;
    }
    gpu.back_at = now;
  }
  gpu.hold.reset();
  gpu.free_since.reset();
  return true;
}

// ---- answers

bool GpuJudge::all_seen() const {
  return std::none_of(
      gpus_.begin(), gpus_.end(), [](const Gpu& gpu) { return !gpu.busy && gpu.unseen; });
}

bool GpuJudge::withholds(std::uint32_t slot) const {
  const Gpu* gpu = gpu_at(gpus_, slot);
  return gpu != nullptr && !gpu->busy && gpu->hold.has_value();
}

bool GpuJudge::may_start(std::uint32_t slot) const {
  const Gpu* gpu = gpu_at(gpus_, slot);
  return gpu == nullptr || (!gpu->unseen && !gpu->hold);
}

std::optional<std::string> GpuJudge::refusal(std::uint32_t slot) const {
  const Gpu* gpu = gpu_at(gpus_, slot);
  if (gpu == nullptr || gpu->busy || !gpu->hold || gpu->hold->why == Why::kLeftover) {
    return std::nullopt;
  }
  return fmt::format("{}: {}", gpu_text(gpu->place.number, gpu->place.uuid), gpu->hold->words);
}

std::vector<std::string> GpuJudge::withheld() const {
  std::vector<std::string> out;
  std::set<std::string> told;
  for (const Gpu& gpu : gpus_) {
    if (!withholds(gpu.place.slot) || !told.insert(gpu.hold->words).second) {
      continue;
    }
    std::vector<std::string> same;
    for (const Gpu& other : gpus_) {
      if (withholds(other.place.slot) && other.hold->words == gpu.hold->words) {
        same.push_back(fmt::format("{}", other.place.number));
      }
    }
    out.push_back(fmt::format("{}: {}",
                              same.size() == 1 ? gpu_text(gpu.place.number, gpu.place.uuid)
                                               : fmt::format("GPUs {}", fmt::join(same, ", ")),
                              gpu.hold->words));
  }
  return out;
}

std::optional<Instant> GpuJudge::next_wake(Instant now) const {
  if (gpus_.empty()) {
    return std::nullopt;
  }
  if (asked_at_) {
    const Instant late = *asked_at_ + kAnswerPatience;
    return late > now ? std::optional(late) : std::nullopt;  // then only an answer changes anything
  }
  return due(now) ? now : look_at_;
}

}  // namespace sweepd::agent
