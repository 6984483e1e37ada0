// The seeds that once found something.
#include "tests/sim/regressions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sweepd::sim {

namespace {

// The next word of the line, which is taken off it.
std::string_view next_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t end = std::min(line.find(' ', begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

Result<Regression> read_line(std::string_view line) {
  const auto refused = [whole = line](std::string_view why) {
    return Error{Errc::kInvalidArgument, fmt::format("'{}': {}", whole, why)};
  };
  Regression regression;
  Plan& plan = regression.plan;
  const std::optional<Mode> mode = find_mode(next_word(line));
  const std::string_view seed = next_word(line);
  const std::string_view cuts = next_word(line);
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), plan.seed);
  if (!mode || error != std::errc() || end != seed.data() + seed.size()) {
    return refused("a line is: core, system or losses, seed, cuts or -, what it found");
  }
  plan.mode = *mode;
  SWEEPD_TRY(plan.cuts, parse_cuts(cuts == "-" ? "" : cuts));
  if (!cut(draw_scenario(plan.seed), plan.cuts).ok()) {
    return refused("the seed draws nothing of that kind");
  }
  line.remove_prefix(std::min<std::size_t>(line.size(), 1));
  regression.what = std::string(line);
  return regression;
}

}  // namespace

Result<std::vector<Regression>> read_regressions(std::string_view text) {
  std::vector<Regression> regressions;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    SWEEPD_TRY(Regression regression, read_line(line));
    regressions.push_back(std::move(regression));
  }
  return regressions;
}

std::string regression_line(const Plan& plan, std::string_view what) {
  return fmt::format("{} {} {} {}",
                     to_text(plan.mode),
                     plan.seed,
                     plan.cuts.empty() ? "-" : to_text(plan.cuts),
                     what);
}

}  // namespace sweepd::sim
