// Findings for people and for programs.
#pragma once

#include "agent/doctor/finding.h"

#include <string>
#include <vector>

namespace sweepd::agent {

// "FAILED   name          'gpu-haed' does not resolve: …", and what to do on a line below it.
std::string line_of(const Finding& finding);

// {"exit_code": 15, "checks": [{"check", "code", "outcome", "text", "advice"}, …]}
std::string json_of(const std::vector<Finding>& findings, int exit_code);

}  // namespace sweepd::agent
