// The faults of a sweep file as people read them.
#pragma once

#include "sweeps/sweep_file.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sweepd::sweeps {

// The rendered faults of a file; its warnings when it has no fault.
inline std::string faults_of(std::string_view text) {
  const auto parsed = parse_sweep_file({text, "a", {}});
  if (const auto* faults = std::get_if<std::vector<Diagnostic>>(&parsed)) {
    return render(*faults, "a.toml", text);
  }
  return "no fault, warnings: " + render(std::get<ParsedSweep>(parsed).warnings, "a.toml", text);
}

}  // namespace sweepd::sweeps
