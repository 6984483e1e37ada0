// The environment and the command line that a program of an attempt gets.
#include "agent/runner/environment.h"

#include "base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace sweepd::agent {

namespace {

// One NAME=value more; the first of two with one name wins, as in the shell.
void add_assignment(Environment& environment, std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign != std::string_view::npos && sign > 0) {
    environment.emplace(text.substr(0, sign), text.substr(sign + 1));
  }
}

std::string gpu_list(const std::vector<pb::Slot>& slots) {
  std::vector<std::string> uuids;
  for (const pb::Slot& slot : slots) {
    if (slot.kind() == pb::GPU) {
      uuids.push_back(slot.uuid());
    }
  }
  return fmt::format("{}", fmt::join(uuids, ","));
}

// What `${name}` stands for; none for a name that is not the agent's to replace.
Result<std::optional<std::string>> value_of(std::string_view name,
                                            const AttemptPaths& paths,
                                            const Environment& environment) {
  constexpr std::string_view kEnv = "env.";
  if (name == "outputs") {
    return std::optional(paths.outputs);
  }
  if (name == "logs") {
    return std::optional(paths.logs);
  }
  if (!name.starts_with(kEnv) || name.size() == kEnv.size()) {
    return std::optional<std::string>();
  }
  const std::string_view variable = name.substr(kEnv.size());
  if (const auto found = environment.find(variable); found != environment.end()) {
    return std::optional(found->second);
  }
  std::vector<std::string> known;
  for (const auto& [key, value] : environment) {
    known.push_back(key);
  }
  const auto meant = nearest(variable, known);
  return Error{Errc::kInvalidArgument,
               fmt::format("${{env.{}}}: no such variable on this agent{}",
                           variable,
                           meant ? fmt::format("; did you mean ${{env.{}}}", *meant) : "")};
}

// The daemon has replaced everything else already, and doubled the dollars of what came of it.
Result<std::string> replaced(std::string_view text,
                             const AttemptPaths& paths,
                             const Environment& environment) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view two = text.substr(i, 2);
    const std::size_t close = two == "${" ? text.find('}', i) : std::string_view::npos;
    if (close != std::string_view::npos) {
      SWEEPD_TRY(const std::optional<std::string> value,
                 value_of(text.substr(i + 2, close - i - 2), paths, environment));
      out.append(value ? *value : text.substr(i, close + 1 - i));
      i = close + 1;
    } else {
      out.push_back(text[i]);
      i += two == "$$" ? 2U : 1U;
    }
  }
  return out;
}

}  // namespace

AttemptPaths paths_of(const std::string& state, const AttemptKey& key) {
  const std::string name =
      fmt::format("{}-{}-{}", key.sweep.value, key.trial.value, key.attempt.value);
  AttemptPaths paths;
  paths.work = fmt::format("{}/work/{}", state, name);
  paths.outputs = paths.work + "/outputs";
  paths.logs = paths.work + "/logs";
  paths.side = fmt::format("{}/side/{}", state, name);
  paths.stdout_file = paths.side + ".stdout";
  paths.stderr_file = paths.side + ".stderr";
  paths.metrics = paths.side + ".metrics.jsonl";
  paths.params = paths.side + ".params.json";
  paths.spool = paths.side + ".spool";
  paths.farewell = paths.side + ".farewell";
  paths.kept = fmt::format("{}/kept/{}", state, name);
  return paths;
}

std::optional<AttemptKey> attempt_named(std::string_view name) {
  unsigned long long sweep = 0;  // NOLINT(google-runtime-int): as sscanf takes it
  unsigned trial = 0;
  unsigned number = 0;
  if (std::sscanf(std::string(name).c_str(), "%llu-%u-%u", &sweep, &trial, &number) != 3) {
    return std::nullopt;
  }
  return AttemptKey{{sweep}, {trial}, {number}};
}

Environment inherited_environment() {
  Environment environment;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    add_assignment(environment, *variable);
  }
  return environment;
}

Environment environment_of(const EnvironmentInput& input, Environment inherited) {
  Environment out = std::move(inherited);
  const pb::StartAttempt& order = input.order;
  const pb::Attempt& attempt = order.attempt();
  out["PYTHONUNBUFFERED"] = std::string("1");
  if (order.cpus() > 0) {
    out["OMP_NUM_THREADS"] = std::to_string(order.cpus());
  }
  for (const pb::EnvVar& variable : order.env()) {
    out[variable.name()] = variable.value();
  }
  // What keeps attempts apart is not the sweep file's to set.
  out["SWEEPD_SWEEP_ID"] = std::to_string(attempt.sweep());
  out["SWEEPD_TRIAL_ID"] = std::to_string(attempt.trial());
  out["SWEEPD_ATTEMPT"] = std::to_string(attempt.attempt());
  out["SWEEPD_PARAMS"] = input.paths.params;
  out["SWEEPD_METRICS"] = input.paths.metrics;
  out["SWEEPD_OUTPUTS"] = input.paths.outputs;
  out["SWEEPD_LOGS"] = input.paths.logs;
  out["CUDA_DEVICE_ORDER"] = std::string("PCI_BUS_ID");
  out["CUDA_VISIBLE_DEVICES"] = gpu_list(input.slots);
  if (input.deadline) {
    out["SWEEPD_DEADLINE"] = std::to_string(input.deadline->us / 1'000'000);
  } else {
    out.erase("SWEEPD_DEADLINE");  // of an attempt that this agent itself may run in
  }
  return out;
}

Result<std::vector<std::string>> arguments_of(const pb::StartAttempt& order,
                                              const AttemptPaths& paths,
                                              const Environment& environment) {
  std::vector<std::string> out;
  for (const std::string& argument : order.argv()) {
    SWEEPD_TRY(out.emplace_back(), replaced(argument, paths, environment));
  }
  if (out.empty()) {
    return Error{Errc::kInvalidArgument, "the command is empty"};
  }
  return out;
}

std::vector<std::string> as_assignments(const Environment& environment) {
  std::vector<std::string> out;
  out.reserve(environment.size());
  for (const auto& [name, value] : environment) {
    out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

}  // namespace sweepd::agent
