// The environment and the command line that a program of an attempt gets.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/sweepd.pb.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::agent {

// Where things of an attempt lie, all absolute.
struct AttemptPaths {
  std::string work;  // the working folder, made fresh; `outputs` and `logs` are in it
  std::string outputs;
  std::string logs;
  std::string side;  // what the names of the agent's own files below begin with
  std::string stdout_file;
  std::string stderr_file;
  std::string metrics;   // $SWEEPD_METRICS
  std::string params;    // $SWEEPD_PARAMS
  std::string spool;     // its reports, numbered
  std::string farewell;  // the last words of its shim, when there was no agent to hear them
  std::string kept;      // where the working folder stays if what is in it cannot be collected
};

// `<state>/work/12-7-1`, `<state>/kept/12-7-1`, and `<state>/side/12-7-1.stdout` and so on: one
// folder is watched for all.
AttemptPaths paths_of(const std::string& state, const AttemptKey& key);

// Where it stands how far a log has been shipped.
inline std::string place_of(const std::string& log) {
  return log + ".at";
}

// The attempt that a name in one of the two folders stands for: `12-7-1`, `12-7-1.stdout`, …
std::optional<AttemptKey> attempt_named(std::string_view name);

using Environment = std::map<std::string, std::string, std::less<>>;

// The variables of this process, as NAME -> value.
Environment inherited_environment();

struct EnvironmentInput {
  const pb::StartAttempt& order;
  const AttemptPaths& paths;
  const std::vector<pb::Slot>& slots;  // that the attempt has
  std::optional<WallTime> deadline;    // when limits.trial_time ends it
};

// `inherited`, then what the sweep file sets; what tells an attempt from others (SWEEPD_…, its
// GPUs) nothing can override. The GPUs of an attempt are named by UUID; one without any sees none,
// even on a box that has some.
Environment environment_of(const EnvironmentInput& input, Environment inherited);

// The command line with ${outputs}, ${logs} and ${env.NAME} replaced and `$$` a dollar, the rest as
// it is. An unknown variable is an error that says which.
Result<std::vector<std::string>> arguments_of(const pb::StartAttempt& order,
                                              const AttemptPaths& paths,
                                              const Environment& environment);

// NAME=value, as exec takes them.
std::vector<std::string> as_assignments(const Environment& environment);

}  // namespace sweepd::agent
