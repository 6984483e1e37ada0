// A command line that cannot be used, told in one sentence.
#include "base/usage.h"

#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace sweepd {

namespace {

constexpr std::string_view kEmpty = "has an empty value; leave it out for the default";

// The program and its verbs down to the last.
std::vector<const CLI::App*> all_in(const CLI::App& app) {
  std::vector<const CLI::App*> all = {&app};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<const CLI::App*> verbs = all[i]->get_subcommands({});
    all.insert(all.end(), verbs.begin(), verbs.end());
  }
  return all;
}

}  // namespace

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.push_back("--" + name);
    }
  }
  for (const CLI::App* verb : app.get_subcommands({})) {
    words.push_back(verb->get_name());
    const std::vector<std::string>& aliases = verb->get_aliases();
    words.insert(words.end(), aliases.begin(), aliases.end());
  }
  return words;
}

UsagePlace usage_place(const CLI::App& app) {
  UsagePlace place{&app, app.get_name()};
  while (!place.app->get_subcommands().empty()) {
    place.app = place.app->get_subcommands().front();
    place.path += " " + place.app->get_name();
  }
  return place;
}

std::string unknown_text(const CLI::App& app, const std::string& word) {
  if (word.starts_with('-')) {
    return fmt::format("unknown option '{}'", word.substr(0, word.find('=')));
  }
  return fmt::format(
      "{} '{}'", app.get_subcommands({}).empty() ? "unexpected argument" : "unknown verb", word);
}

// CLI11's "--cpu-slots: 1 required N missing" and "Could not convert: --cpu-slots = many".
std::string value_fault(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  constexpr std::string_view kNoNumber = "Could not convert: ";
  if (text.starts_with(kNoNumber)) {
    const std::size_t sign = text.find(" = ");
    const std::string option = text.substr(kNoNumber.size(), sign - kNoNumber.size());
    const std::string value = sign == std::string::npos ? std::string() : text.substr(sign + 3);
    return fmt::format("option '{}' takes a whole number, not '{}'", option, value);
  }
  const std::string subject = text.substr(0, text.find_first_of(": "));
  if (text.ends_with(kEmpty)) {
    return fmt::format("option '{}' {}", subject, kEmpty);
  }
  const CLI::Option* option = app.get_option_no_throw(subject);
  if (option != nullptr && text.ends_with(" missing")) {
    return fmt::format("option '{}' needs its value ({})", subject, option->get_type_name());
  }
  if (text.ends_with(" is required")) {
    return fmt::format("{} is missing", subject);
  }
  return text;
}

std::string usage_fault(const CLI::App& app, const CLI::ParseError& error) {
  const UsagePlace place = usage_place(app);
  const std::vector<std::string> left = app.remaining(true);
  std::string message;
  if (left.empty()) {
    message = value_fault(*place.app, error);
  } else {
    const std::string name = left.front().substr(0, left.front().find('='));
    const auto meant = nearest(name, words_of(*place.app));
    message = unknown_text(*place.app, left.front()) +
              (meant ? fmt::format("; did you mean '{}'?", *meant) : std::string());
  }
  return fmt::format("{}: {}\nsee `{} --help`\n", app.get_name(), message, place.path);
}

void refuse_empty_values(CLI::App& app) {
  std::vector<CLI::App*> verbs = app.get_subcommands({});
  verbs.push_back(&app);
  for (CLI::App* verb : verbs) {
    for (CLI::Option* option : verb->get_options({})) {
      option->check([option](const std::string& value) {
        return value.empty() && option->get_items_expected_min() > 0 ? std::string(kEmpty)
                                                                     : std::string();
      });
    }
  }
}

std::vector<std::string> spell_out_empty_values(const CLI::App& app,
                                                const std::vector<std::string>& words) {
  const std::vector<const CLI::App*> all = all_in(app);
  const auto takes_value = [&all](const std::string& name) {
    return std::any_of(all.begin(), all.end(), [&name](const CLI::App* each) {
      const CLI::Option* option = each->get_option_no_throw(name);
      return option != nullptr && option->get_items_expected_min() > 0;
    });
  };
  std::vector<std::string> out;
  const auto dashes = std::find(words.begin(), words.end(), "--");
  for (auto word = words.begin(); word != words.end(); ++word) {
    const std::string name = word->substr(0, word->size() - (word->empty() ? 0 : 1));
    const bool empty = word < dashes && word->ends_with('=') && name.starts_with("--");
    if (empty && takes_value(name)) {
      out.insert(out.end(), {name, ""});
    } else {
      out.push_back(*word);
    }
  }
  return out;
}

}  // namespace sweepd
