// The simulator's command line.
#include "tests/sim/options.h"

#include <charconv>
#include <utility>

namespace sweepd::sim {

namespace {

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_seeds(std::string_view text, Options& options) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    return read_number(text, options.last);
  }
  return read_number(text.substr(0, dots), options.first) &&
         read_number(text.substr(dots + 2), options.last);
}

bool read_cuts(std::string_view text, Options& options) {
  Result<std::vector<Cut>> cuts = parse_cuts(text);
  if (cuts.ok()) {
    options.cuts = *std::move(cuts);
  }
  return cuts.ok();
}

bool read_value(std::string_view option, std::string_view value, Options& options) {
  if (option == "--seeds") {
    return read_seeds(value, options);
  }
  if (option == "--seed") {
    return read_number(value, options.first) && read_number(value, options.last);
  }
  if (option == "--mutant") {
    const auto mutant = find_mutant(value);
    options.mutant = mutant.value_or(Mutant::kNone);
    options.mutant_name = value;
    return mutant.has_value();
  }
  if (option == "--cut") {
    return read_cuts(value, options);
  }
  if (option == "--regressions") {
    options.regressions = value;
    return true;
  }
  return false;
}

// The flag of that name; none for other arguments.
bool* flag_named(std::string_view name, Options& options) {
  const std::pair<std::string_view, bool*> flags[] = {{"--trace", &options.trace},
                                                      {"--shrink", &options.shrink},
                                                      {"--list-mutants", &options.list},
                                                      {"--system", &options.system},
                                                      {"--losses", &options.losses},
                                                      {"--all-mutants", &options.all_mutants}};
  for (const auto& [flag, value] : flags) {
    if (name == flag) {
      return value;
    }
  }
  return nullptr;
}

// Cuts are those of one seed: other seeds draw other things.
bool cuts_fit(const Options& options) {
  return options.cuts.empty() ||
         (options.first == options.last && cut(draw_scenario(options.first), options.cuts).ok());
}

}  // namespace

std::optional<Options> read_options(const std::vector<std::string_view>& args) {
  Options options;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (bool* flag = flag_named(args[i], options)) {
      *flag = true;
    } else if (i + 1 < args.size() && read_value(args[i], args[i + 1], options)) {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return cuts_fit(options) ? std::optional(std::move(options)) : std::nullopt;
}

}  // namespace sweepd::sim
