// What the parts of a sweep may not be, each part on its own.
#include "sweeps/spec_checks.h"

#include "base/limits.h"
#include "sweeps/code_needs.h"
#include "sweeps/policy_asha.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

namespace sweepd::sweeps {

namespace {

constexpr std::size_t kLabelBytesMax = 256;  // names and tags are shown in tables

// Longer spans than this overflow when they are added to a point in time.
constexpr Duration kSpanMax = seconds(std::int64_t{100} * 365 * 24 * 3600);

template <typename Enum>
bool is_one_of(Enum value, std::initializer_list<Enum> known) {
  return std::find(known.begin(), known.end(), value) != known.end();
}

// A path that stays below the folder it starts from.
Result<void> check_path(const std::string& key, const std::string& path) {
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (path.substr(start, end - start) == "..") {
      return refused(fmt::format("{}: the path '{}' leads out of its folder", key, path));
    }
    start = end + 1;
  }
  if (path.starts_with('/') || path.find('\0') != std::string::npos) {
    return refused(fmt::format("{}: the path '{}' is not relative", key, path));
  }
  return {};
}

Result<void> check_paths(const std::string& key, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path.empty()) {
      return refused(fmt::format("{}: a path is empty", key));
    }
    SWEEPD_TRY_VOID(check_path(key, path));
  }
  return {};
}

Result<void> check_span(const std::string& key, Duration span, Duration least) {
  if (span < least || span > kSpanMax) {
    return refused(fmt::format(
        "{}: {} s is {}", key, span.us / 1'000'000, span < least ? "too short" : "too long"));
  }
  return {};
}

Result<void> check_bandit(const StopSpec& stop) {
  if (stop.slack_factor.has_value() == stop.slack_amount.has_value()) {
    return refused("stop.policy 'bandit' needs exactly one of slack_factor and slack_amount");
  }
  const double slack = stop.slack_factor ? *stop.slack_factor : *stop.slack_amount;
  if (!std::isfinite(slack) || slack <= 0) {
    return refused(fmt::format(
        "stop.{}: {} is not above 0", stop.slack_factor ? "slack_factor" : "slack_amount", slack));
  }
  return {};
}

Result<void> check_asha(const StopSpec& stop) {
  if (!std::isfinite(stop.resource_min) || stop.resource_min <= 0) {
    return refused(fmt::format("stop.min: {} is not above 0", stop.resource_min));
  }
  if (!std::isfinite(stop.resource_max) || stop.resource_max <= stop.resource_min) {
    return refused(fmt::format(
        "stop.max: {} is not above the minimum {}", stop.resource_max, stop.resource_min));
  }
  if (stop.reduction < 2) {
    return refused(fmt::format("stop.reduction: {} is below 2", stop.reduction));
  }
  if (asha_rungs(stop).empty()) {
    return refused(fmt::format(
        "stop.policy 'asha': no whole number between min {} and max {} to compare trials at",
        stop.resource_min,
        stop.resource_max));
  }
  return {};
}

Result<void> check_policy(const StopSpec& stop) {
  switch (stop.policy) {
    case PolicyKind::kNone:
      return {};
    case PolicyKind::kBandit:
      return check_bandit(stop);
    case PolicyKind::kMedian:
      return stop.min_peers >= 1 ? Result<void>() : refused("stop.min_peers: 0 is below 1");
    case PolicyKind::kTruncation:
      return stop.truncation_percentage >= 1 && stop.truncation_percentage <= 99
                 ? Result<void>()
                 : refused(fmt::format("stop.truncation_percentage: {} is outside 1..99",
                                       stop.truncation_percentage));
    case PolicyKind::kAsha:
      return check_asha(stop);
  }
  return refused(fmt::format("unknown policy {}", static_cast<int>(stop.policy)));
}

// "exit:N" with N in 0..255, or one of the words.
bool is_retry_reason(std::string_view reason) {
  constexpr std::array<std::string_view, 6> kWords = {
      "timeout", "signal", "no-metric", "exec", "oom", "silent"};
  if (std::find(kWords.begin(), kWords.end(), reason) != kWords.end()) {
    return true;
  }
  if (!reason.starts_with("exit:")) {
    return false;
  }
  const std::string_view code = reason.substr(5);
  const bool digits =
      !code.empty() && code.size() <= 3 &&
      std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::stoi(std::string(code)) <= 255;
}

}  // namespace

Error refused(std::string message) {
  return Error{Errc::kInvalidArgument, std::move(message)};
}

Result<void> check_label(std::string_view what, const std::string& text) {
  if (text.size() > kLabelBytesMax) {
    return refused(fmt::format("{}: longer than {} bytes", what, kLabelBytesMax));
  }
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
  });
  return clean ? Result<void>() : refused(fmt::format("{}: holds a control character", what));
}

Result<void> check_sweep_name(const std::string& name) {
  const bool number = name.find_first_not_of("0123456789") == std::string::npos;
  if (number || name == "last" || name.front() == '-') {
    return refused(fmt::format("sweep.name: '{}' would mean {}",
                               name,
                               number           ? "the sweep of that number"
                               : name == "last" ? "the newest sweep"
                                                : "an option"));
  }
  const std::size_t place = name.find_first_of("/#:");
  if (place != std::string::npos) {
    return refused(fmt::format(
        "sweep.name: '{}' holds a '{}', which ends the name in a selector", name, name[place]));
  }
  return {};
}

