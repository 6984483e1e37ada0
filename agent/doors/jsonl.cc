// The door $SWEEPD_METRICS.
#include "agent/doors/jsonl.h"

#include <array>
#include <string>

#include <nlohmann/json.hpp>

namespace sweepd::agent {

namespace {

constexpr int kDepthMax = 8;

// The line with the bare tokens NaN and Infinity, which JSON does not know, in quotes. None when it
// nests too deep: the parser would follow.
std::optional<std::string> made_strict(std::string_view line) {
  constexpr std::array<std::string_view, 3> kTokens = {"NaN", "-Infinity", "Infinity"};
  std::string out;
  out.reserve(line.size() + 16);
  bool in_string = false;
  int depth = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string && c == '\\' && i + 1 < line.size()) {
      out.append(line.substr(i++, 2));
      continue;
    }
    in_string = in_string != (c == '"');
    depth += in_string ? 0 : (c == '{' || c == '[') - (c == '}' || c == ']');
    if (depth > kDepthMax) {
      return std::nullopt;
    }
    std::string_view token;
    for (const std::string_view candidate : kTokens) {
      token = !in_string && line.substr(i).starts_with(candidate) ? candidate : token;
    }
    if (token.empty()) {
      out.push_back(c);
    } else {
      out.append("\"").append(token).append("\"");
      i += token.size() - 1;
    }
  }
  return out;
}

void take_value(Points& points, const std::string& name, const nlohmann::ordered_json& value) {
  double number = 0;
  if (value.is_number()) {
    set_point(points, name, value.get<double>());
  } else if (value.is_string() && read_number(value.get_ref<const std::string&>(), number)) {
    set_point(points, name, number);
  }
}

}  // namespace

std::optional<Points> read_json_line(std::string_view line) {
  if (line.size() > kJsonLineBytesMax) {
    return std::nullopt;
  }
  const std::optional<std::string> strict = made_strict(line);
  if (!strict) {
    return std::nullopt;
  }
  const auto object = nlohmann::ordered_json::parse(*strict, nullptr, false);
  if (!object.is_object()) {
    return std::nullopt;
  }
  Points points;
  for (const auto& [name, value] : object.items()) {
    take_value(points, name, value);
  }
  return points;
}

}  // namespace sweepd::agent
