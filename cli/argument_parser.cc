// Parts that verbs share, and what becomes of a command line.
#include "cli/argument_parser.h"

#include "base/usage.h"
#include "cli/argument_values.h"
#include "cli/examples.h"
#include "cli/synonyms.h"
#include "cli/text.h"
#include "sweeps/units.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::cli {

ArgumentParser::ArgumentParser() {
  app_.name("sweepctl");
  app_.description("Sweeps and batch jobs on GPUs that you own.");
  app_.footer("`sweepctl VERB --help` has examples; `sweepctl help` lists the topics.");
  app_.set_version_flag("--version", "sweepctl " SWEEPD_VERSION);
  app_.add_option("--server", invocation_.server, "where the daemon listens (or $SWEEPD_SERVER)");
  app_.require_subcommand(1);
  app_.get_formatter()->column_width(30);
  add_starting_verbs();
  add_reading_verbs();
  add_following_verbs();
  add_control_verbs();
  add_object_verbs();
  add_other_verbs();
}

std::variant<Invocation, HelpText, UsageFault> ArgumentParser::parse(
    std::vector<std::string> arguments) {
  complete_noun(arguments);
  take_command(arguments);
  arguments = spell_out_empty_values(app_, arguments);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app_.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return HelpText{app_.help()};
  } catch (const CLI::CallForVersion& version) {
    return HelpText{std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return UsageFault{explain(error)};
  }
  return std::move(invocation_);
}

// What follows `--` after `run` is not ours to read.
void ArgumentParser::take_command(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (std::find(arguments.begin(), dashes, "run") != dashes && dashes != arguments.end()) {
    to_.run.command.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }
}

CLI::App* ArgumentParser::add(CLI::App& parent,
                              const std::string& name,
                              const std::string& description) {
  CLI::App* verb = parent.add_subcommand(name, description);
  verb->fallthrough();
  const std::string path = &parent == &app_ ? name : parent.get_name() + " " + name;
  verb->footer(examples_of(path));
  return verb;
}

CLI::App* ArgumentParser::add_noun(const std::string& name, const std::string& description) {
  CLI::App* noun = app_.add_subcommand(name, description);
  noun->fallthrough();
  noun->require_subcommand(1);
  return noun;
}

// `--json[=a,b]`
void ArgumentParser::add_json(CLI::App* verb, bool& json, std::vector<std::string>* fields) {
  if (fields == nullptr) {
    verb->add_flag("--json", json, "print JSON");
    return;
  }
  // CLI11 puts the word in braces where no `=a,b` follows.
  std::string& text = json_text_[verb];
  verb->add_flag("--json{FIELDS}", text, "print JSON, of all fields or of these");
  at_end_[verb].emplace_back([&text, &json, fields] {
    json = !text.empty();
    if (text != "FIELDS") {
      *fields = split_at_commas(text);
    }
  });
}

void ArgumentParser::add_read(CLI::App* verb, ReadOptions& read) {
  add_json(verb, read.json, &read.fields);
  verb->add_flag("--csv", read.csv, "print CSV");
  verb->add_flag("-q,--quiet", read.quiet, "print ids only");
  verb->add_flag("--no-header", read.no_header, "no first line");
  verb->add_option("--sort", read.sort, "order by FIELD or FIELD:desc");
  verb->add_option("--where", read.where, "keep rows where 'FIELD op VALUE'")
      ->allow_extra_args(false);
  verb->add_option("-n,--limit", read.limit, "at most so many rows; 0: all")
      ->check(whole_number(0));
}

void ArgumentParser::add_pairs(CLI::App* verb,
                               const std::string& option,
                               std::vector<std::pair<std::string, std::string>>& pairs,
                               const std::string& description) {
  std::vector<std::string>& texts = pair_texts_[verb];
  verb->add_option(option, texts, description)->allow_extra_args(false);
  at_end_[verb].emplace_back([&texts, &pairs, option] {
    for (const std::string& text : texts) {
      auto pair = split_pair(text);
      if (!pair.ok()) {
        throw CLI::ValidationError(option, pair.error().message);
      }
      pairs.push_back(*std::move(pair));
    }
  });
}

void ArgumentParser::add_duration(CLI::App* verb,
                                  const std::string& option,
                                  std::optional<Duration>& duration,
                                  const std::string& description) {
  std::string& text = duration_text_[verb];
  verb->add_option(option, text, description);
  at_end_[verb].emplace_back([&text, &duration, option] {
    if (text.empty()) {
      return;
    }
    const Result<Duration> parsed = sweeps::parse_duration(text);
    if (!parsed.ok()) {
      throw CLI::ValidationError(option, parsed.error().message);
    }
    duration = *parsed;
  });
}

void ArgumentParser::add_selector(CLI::App* verb, std::string& selector, bool required) {
  verb->add_option("id", selector, kSelectorHelp)->required(required);
}

std::string ArgumentParser::explain(const CLI::ParseError& error) {
  const UsagePlace place = usage_place(app_);
  std::vector<std::string> left = app_.remaining(true);
  std::erase(left, "--");
  if (left.empty() && !place.app->get_subcommands({}).empty()) {
    return place.app == &app_ ? app_.help() : place.app->help(app_.get_name());  // a noun alone
  }
  std::string message = value_fault(*place.app, error);
  if (!left.empty()) {
    const std::string word = left.front().substr(0, left.front().find('='));
    message = unknown_text(*place.app, left.front()) + suggestion_for(word, words_of(*place.app));
  }
  return fmt::format("error: {}\nsee `{} --help`\n", message, place.path);
}

}  // namespace sweepd::cli