Result<void> check_objective(const Objective& objective) {
  if (objective.metric.size() > limits::kMetricNameBytesMax) {
    return refused(fmt::format("sweep.metric: longer than {} bytes", limits::kMetricNameBytesMax));
  }
  SWEEPD_TRY_VOID(check_label("sweep.metric", objective.metric));
  if (!is_one_of(objective.goal, {Goal::kMinimize, Goal::kMaximize})) {
    return refused(fmt::format("unknown goal {}", static_cast<int>(objective.goal)));
  }
  const Reduce& reduce = objective.reduce;
  if (!is_one_of(reduce.kind, {ReduceKind::kBest, ReduceKind::kLast, ReduceKind::kMeanLast})) {
    return refused(fmt::format("unknown reduction {}", static_cast<int>(reduce.kind)));
  }
  // The last k values are kept in memory for every trial.
  constexpr std::uint32_t kMeanLastMax = 10'000;
  if (reduce.kind == ReduceKind::kMeanLast && (reduce.count < 1 || reduce.count > kMeanLastMax)) {
    return refused(
        fmt::format("sweep.reduce: mean_last:{} is outside 1..{}", reduce.count, kMeanLastMax));
  }
  return {};
}

Result<void> check_run(const RunSpec& run) {
  if (run.command.empty() || run.command.front().empty()) {
    return refused("run.command: empty");
  }
  if (run.shell && run.command.size() != 1) {
    return refused("run.command: with shell = true it is one line");
  }
  for (const std::string& word : run.command) {
    if (word.find('\0') != std::string::npos) {
      return refused("run.command: holds a zero byte");
    }
  }
  if (!is_one_of(run.args,
                 {ArgsStyle::kFlagSpaceValue,
                  ArgsStyle::kFlagEqualsValue,
                  ArgsStyle::kKeyEqualsValue,
                  ArgsStyle::kNone})) {
    return refused(fmt::format("unknown args style {}", static_cast<int>(run.args)));
  }
  if (!is_one_of(run.bools, {BoolStyle::kValue, BoolStyle::kFlag, BoolStyle::kNoFlag})) {
    return refused(fmt::format("unknown bool style {}", static_cast<int>(run.bools)));
  }
  if (run.keep == 0U) {
    return refused("run.keep: 0 is below 1");
  }
  SWEEPD_TRY_VOID(check_path("run.cwd", run.cwd));
  SWEEPD_TRY_VOID(check_paths("run.outputs", run.outputs));
  return check_paths("run.logs", run.logs);
}

Result<void> check_environment(const std::vector<std::pair<std::string, std::string>>& env) {
  std::set<std::string> names;
  for (const auto& [name, value] : env) {
    const bool bad = name.empty() || name.find('=') != std::string::npos ||
                     name.find('\0') != std::string::npos || value.find('\0') != std::string::npos;
    if (bad) {
      return refused(fmt::format("env.vars: '{}' cannot be an environment variable", name));
    }
    if (!names.insert(name).second) {
      return refused(fmt::format("env.vars: '{}' stands twice", name));
    }
  }
  return {};
}

Result<void> check_stop(const StopSpec& stop) {
  if (stop.evaluation_interval == 0) {
    return refused("stop.evaluation_interval: 0 is below 1");
  }
  SWEEPD_TRY_VOID(check_label("stop.time", stop.time));
  if (stop.target && !std::isfinite(*stop.target)) {
    return refused(fmt::format("stop.target: {} is not finite", *stop.target));
  }
  return check_policy(stop);
}

Result<void> check_limits(const LimitsSpec& limits) {
  if (limits.concurrent == 0U) {
    return refused("limits.concurrent: 0 is below 1");
  }
  if (limits.failed_trials == 0U) {
    return refused("limits.failed_trials: 0 is below 1");
  }
  constexpr Duration kLeast = {1};
  for (const auto& [key, span] : {std::pair("limits.trial_time", limits.trial_time),
                                  std::pair("limits.silence", limits.silence),
                                  std::pair("limits.sweep_time", limits.sweep_time)}) {
    if (span) {
      SWEEPD_TRY_VOID(check_span(key, *span, kLeast));
    }
  }
  return check_span("limits.grace", limits.grace, Duration{0});
}

Result<void> check_retry(const RetrySpec& retry) {
  if (retry.attempts < 1 || retry.attempts > limits::kAttemptsMax) {
    return refused(
        fmt::format("retry.attempts: {} is outside 1..{}", retry.attempts, limits::kAttemptsMax));
  }
  for (const std::string& reason : retry.on) {
    if (!is_retry_reason(reason)) {
      return refused(fmt::format(
          "retry.on: '{}' is none of exit:N, timeout, signal, no-metric, exec", reason));
    }
  }
  return check_span("retry.backoff", retry.backoff, Duration{0});
}

Result<void> check_metrics(const MetricsSpec& metrics) {
  for (const StdoutRule& rule : metrics.stdout_patterns) {
    if (rule.pattern.empty()) {
      return refused("metrics.stdout: a pattern is empty");
    }
    if (rule.name.size() > limits::kMetricNameBytesMax) {
      return refused(fmt::format("metrics.stdout: the name '{}…' is longer than {} bytes",
                                 rule.name.substr(0, 32),
                                 limits::kMetricNameBytesMax));
    }
  }
  return {};
}

Result<void> check_registration(const RegisterSpec& registration) {
  SWEEPD_TRY_VOID(check_label("register.model", registration.model));
  if (registration.model.empty()) {
    return {};
  }
  SWEEPD_TRY_VOID(check_path("register.path", registration.path));
  if (const auto inner = inner_path(registration.path); inner && *inner != registration.path) {
    return refused(fmt::format(
        "register.path: '{}' is not found in a tree, '{}' is", registration.path, *inner));
  }
  return {};
}

}  // namespace sweepd::sweeps
