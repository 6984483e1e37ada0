// [stop]: the early-termination policy and its keys, and nobody else's.
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

std::string_view name_of(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::kNone:
      return "none";
    case PolicyKind::kBandit:
      return "bandit";
    case PolicyKind::kMedian:
      return "median";
    case PolicyKind::kTruncation:
      return "truncation";
    case PolicyKind::kAsha:
      return "asha";
  }
  return "none";
}

// A key and the policies that read it; keys that are not here go with any policy and with none.
struct PolicyKey {
  std::string_view key;
  std::vector<PolicyKind> owners;
};

const std::vector<PolicyKey>& policy_keys() {
  using K = PolicyKind;
  static const std::vector<PolicyKey> kKeys = {
      {"evaluation_interval", {K::kBandit, K::kMedian, K::kTruncation}},
      {"delay_evaluation", {K::kBandit, K::kMedian, K::kTruncation}},
      {"slack_factor", {K::kBandit}},
      {"slack_amount", {K::kBandit}},
      {"min_peers", {K::kMedian}},
      {"truncation_percentage", {K::kTruncation}},
      {"exclude_finished", {K::kTruncation}},
      {"min", {K::kAsha}},
      {"max", {K::kAsha}},
      {"reduction", {K::kAsha}},
      {"mode", {K::kAsha}},
      {"time", {K::kBandit, K::kMedian, K::kTruncation, K::kAsha}},
  };
  return kKeys;
}

// "bandit", "bandit and median", "bandit, median and truncation"
std::string list_of(const std::vector<PolicyKind>& kinds) {
  std::string list;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::string_view joint = i == 0 ? "" : i + 1 == kinds.size() ? " and " : ", ";
    list += fmt::format("{}{}", joint, name_of(kinds[i]));
  }
  return list;
}

void refuse_foreign_keys(const Fields& fields, PolicyKind policy) {
  for (const PolicyKey& known : policy_keys()) {
    const TomlEntry* entry = fields.find(known.key);
    if (entry == nullptr ||
        std::find(known.owners.begin(), known.owners.end(), policy) != known.owners.end()) {
      continue;
    }
    const std::string_view noun = known.owners.size() == 1 ? "policy" : "policies";
    std::string message =
        fmt::format("`{}` belongs to {} {}", known.key, noun, list_of(known.owners));
    if (fields.find("policy") == nullptr) {
      fields.faults().error(entry->place,
                            message + ", and no policy is given",
                            fmt::format("write policy = \"{}\"", name_of(known.owners.front())));
    } else {
      fields.faults().error(
          entry->place, fmt::format("{}, not to {}", message, name_of(policy)), "leave it out");
    }
  }
}

// A number above 0; others are reported and dropped.
void positive(const Fields& fields, std::string_view key, std::optional<double>& out) {
  fields.number(key, out);
  if (out && *out <= 0) {
    fields.faults().error(fields.find(key)->value.place,
                          fmt::format("`{}` must be above 0, got {}", key, *out));
    out.reset();
  }
}

void read_bandit(const Fields& fields, const Place& policy, StopSpec& stop) {
  positive(fields, "slack_factor", stop.slack_factor);
  positive(fields, "slack_amount", stop.slack_amount);
  const TomlEntry* factor = fields.find("slack_factor");
  const TomlEntry* amount = fields.find("slack_amount");
  if (factor == nullptr && amount == nullptr) {
    fields.faults().missing(policy,
                            "policy bandit needs `slack_factor` or `slack_amount`",
                            "slack_factor = 0.1 stops what is 10 % worse than the best");
  } else if (factor != nullptr && amount != nullptr) {
    const bool factor_first = factor->place.line < amount->place.line;
    fields.faults().error(factor_first ? amount->place : factor->place,
                          "policy bandit takes `slack_factor` or `slack_amount`, not both",
                          "leave one of them out");
  }
}

void read_asha(const Fields& fields, const Place& policy, StopSpec& stop) {
  enum class Mode { kStop };
  Mode mode = Mode::kStop;
  fields.word<Mode>("mode", mode, {{"stop", Mode::kStop}, {"promote", std::nullopt}});
  std::optional<double> low;
  std::optional<double> high;
  positive(fields, "min", low);
  positive(fields, "max", high);
  stop.resource_min = low.value_or(stop.resource_min);
  stop.resource_max = high.value_or(stop.resource_max);
  fields.count("reduction", stop.reduction, {2, 1000});
  if (fields.find("max") == nullptr) {
    fields.faults().missing(policy,
                            "policy asha needs `max`, the resource of a full trial",
                            "with 81 epochs: max = 81");
  } else if (high && stop.resource_max <= stop.resource_min) {
    fields.faults().error(
        fields.find("max")->value.place,
        fmt::format(
            "`max` must be above `min`, got {} and {}", stop.resource_max, stop.resource_min));
  }
}

void read_truncation(const Fields& fields, const Place& policy, StopSpec& stop) {
  fields.count("truncation_percentage", stop.truncation_percentage, {1, 99});
  fields.flag("exclude_finished", stop.exclude_finished);
  if (fields.find("truncation_percentage") == nullptr) {
    fields.faults().missing(policy,
                            "policy truncation needs `truncation_percentage`",
                            "truncation_percentage = 20 stops the worst fifth");
  }
}

void read_policy(const Fields& fields, const Place& policy, StopSpec& stop) {
  switch (stop.policy) {
    case PolicyKind::kNone:
      return;
    case PolicyKind::kBandit:
      read_bandit(fields, policy, stop);
      return;
    case PolicyKind::kMedian:
      fields.count("min_peers", stop.min_peers, {1});
      return;
    case PolicyKind::kTruncation:
      read_truncation(fields, policy, stop);
      return;
    case PolicyKind::kAsha:
      read_asha(fields, policy, stop);
      return;
  }
}

}  // namespace

void read_stop(Draft& draft) {
  const Fields fields(draft.table("stop"), draft.faults);
  StopSpec& stop = draft.spec.stop;
  // HyperDrive's names of policies and keys are ours; the table may say that it is written that
  // way.
  enum class Compat { kHyperdrive };
  Compat compat = Compat::kHyperdrive;
  fields.word<Compat>("compat", compat, {{"hyperdrive", Compat::kHyperdrive}});

  std::optional<PolicyKind> policy;
  fields.word<std::optional<PolicyKind>>("policy",
                                         policy,
                                         {{"bandit", PolicyKind::kBandit},
                                          {"median", PolicyKind::kMedian},
                                          {"truncation", PolicyKind::kTruncation},
                                          {"asha", PolicyKind::kAsha},
                                          {"none", PolicyKind::kNone},
                                          {"hyperband", std::nullopt}});
  const bool unknown_policy = fields.find("policy") != nullptr && !policy;
  stop.policy = policy.value_or(PolicyKind::kNone);
  if (!unknown_policy) {
    refuse_foreign_keys(fields, stop.policy);
  }
  fields.text("time", stop.time);
  fields.count("evaluation_interval", stop.evaluation_interval, {1});
  fields.count("delay_evaluation", stop.delay_evaluation);
  read_policy(fields, draft.place_of("stop", "policy"), stop);
  fields.flag("stop_on_nan", stop.stop_on_nan);
  fields.number("target", stop.target);
  fields.flag("allow_pruned", stop.allow_pruned);
}

}  // namespace sweepd::sweeps
