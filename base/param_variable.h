// The environment variable that a hyperparameter is given to a program in.
#pragma once

#include <string>
#include <string_view>

namespace sweepd {

constexpr std::string_view kParamPrefix = "SWEEPD_PARAM_";

// What follows the prefix: bytes that the name of a variable cannot hold become `_`, so `a-b` and
// `a_b` are one variable.
std::string param_variable_part(std::string_view name);

}  // namespace sweepd
