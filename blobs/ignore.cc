// The reading of ignore rules, and the matching of whole paths.
#include "blobs/ignore.h"

#include <algorithm>
#include <utility>

namespace sweepd::blobs {

namespace {

// No code runs from these, and each is large, machine-bound or made anew anyway.
constexpr std::string_view kDefaults = ".git/\n__pycache__/\n*.pyc\n.venv/\nnode_modules/\n";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

// Drops blanks at the end, up to one that is written `\ `.
std::string_view without_trailing_blanks(std::string_view line) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  while (line.ends_with(' ')) {
    std::string_view before = line.substr(0, line.size() - 1);
    const std::size_t text_end = before.find_last_not_of('\\');
    const std::size_t slashes =
        before.size() - (text_end == std::string_view::npos ? 0 : text_end + 1);
    if (slashes % 2 == 1) {
      break;
    }
    line = before;
  }
  return line;
}

}  // namespace

Ignore::Ignore(std::string_view text) {
  for (const std::string_view source : {kDefaults, text}) {
    for (const std::string_view line : split(source, '\n')) {
      if (std::optional<Rule> rule = compile(line)) {
        rules_.push_back(*std::move(rule));
      }
    }
  }
}

std::optional<Ignore::Rule> Ignore::compile(std::string_view line) {
  line = without_trailing_blanks(line);
  if (line.empty() || line.front() == '#') {
    return std::nullopt;
  }
  Rule rule;
  if (line.front() == '!') {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    rule.folder_only = true;
    line.remove_suffix(1);
  }
  const bool anchored = line.find('/') != std::string_view::npos;
  if (line.starts_with('/')) {
    line.remove_prefix(1);
  }
  if (line.empty()) {
    return std::nullopt;
  }
  if (!anchored) {
    rule.parts.emplace_back(std::nullopt);
  }
  for (const std::string_view part : split(line, '/')) {
    const bool any_parts = part == "**";
    if (any_parts && !rule.parts.empty() && !rule.parts.back()) {
      continue;
    }
    rule.parts.push_back(any_parts ? std::nullopt : std::optional<Glob>(part));
  }
  if (!rule.parts.back()) {
    rule.parts.emplace_back(Glob("*"));  // `a/**` is what is in `a`, not `a`
  }
  return rule;
}

bool Ignore::matches(const Rule& rule, const std::vector<std::string_view>& parts) {
  // As within a part: only the last `**` ever needs to give back.
  std::size_t pattern = 0;
  std::size_t at = 0;
  std::optional<std::pair<std::size_t, std::size_t>> retry;
  while (at < parts.size()) {
    const std::optional<Glob>* part = pattern < rule.parts.size() ? &rule.parts[pattern] : nullptr;
    if (part != nullptr && !*part) {
      ++pattern;
      retry = {pattern, at};
    } else if (part != nullptr && *part && (*part)->matches(parts[at])) {
      ++pattern;
      ++at;
    } else if (retry) {
      pattern = retry->first;
      at = ++retry->second;
    } else {
      return false;
    }
  }
  return pattern == rule.parts.size();  // none ends with a `**`
}

bool Ignore::ignores(const Entry& entry) const {
  const std::vector<std::string_view> parts = split(entry.path, '/');
  const auto decides = [&](const Rule& rule) {
    return (entry.folder || !rule.folder_only) && matches(rule, parts);
  };
  const auto last = std::find_if(rules_.rbegin(), rules_.rend(), decides);
  return last != rules_.rend() && !last->negated;
}

}  // namespace sweepd::blobs
