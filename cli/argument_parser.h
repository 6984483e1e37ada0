// The verbs and options as CLI11 sees them; its exceptions end here.
#pragma once

#include "cli/argument_places.h"
#include "cli/arguments.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

namespace sweepd::cli {

constexpr const char* kSelectorHelp = "12, 12/7, last, 12/best, a unique name (help selectors)";

// Owns the places that CLI11 writes to, and hands out the verb that was chosen.
class ArgumentParser {
 public:
  ArgumentParser();

  std::variant<Invocation, HelpText, UsageFault> parse(std::vector<std::string> arguments);

  const CLI::App& app() const { return app_; }

 private:
  // ---- parts of verbs

  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& description);
  CLI::App* add_noun(const std::string& name, const std::string& description);
  void add_json(CLI::App* verb, bool& json, std::vector<std::string>* fields);
  void add_read(CLI::App* verb, ReadOptions& read);
  void add_pairs(CLI::App* verb,
                 const std::string& option,
                 std::vector<std::pair<std::string, std::string>>& pairs,
                 const std::string& description);
  void add_duration(CLI::App* verb,
                    const std::string& option,
                    std::optional<Duration>& duration,
                    const std::string& description);
  void add_selector(CLI::App* verb, std::string& selector, bool required = true);

  // A verb that shows what one selector names; without others of its own.
  template <typename Args>
  void add_reader(CLI::App* verb, Args& args, const char* help = kSelectorHelp) {
    verb->add_option("id", args.selector, help)->required();
    add_read(verb, args.read);
    choose(verb, args);
  }

  // A verb that changes what its selectors name.
  template <typename Args>
  void add_changer(CLI::App* verb, Args& args, const char* help = kSelectorHelp) {
    verb->add_option("ids", args.selectors, help)->required();
    verb->add_flag("-q,--quiet", args.quiet, "no talk");
    add_json(verb, args.json, nullptr);
    choose(verb, args);
  }

  template <typename Args>
  void choose(CLI::App* verb, Args& args) {
    verb->callback([this, verb, &args] {
      for (const std::function<void()>& step : at_end_[verb]) {
        step();
      }
      invocation_.command = args;
    });
  }

  // ---- the verbs, in argument_verbs.cc

  void add_starting_verbs();
  void add_run();
  void add_reading_verbs();
  void add_following_verbs();
  void add_control(const std::string& name, ControlArgs& args, const std::string& description);
  void add_control_verbs();
  void add_agent_verbs();
  void add_object_verbs();
  void add_model_verbs();
  void add_other_verbs();

  void take_command(std::vector<std::string>& arguments);
  std::string explain(const CLI::ParseError& error);

  CLI::App app_;
  Invocation invocation_;
  std::map<const CLI::App*, std::string> json_text_;
  std::map<const CLI::App*, std::string> duration_text_;
  std::map<const CLI::App*, std::vector<std::string>> pair_texts_;
  std::map<const CLI::App*, std::vector<std::function<void()>>> at_end_;

  ArgumentPlaces to_;
};

}  // namespace sweepd::cli
