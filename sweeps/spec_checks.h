// What the parts of a sweep may not be, each part on its own.
#pragma once

#include "sweeps/sweep_spec.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sweepd::sweeps {

Result<void> check_objective(const Objective& objective);
Result<void> check_run(const RunSpec& run);
// Names that a variable can have, each once.
Result<void> check_environment(const std::vector<std::pair<std::string, std::string>>& env);
Result<void> check_stop(const StopSpec& stop);
Result<void> check_limits(const LimitsSpec& limits);
Result<void> check_retry(const RetrySpec& retry);
Result<void> check_metrics(const MetricsSpec& metrics);
// Whether people can name a sweep so: what is a number, `last`, an option, or holds what separates
// the parts of a selector, means something else.
Result<void> check_sweep_name(const std::string& name);

Result<void> check_registration(const RegisterSpec& registration);

// Error{kInvalidArgument, message}
Error refused(std::string message);

// A text that is short enough for a table and holds no control characters; `what` names it.
Result<void> check_label(std::string_view what, const std::string& text);

}  // namespace sweepd::sweeps
