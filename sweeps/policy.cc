// The memory of early-termination policies, and which rule judges what.
#include "sweeps/policy.h"

#include "base/check.h"
#include "sweeps/contest.h"
#include "sweeps/policy_asha.h"
#include "sweeps/policy_bandit.h"
#include "sweeps/policy_median.h"
#include "sweeps/policy_truncation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace sweepd::sweeps {

namespace {

constexpr double kWorst = std::numeric_limits<double>::infinity();

// What a trial entered at a level.
struct Entry {
  double level = 0;
  double value = 0;

  bool operator==(const Entry&) const = default;
};

// One trial as the policy remembers it; kept after its end, because a retry may take it back.
struct Curve {
  std::uint32_t reports = 0;
  std::uint32_t last_n = 0;
  double last = 0;
  double best = kWorst;
  double sum = 0;
  std::vector<Entry> entries;    // levels ascending
  std::size_t entered_last = 0;  // how many of them the last report made
  bool ended = false;

  bool operator==(const Curve&) const = default;
};

// Where an interval policy looks at a report: at n itself when it is due, and on a named resource
// at the highest multiple of the interval that the report has reached. Empty when there is none.
std::optional<double> level_reached(const StopSpec& spec, const PolicyReport& report) {
  const bool counts_reports = spec.time.empty();
  const double at = counts_reports ? report.n : report.resource;
  const double interval = std::max<std::uint32_t>(spec.evaluation_interval, 1);
  const double level = std::floor(at / interval) * interval;
  const bool due = counts_reports ? level == at : level >= 0;
  // Written so that a resource that is not a number is never due.
  return due && level >= spec.delay_evaluation && std::isfinite(level) ? std::optional(level)
                                                                       : std::nullopt;
}

Verdict diverged(const Curve& curve) {
  return {Decision::kStop,
          "nan",
          static_cast<double>(curve.last_n),
          curve.last,
          std::numeric_limits<double>::max(),
          1};
}

}  // namespace

struct Policy::Memory {
  StopSpec spec;
  std::vector<double> rungs;              // asha
  std::map<double, RankedValues> levels;  // none empty
  std::map<TrialNumber, Curve> curves;

  bool operator==(const Memory&) const = default;

  void enter(TrialNumber trial, Curve& curve, const Entry& entry) {
    curve.entries.push_back(entry);
    levels[entry.level].insert({entry.value, trial});
  }

  void leave_all(TrialNumber trial, const Curve& curve) {
    for (const Entry& entry : curve.entries) {
      const auto found = levels.find(entry.level);
      if (found == levels.end()) {
        continue;
      }
      found->second.erase({entry.value, trial});
      if (found->second.empty()) {
        levels.erase(found);
      }
    }
  }

  // A trial enters a level once, and no level below one that it has entered.
  void enter_level(const PolicyReport& report, Curve& curve, double value) {
    const std::optional<double> level = level_reached(spec, report);
    if (level && (curve.entries.empty() || *level > curve.entries.back().level)) {
      enter(report.trial, curve, {*level, value});
    }
  }

  // A report that jumps enters every rung on its way with its own value.
  void enter_rungs(const PolicyReport& report, Curve& curve) {
    while (curve.entries.size() < rungs.size() && report.resource >= rungs[curve.entries.size()]) {
      enter(report.trial, curve, {rungs[curve.entries.size()], report.value});
    }
  }

  Verdict judged(const Contest& contest) const {
    switch (spec.policy) {
      case PolicyKind::kBandit:
        return judge_bandit(spec, contest);
      case PolicyKind::kMedian:
        return judge_median(spec, contest);
      case PolicyKind::kTruncation:
        return judge_truncation(spec, contest);
      case PolicyKind::kAsha:
        return judge_asha(spec, contest);
      case PolicyKind::kNone:
        break;
    }
    check_failed("no policy, and yet something was entered", __FILE__, __LINE__);
  }
};

Policy::Policy(const StopSpec& spec) : memory_(std::make_unique<Memory>()) {
  memory_->spec = spec;
  if (spec.policy == PolicyKind::kAsha) {
    memory_->rungs = asha_rungs(spec);
  }
}

Policy::~Policy() = default;

Policy::Policy(const Policy& other) : memory_(std::make_unique<Memory>(*other.memory_)) {}

Policy::Policy(Policy&& other) noexcept = default;

Policy& Policy::operator=(const Policy& other) {
  if (this != &other) {
    memory_ = std::make_unique<Memory>(*other.memory_);
  }
  return *this;
}

Policy& Policy::operator=(Policy&& other) noexcept = default;

void Policy::observe(const PolicyReport& report) {
  SWEEPD_CHECK(!std::isnan(report.value));
  Curve& curve = memory_->curves[report.trial];
  if (curve.ended) {
    return;
  }
  ++curve.reports;
  curve.last_n = report.n;
  curve.last = report.value;
  curve.best = std::min(curve.best, report.value);
  // Bounded, because minus infinity plus the infinity of a diverged report would be no number.
  curve.sum = std::max(curve.sum + report.value, std::numeric_limits<double>::lowest());
  const std::size_t entered_before = curve.entries.size();
  switch (memory_->spec.policy) {
    case PolicyKind::kNone:
      break;
    case PolicyKind::kBandit:
    case PolicyKind::kTruncation:
      memory_->enter_level(report, curve, curve.best);
      break;
    case PolicyKind::kMedian:
      memory_->enter_level(report, curve, curve.sum / curve.reports);
      break;
    case PolicyKind::kAsha:
      memory_->enter_rungs(report, curve);
      break;
  }
  curve.entered_last = curve.entries.size() - entered_before;
}

std::optional<Verdict> Policy::judge(TrialNumber trial) const {
  const auto found = memory_->curves.find(trial);
  if (found == memory_->curves.end() || found->second.ended) {
    return std::nullopt;
  }
  const Curve& curve = found->second;
  if (memory_->spec.stop_on_nan && curve.last == kWorst) {
    return diverged(curve);
  }
  std::optional<Verdict> verdict;
  for (std::size_t i = curve.entries.size() - curve.entered_last; i < curve.entries.size(); ++i) {
    const Entry& entry = curve.entries[i];
    verdict = memory_->judged(
        {memory_->levels.at(entry.level), entry.level, {entry.value, trial}, curve.best});
    if (verdict->decision == Decision::kStop) {
      break;
    }
  }
  return verdict;
}

void Policy::forget(TrialNumber trial) {
  const auto found = memory_->curves.find(trial);
  if (found == memory_->curves.end()) {
    return;
  }
  memory_->leave_all(trial, found->second);
  memory_->curves.erase(found);
}

void Policy::end(TrialNumber trial, bool failed) {
  if (memory_->spec.policy == PolicyKind::kNone) {
    // Nothing that ended is ever looked at again.
    memory_->curves.erase(trial);
    return;
  }
  Curve& curve = memory_->curves[trial];
  if (curve.ended) {
    return;
  }
  if (failed && curve.entries.size() < memory_->rungs.size()) {
    memory_->enter(trial, curve, {memory_->rungs[curve.entries.size()], kWorst});
  }
  if (memory_->spec.policy == PolicyKind::kTruncation && memory_->spec.exclude_finished) {
    memory_->leave_all(trial, curve);
  }
  curve.ended = true;
}

bool Policy::operator==(const Policy& other) const {
  return *memory_ == *other.memory_;
}

}  // namespace sweepd::sweeps
