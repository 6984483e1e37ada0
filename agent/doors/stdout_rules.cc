// The door stdout.
#include "agent/doors/stdout_rules.h"

#include "agent/doors/stdout_scan.h"
#include "base/param_variable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include <re2/re2.h>

namespace sweepd::agent {

namespace {

constexpr std::string_view kAzureStart = "Attempted to log scalar metric ";

struct CompiledRule {
  std::unique_ptr<re2::RE2> pattern;
  std::string name;
};

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) {
    return c == ' ' || c == '\t' || c == '\n';
  };
  while (!text.empty() && blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// The end of the escape sequence that begins at `at` (with ESC).
std::size_t end_of_escape(std::string_view line, std::size_t at) {
  std::size_t i = at + 1;
  if (i >= line.size() || line[i] != '[') {
    return std::min(i + 1, line.size());
  }
  ++i;
  while (i < line.size() && (line[i] < '@' || line[i] > '~')) {
    ++i;
  }
  return std::min(i + 1, line.size());
}

std::string group_text(const re2::StringPiece& group) {
  return std::string(trimmed({group.data(), group.size()}));
}

// What one match of a user's pattern reports.
void take_match(const CompiledRule& rule,
                const std::vector<re2::StringPiece>& groups,
                Points& points) {
  const std::map<std::string, int>& named = rule.pattern->NamedCapturingGroups();
  std::string name = rule.name;
  if (const auto group = named.find("name"); group != named.end()) {
    name = group_text(groups[static_cast<std::size_t>(group->second)]);
  }
  double value = 0;
  for (const auto& [group, index] : named) {
    const std::string text = group_text(groups[static_cast<std::size_t>(index)]);
    if (group != "name" && read_number(text, value)) {
      set_point(points, group == "value" ? name : group, value);
    }
  }
  if (named.empty() && groups.size() > 1 && read_number(group_text(groups[1]), value)) {
    set_point(points, name, value);
  }
}

void match_rule(const CompiledRule& rule, std::string_view line, Points& points) {
  const re2::StringPiece text(line.data(), line.size());
  std::vector<re2::StringPiece> groups(
      static_cast<std::size_t>(rule.pattern->NumberOfCapturingGroups()) + 1);
  std::size_t at = 0;
  while (at <= line.size() && rule.pattern->Match(text,
                                                  at,
                                                  line.size(),
                                                  re2::RE2::UNANCHORED,
                                                  groups.data(),
                                                  static_cast<int>(groups.size()))) {
    take_match(rule, groups, points);
    const auto end = static_cast<std::size_t>(groups[0].data() - line.data()) + groups[0].size();
    at = std::max(end, at + 1);  // an empty match must not be found for ever
  }
}

bool only_companions(const Points& points) {
  return std::all_of(
      points.begin(), points.end(), [](const Point& point) { return is_companion(point.name); });
}

// Whether the printed value is the given one, rounded as it was printed.
bool is_echo(const Point& given, const Printed& printed) {
  if (printed.unit == 0) {
    return given.value == printed.point.value;
  }
  constexpr double kFloatRounding = 1e-7;  // scripts keep hyperparameters as 32-bit floats, too
  constexpr double kHalf = 0.5 + 1e-6;     // a tie may go either way
  return std::abs(given.value - printed.point.value) <=
         std::max(kHalf * printed.unit, kFloatRounding * std::abs(given.value));
}

}  // namespace

std::string as_shown(std::string_view line) {
  while (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  if (const std::size_t redrawn = line.rfind('\r'); redrawn != std::string_view::npos) {
    line.remove_prefix(redrawn + 1);
  }
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == '\x1b') {
      i = end_of_escape(line, i);
    } else {
      out.append(line[i] == '\b' ? 0 : 1, line[i]);
      ++i;
    }
  }
  return out;
}

struct StdoutRules::Impl {
  StdoutOptions options;
  std::vector<CompiledRule> rules;
  std::optional<std::string> azure_name;  // of the metric whose value is on the next line
  Points progress;                        // counts of a line that reported nothing else

  bool take_azure(std::string_view line, Points& points);
  Points without_given(std::vector<Printed> metrics) const;
  void accompany(Points& points);
};

// "Attempted to log scalar metric accuracy:" and on the next line "0.79".
bool StdoutRules::Impl::take_azure(std::string_view line, Points& points) {
  line = trimmed(line);
  double value = 0;
  if (const std::optional<std::string> name = std::exchange(azure_name, std::nullopt)) {
    if (read_number(line, value)) {
      set_point(points, *name, value);
      return true;
    }
  }
  if (!line.starts_with(kAzureStart) || line.back() != ':') {
    return false;
  }
  const std::string_view name = line.substr(kAzureStart.size());
  azure_name = std::string(name.substr(0, name.size() - 1));
  return true;
}

Points StdoutRules::Impl::without_given(std::vector<Printed> metrics) const {
  Points points;
  for (Printed& metric : metrics) {
    const std::string& name = metric.point.name;
    // A count that has reached the given one still says how far the trial is.
    const bool counts = name == options.objective || is_companion(name);
    const Point* given = counts ? nullptr : find_point(options.given, param_variable_part(name));
    if (given == nullptr || !is_echo(*given, metric)) {
      points.push_back(std::move(metric.point));
    }
  }
  return points;
}

void StdoutRules::Impl::accompany(Points& points) {
  if (points.empty()) {
    return;
  }
  // A count that is the objective is a result all the same.
  if (only_companions(points) && find_point(points, options.objective) == nullptr) {
    for (const Point& point : std::exchange(points, {})) {
      set_point(progress, point.name, point.value);
    }
    return;
  }
  for (const Point& point : progress) {
    if (find_point(points, point.name) == nullptr) {
      points.push_back(point);
    }
  }
}

Result<StdoutRules> StdoutRules::make(StdoutOptions options) {
  auto impl = std::make_unique<Impl>();
  for (const UserRule& rule : options.rules) {
    re2::RE2::Options re2_options;
    re2_options.set_log_errors(false);
    auto pattern = std::make_unique<re2::RE2>(rule.pattern, re2_options);
    if (!pattern->ok()) {
      return Error{Errc::kInvalidArgument,
                   fmt::format("stdout pattern '{}': {}", rule.pattern, pattern->error())};
    }
    impl->rules.push_back({std::move(pattern), rule.name});
  }
  impl->options = std::move(options);
  return StdoutRules(std::move(impl));
}

StdoutRules::StdoutRules(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StdoutRules::~StdoutRules() = default;
StdoutRules::StdoutRules(StdoutRules&&) noexcept = default;
StdoutRules& StdoutRules::operator=(StdoutRules&&) noexcept = default;

Points StdoutRules::read_line(std::string_view line) {
  const std::string shown = as_shown(line);
  Points points;
  if (impl_->options.built_in && !impl_->take_azure(shown, points)) {
    points = impl_->without_given(scan_line(shown, impl_->options.objective));
    impl_->accompany(points);
  }
  for (const CompiledRule& rule : impl_->rules) {
    match_rule(rule, shown, points);
  }
  return points;
}

}  // namespace sweepd::agent
