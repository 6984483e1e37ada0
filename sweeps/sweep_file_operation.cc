// [resources], [limits], [retry], [metrics] and [register]: how the trials are run and what is
// kept.
#include "base/limits.h"
#include "base/nearest.h"
#include "sweeps/code_needs.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace sweepd::sweeps {
namespace {

void read_resources(const Fields& fields, ResourcesSpec& resources) {
  const TomlEntry* gpus = fields.find("gpus");
  if (gpus != nullptr && std::holds_alternative<double>(gpus->value.data)) {
    fields.faults().error(gpus->value.place,
                          "a fraction of a GPU is not available in this version of sweepd",
                          "write gpus = 1");
  } else {
    fields.count("gpus", resources.gpus, {0, 64});
  }
  fields.count("cpus", resources.cpus, {1, 4096});
}

// A span above zero: a limit of nothing would end every trial at once.
void positive_duration(const Fields& fields, std::string_view key, std::optional<Duration>& out) {
  fields.duration(key, out);
  if (out && out->us <= 0) {
    fields.faults().error(fields.find(key)->value.place,
                          fmt::format("`{}` must be above 0", key),
                          "leave it out for no limit");
    out.reset();
  }
}

void read_limits(const Fields& fields, LimitsSpec& limits) {
  fields.count("concurrent", limits.concurrent, {1});
  positive_duration(fields, "trial_time", limits.trial_time);
  positive_duration(fields, "silence", limits.silence);
  positive_duration(fields, "sweep_time", limits.sweep_time);
  fields.count("failed_trials", limits.failed_trials, {1});
  fields.duration("grace", limits.grace);
}

bool is_exit_code(std::string_view text) {
  constexpr std::string_view kExit = "exit:";
  if (text.substr(0, kExit.size()) != kExit) {
    return false;
  }
  int code = -1;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + kExit.size(), end, code);
  return error == std::errc{} && stopped == end && code >= 1 && code <= 255;
}

// The place of the n-th text of a list, or of the one text.
Place place_of_item(const TomlEntry& entry, std::size_t index) {
  const auto* list = std::get_if<TomlArray>(&entry.value.data);
  return list == nullptr ? entry.value.place : list->items[index].place;
}

void check_reasons(const TomlEntry& entry, const RetrySpec& retry, Faults& faults) {
  static const std::vector<std::string> kReasons = {
      "timeout", "signal", "no-metric", "exec", "oom", "silent"};
  for (std::size_t i = 0; i < retry.on.size(); ++i) {
    const std::string& reason = retry.on[i];
    if (is_exit_code(reason) ||
        std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end()) {
      continue;
    }
    const Place place = place_of_item(entry, i);
    if (reason == "agent-lost" || reason == "preempted") {
      faults.error(place,
                   fmt::format("\"{}\" is no reason for a retry", reason),
                   "such a trial is always given back, and it costs no attempt: leave it out");
      continue;
    }
    const auto close = nearest(reason, kReasons);
    faults.error(place,
                 fmt::format("unknown reason \"{}\" for a retry", reason),
                 close ? fmt::format("did you mean \"{}\"?", *close)
                       : "there are \"exit:N\", \"timeout\", \"signal\", \"no-metric\", \"exec\", "
                         "\"oom\", \"silent\"");
  }
}

void read_retry(const Fields& fields, RetrySpec& retry) {
  fields.count("attempts", retry.attempts, {1, limits::kAttemptsMax});
  fields.duration("backoff", retry.backoff);
  fields.texts("on", retry.on);
  if (const TomlEntry* on = fields.find("on")) {
    check_reasons(*on, retry, fields.faults());
  }
}

// One [[metrics.stdout]].
void read_rule(const TomlTable& table, const Place& place, Draft& draft) {
  Faults& faults = draft.faults;
  const Fields fields(&table, faults);
  for (const TomlEntry& entry : table.entries) {
    if (entry.key != "pattern" && entry.key != "name") {
      const auto close = nearest(entry.key, {"pattern", "name"});
      faults.error(entry.place,
                   fmt::format("unknown key `{}` in [[metrics.stdout]]", entry.key),
                   close ? fmt::format("did you mean `{}`?", *close) : "it has pattern and name");
    }
  }
  StdoutRule rule;
  fields.text("pattern", rule.pattern);
  fields.text("name", rule.name);
  const TomlEntry* pattern = fields.find("pattern");
  if (pattern == nullptr) {
    faults.missing(
        place, "[[metrics.stdout]] has no `pattern`", "pattern = 'loss (?P<value>\\S+)'");
    return;
  }
  const auto has = [&](std::string_view group) {
    return rule.pattern.find(fmt::format("(?P<{}>", group)) != std::string::npos;
  };
  if (!has("value")) {
    faults.error(pattern->value.place,
                 "the pattern has no group `value`",
                 "the number is matched by (?P<value>\\S+)");
  } else if (rule.name.empty() && !has("name")) {
    faults.error(pattern->value.place,
                 "neither `name` nor a group (?P<name>…) names the metric",
                 "name = \"loss\"");
  }
  draft.spec.metrics.stdout_patterns.push_back(std::move(rule));
  draft.patterns.push_back(pattern->value.place);
}

// stdout is true, false, or a list of rules beside the built-in ones.
void read_metrics(const Fields& fields, Draft& draft) {
  MetricsSpec& metrics = draft.spec.metrics;
  fields.flag("jsonl", metrics.jsonl);
  const TomlEntry* entry = fields.find("stdout");
  if (entry == nullptr) {
    return;
  }
  const auto* rules = std::get_if<TomlArray>(&entry->value.data);
  if (rules == nullptr) {
    fields.flag("stdout", metrics.stdout_rules);
    return;
  }
  for (const TomlValue& rule : rules->items) {
    if (const auto* table = std::get_if<TomlTable>(&rule.data)) {
      read_rule(*table, rule.place, draft);
    } else {
      fields.faults().error(rule.place,
                            fmt::format("a rule must be a table, not {}", kind_name(rule)),
                            "write [[metrics.stdout]] with pattern and name below it");
    }
  }
}

void read_register(const Fields& fields, RegisterSpec& registration, const Place& place) {
  fields.text("model", registration.model);
  fields.text("path", registration.path);
  // Written as the trees write it, so that it is found there: "./outputs/model/" means the same.
  if (const auto inner = inner_path(registration.path);
      inner && !registration.path.starts_with('/')) {
    registration.path = *inner;
  }
  if (fields.find("path") != nullptr && fields.find("model") == nullptr) {
    fields.faults().missing(place, "[register] has no `model`", "model = \"mnist\"");
  }
}

}  // namespace

void read_operation(Draft& draft) {
  const auto fields = [&](std::string_view name) {
    return Fields(draft.table(name), draft.faults);
  };
  read_resources(fields("resources"), draft.spec.resources);
  read_limits(fields("limits"), draft.spec.limits);
  read_retry(fields("retry"), draft.spec.retry);
  read_metrics(fields("metrics"), draft);
  read_register(fields("register"), draft.spec.registration, draft.place_of("register", "model"));
}

}  // namespace sweepd::sweeps
