// The value of a hyperparameter, and its one spelling.
#include "sweeps/value.h"

#include <fmt/core.h>

#include <algorithm>

namespace sweepd::sweeps {

namespace {

std::string spelled(bool value) {
  return value ? "true" : "false";
}

std::string spelled(std::int64_t value) {
  return fmt::format("{}", value);
}

std::string spelled(double value) {
  std::string text = fmt::format("{}", value);
  // `1` would read back as an int; `inf` and `nan` hold an `n`.
  const bool whole = text.find_first_of(".en") == std::string::npos;
  return whole ? text + ".0" : text;
}

std::string spelled(const std::string& value) {
  return value;
}

}  // namespace

std::string to_text(const Value& value) {
  return std::visit([](const auto& content) { return spelled(content); }, value);
}

const Value* find(const Assignment& assignment, std::string_view name) {
  const auto found = std::find_if(assignment.begin(), assignment.end(), [name](const auto& entry) {
    return entry.first == name;
  });
  return found == assignment.end() ? nullptr : &found->second;
}

}  // namespace sweepd::sweeps
