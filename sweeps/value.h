// The value of a hyperparameter, and its one spelling.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::sweeps {

// Ints stay ints and floats stay floats from the file to the program's arguments.
using Value = std::variant<bool, std::int64_t, double, std::string>;

// The one spelling of a value, in arguments, environment and messages: `true`, `64`, a float in its
// shortest form that reads back to the same bits (always with a point or an exponent), text as it
// is.
std::string to_text(const Value& value);

// The active parameters of one trial, in the order of the sweep file.
using Assignment = std::vector<std::pair<std::string, Value>>;

// The value of the parameter in the assignment; null when it is not there.
const Value* find(const Assignment& assignment, std::string_view name);

}  // namespace sweepd::sweeps
