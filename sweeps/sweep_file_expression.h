// Conditions and constraints of a sweep file: their faults, shown at the word that is at fault.
#pragma once

#include "sweeps/sweep_file_parts.h"

#include <string>
#include <string_view>

namespace sweepd::sweeps {

// Whether the text is an expression over the parameters read so far; reports what is wrong with it.
bool check_expression(const std::string& text, const Place& place, Draft& draft);

// An error that names a column of an expression, shown at the word in that column.
//   value: of the text that holds the expression
void expression_fault(const Place& value,
                      const std::string& expression,
                      std::string_view message,
                      Draft& draft);

// Warns of literals that the parameter they are compared with never is, with the nearest value that
// it can be. The expression passed all checks. Returns whether there was one.
bool warn_of_literals(const std::string& text, const Place& place, Draft& draft);

}  // namespace sweepd::sweeps
