// The patterns of [[metrics.stdout]], tried with the library of the agents.
#include "cli/pattern_look.h"

#include <fmt/format.h>

#include <re2/re2.h>

namespace sweepd::cli {

std::vector<sweeps::Diagnostic> look_at_patterns(const sweeps::ParsedSweep& sweep) {
  std::vector<sweeps::Diagnostic> faults;
  const std::vector<sweeps::StdoutRule>& rules = sweep.spec.metrics.stdout_patterns;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    const re2::RE2 pattern(rules[i].pattern, options);
    if (pattern.ok()) {
      continue;
    }
    sweeps::Diagnostic fault;
    const std::vector<sweeps::Place>& places = sweep.places.patterns;
    if (i < places.size()) {
      fault.line = places[i].line;
      fault.column = places[i].column;
      fault.length = places[i].length;
    }
    fault.message = fmt::format("the pattern is no regular expression: {}", pattern.error());
    fault.help = "the syntax is that of RE2";
    faults.push_back(std::move(fault));
  }
  return faults;
}

}  // namespace sweepd::cli
