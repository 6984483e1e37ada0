// The command line, environment and parameter file of a trial, rendered from its assignment.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "sweeps/sweep_spec.h"

#include <string>
#include <utility>
#include <vector>

namespace sweepd::sweeps {

// Splits a command string by shell quoting rules without a shell; errors name the unclosed quote.
Result<std::vector<std::string>> split_command(const std::string& text);

// The arguments of a trial, byte for byte the same at every attempt: ${name} replaced, `$$` a
// dollar, parameters that no placeholder names appended in file order (or placed at ${args}).
// Values known only on the agent stay as ${outputs}, ${logs} and ${env.NAME}, which the agent
// replaces. With `shell` the result is
// {"/bin/sh", "-c", line} where substituted values are quoted for the shell.
Result<std::vector<std::string>> render_command(const SweepSpec& spec,
                                                const Assignment& assignment,
                                                const TrialKey& trial);

// The same for the agent, who must not take a text that looks like ${outputs} for the placeholder:
// here `$$` is a dollar, and what stands as ${…} is the agent's to replace.
Result<std::vector<std::string>> render_for_agent(const SweepSpec& spec,
                                                  const Assignment& assignment,
                                                  const TrialKey& trial);

// The assignment as one JSON object, keys in file order: the content of $SWEEPD_PARAMS.
std::string params_json(const Assignment& assignment);

// SWEEPD_PARAM_<name> for each parameter; bytes that a variable's name cannot hold become `_`.
std::vector<std::pair<std::string, std::string>> param_environment(const Assignment& assignment);

// The placeholders of the command that nothing defines, with the nearest known name.
std::vector<std::pair<std::string, std::string>> unknown_placeholders(const SweepSpec& spec);

}  // namespace sweepd::sweeps
