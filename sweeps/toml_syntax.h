// What the parser means, said to people: a fault of syntax with its place and what to write
// instead.
#pragma once

#include "sweeps/toml_scan.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sweepd::sweeps {

struct SyntaxFault {
  std::size_t offset = 0;
  std::size_t length = 1;
  std::string message;
  std::string help;
  std::size_t statement = TomlStatement::kNone;  // the one to leave out
};

// offset:      where the parser stopped
// description: its own words
SyntaxFault tell_syntax_fault(std::string_view text,
                              const TomlScan& scan,
                              std::size_t offset,
                              std::string_view description);

}  // namespace sweepd::sweeps
