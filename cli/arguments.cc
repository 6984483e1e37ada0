// The verbs and options as CLI11 sees them; its exceptions end here.
#include "cli/arguments.h"

#include "base/usage.h"
#include "cli/argument_places.h"
#include "cli/argument_values.h"
#include "cli/completion.h"
#include "cli/examples.h"
#include "cli/next_words.h"
#include "cli/synonyms.h"
#include "cli/text.h"
#include "cli/topics.h"
#include "sweeps/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>

namespace sweepd::cli {

namespace {

constexpr const char* kSelectorHelp = "12, 12/7, last, 12/best, a unique name (help selectors)";
constexpr const char* kSweepHelp = "12, last, a unique name (help selectors)";
constexpr const char* kAgentHelp = "a number, or a unique name (sweepctl agent ls)";

// Owns the places that CLI11 writes to, and hands out the verb that was chosen.
class Parser {
 public:
  Parser() {
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

  std::variant<Invocation, HelpText, UsageFault> parse(std::vector<std::string> arguments) {
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

  const CLI::App& app() const { return app_; }

 private:
  // What follows `--` after `run` is not ours to read.
  void take_command(std::vector<std::string>& arguments) {
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    if (std::find(arguments.begin(), dashes, "run") != dashes && dashes != arguments.end()) {
      to_.run.command.assign(dashes + 1, arguments.end());
      arguments.erase(dashes, arguments.end());
    }
  }

  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& description) {
    CLI::App* verb = parent.add_subcommand(name, description);
    verb->fallthrough();
    const std::string path = &parent == &app_ ? name : parent.get_name() + " " + name;
    verb->footer(examples_of(path));
    return verb;
  }

  CLI::App* add_noun(const std::string& name, const std::string& description) {
    CLI::App* noun = app_.add_subcommand(name, description);
    noun->fallthrough();
    noun->require_subcommand(1);
    return noun;
  }

  // `--json[=a,b]`
  void add_json(CLI::App* verb, bool& json, std::vector<std::string>* fields) {
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

  void add_read(CLI::App* verb, ReadOptions& read) {
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

  void add_pairs(CLI::App* verb,
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

  void add_duration(CLI::App* verb,
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

  void add_selector(CLI::App* verb, std::string& selector, bool required = true) {
    verb->add_option("id", selector, kSelectorHelp)->required(required);
  }

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

  std::string explain(const CLI::ParseError& error);

  CLI::App app_;
  Invocation invocation_;
  std::map<const CLI::App*, std::string> json_text_;
  std::map<const CLI::App*, std::string> duration_text_;
  std::map<const CLI::App*, std::vector<std::string>> pair_texts_;
  std::map<const CLI::App*, std::vector<std::function<void()>>> at_end_;

  ArgumentPlaces to_;
};

void Parser::add_starting_verbs() {
  CLI::App* submit = add(app_, "submit", "start the sweep that a file describes");
  submit->add_option("file", to_.submit.file, "the sweep file; - for stdin")->required();
  submit->add_flag("--dry-run", to_.submit.dry_run, "show what would run, and run nothing");
  submit->add_flag("--watch", to_.submit.watch, "then watch it: exit code 0 or 8");
  submit->add_flag("--wait", to_.submit.wait, "then wait for its end: exit code 0 or 8");
  submit->add_flag("--paused", to_.submit.paused, "start nothing until `resume`");
  submit->add_option("--name", to_.submit.name, "instead of the name in the file");
  submit->add_flag("-q,--quiet", to_.submit.quiet, "only the id, no talk");
  add_pairs(submit, "--set", to_.submit.set, "KEY=VALUE instead of what the file says");
  add_json(submit, to_.submit.json, nullptr);
  choose(submit, to_.submit);

  CLI::App* check = add(app_, "check", "find every fault of sweep files; needs no daemon");
  check->add_option("files", to_.check.files, "sweep files")->required();
  check->add_flag("-q,--quiet", to_.check.quiet, "only the exit code and the faults");
  add_pairs(check, "--set", to_.check.set, "KEY=VALUE instead of what the files say");
  add_json(check, to_.check.json, &to_.check.fields);
  choose(check, to_.check);
  add_run();
}

void Parser::add_run() {
  CLI::App* verb =
      add(app_,
          "run",
          "run one command as a batch job, and follow it: sweepctl run [OPTIONS] -- COMMAND...");
  verb->add_option("--gpus", to_.run.gpus, "0: a CPU slot; left out: any slot")
      ->check(whole_number(0));
  verb->add_option("--cpus", to_.run.cpus, "threads that the command may use")
      ->check(whole_number(1));
  add_duration(verb, "--time", to_.run.time, "end it after so long, like 2h");
  verb->add_option("--name", to_.run.name, "instead of the command's name");
  add_pairs(verb, "--env", to_.run.env, "KEY=VALUE for its environment");
  verb->add_option("--code", to_.run.code, "ship this folder; the command starts in it");
  verb->add_option("--metric", to_.run.metric, "the metric to keep, smaller is better");
  verb->add_flag("--maximize", to_.run.maximize, "larger is better");
  verb->add_flag("-d,--detach", to_.run.detach, "do not follow; print the id");
  at_end_[verb].emplace_back([this] {
    if (to_.run.command.empty()) {
      throw CLI::ValidationError("run",
                                 "put the command after `--`: sweepctl run -- python train.py");
    }
  });
  choose(verb, to_.run);
}

void Parser::add_reading_verbs() {
  CLI::App* ls = add(app_, "ls", "sweeps and jobs");
  ls->add_flag("-a,--all", to_.list.all, "ended ones, too, however old");
  add_read(ls, to_.list.read);
  choose(ls, to_.list);

  CLI::App* show = add(app_, "show", "a sweep and how it stands");
  show->add_flag("--toml", to_.show.toml, "only the sweep file as it was submitted");
  add_reader(show, to_.show);

  CLI::App* top = add(app_, "leaderboard", "the best trials of a sweep: 10, or as many as -n says");
  top->alias("top");
  add_reader(top, to_.leaderboard);

  CLI::App* trial = add_noun("trial", "trials");
  add_reader(add(*trial, "ls", "the trials of a sweep"), to_.trial_list);
  add_reader(add(*trial, "show", "one trial with its attempts"), to_.trial_show);

  CLI::App* why = add(app_, "explain", "why a sweep or trial is in its state");
  why->alias("why");
  add_reader(why, to_.explain);
}

void Parser::add_following_verbs() {
  CLI::App* watch = add(app_, "watch", "a sweep, live");
  add_selector(watch, to_.watch.selector, false);
  add_json(watch, to_.watch.json, &to_.watch.fields);
  choose(watch, to_.watch);

  CLI::App* wait = add(app_, "wait", "wait for the end of sweeps or trials");
  wait->add_option("ids", to_.wait.selectors, kSelectorHelp)->required();
  add_duration(wait, "--timeout", to_.wait.timeout, "give up after so long, like 5m");
  wait->add_flag("-q,--quiet", to_.wait.quiet, "no talk");
  add_json(wait, to_.wait.json, &to_.wait.fields);
  choose(wait, to_.wait);

  CLI::App* logs = add(app_, "logs", "what trials printed");
  add_selector(logs, to_.logs.selector);
  logs->add_flag("-f,--follow", to_.logs.follow, "go on until the end");
  logs->add_flag("--stderr", to_.logs.errors, "stderr instead of stdout");
  logs->add_option("-n,--lines,--tail", to_.logs.lines, "only the last so many lines")
      ->check(whole_number(0));
  add_json(logs, to_.logs.json, &to_.logs.fields);
  choose(logs, to_.logs);

  CLI::App* metrics = add(app_, "metrics", "what a trial reported");
  metrics->add_flag("-f,--follow", to_.metrics.follow, "go on until the end");
  add_reader(metrics, to_.metrics);
}

void Parser::add_control(const std::string& name,
                         ControlArgs& args,
                         const std::string& description) {
  CLI::App* verb = add(app_, name, description);
  verb->add_option("--reason", args.reason, "kept with the state");
  add_changer(verb, args);
}

void Parser::add_control_verbs() {
  add_control("stop", to_.stop, "let running trials finish, then end the sweep");
  add_control("pause", to_.pause, "start no new trials; running ones finish");
  add_control("resume", to_.resume, "go on after pause");
  add_control("kill", to_.kill, "end a sweep or a trial now: TERM, grace, KILL");
  add_control("retry", to_.retry, "run failed trials once more");
  CLI::App* remove = add(app_, "rm", "remove ended sweeps with all that only they need");
  remove->add_flag("--dry-run", to_.remove.dry_run, "show what would go, and remove nothing");
  add_changer(remove, to_.remove, kSweepHelp);

  CLI::App* gc = add(app_, "gc", "delete now what nothing needs any more, and say what it was");
  gc->add_flag("--dry-run", to_.gc.dry_run, "count it, and delete nothing");
  gc->add_flag("-q,--quiet", to_.gc.quiet, "no talk");
  add_json(gc, to_.gc.json, nullptr);
  choose(gc, to_.gc);

  CLI::App* usage =
      add(app_, "du", "what each sweep takes on the daemon's disk, the largest first");
  usage->add_option("ids", to_.usage.selectors, "only these sweeps");
  add_read(usage, to_.usage.read);
  choose(usage, to_.usage);
}

void Parser::add_model_verbs() {
  CLI::App* model = add_noun("model", "the model registry");
  CLI::App* ls = add(*model, "ls", "models and their versions");
  ls->add_option("model", to_.model_list.model, "only this model");
  add_read(ls, to_.model_list.read);
  choose(ls, to_.model_list);
  CLI::App* show = add(*model, "show", "one version and where it came from");
  show->add_option("model", to_.model_show.model, "NAME or NAME:VERSION")->required();
  add_read(show, to_.model_show.read);
  choose(show, to_.model_show);
  CLI::App* enter = add(*model, "register", "make a trial's artifact a version of a model");
  add_selector(enter, to_.model_register.selector);
  enter->add_option("--name", to_.model_register.name, "of the model")->required();
  enter->add_option("--path", to_.model_register.path, "below the artifact (outputs)");
  enter->add_flag("-q,--quiet", to_.model_register.quiet, "only NAME:VERSION");
  add_json(enter, to_.model_register.json, nullptr);
  choose(enter, to_.model_register);
  CLI::App* download = add(*model, "download", "the files of a version");
  download->add_option("model", to_.model_download.model, "NAME or NAME:VERSION")->required();
  download->add_option(
      "dir", to_.model_download.folder, "a new or empty folder (named like the model)");
  choose(download, to_.model_download);
}

void Parser::add_agent_verbs() {
  CLI::App* agents = add_noun("agent", "agents and their slots");
  CLI::App* ls = add(*agents, "ls", "agents and what runs on them");
  add_read(ls, to_.agent_list.read);
  choose(ls, to_.agent_list);
  CLI::App* show = add(*agents, "show", "one agent: what it runs, and what failed on it");
  add_reader(show, to_.agent_show, kAgentHelp);
  CLI::App* drain = add(*agents, "drain", "nothing new on it; what runs goes on");
  drain->add_option("--reason", to_.agent_drain.reason, "kept with the state");
  add_changer(drain, to_.agent_drain, kAgentHelp);
  add_changer(
      add(*agents, "resume", "let a drained agent work again"), to_.agent_resume, kAgentHelp);
  add_changer(
      add(*agents, "rm", "take a lost agent out of the list"), to_.agent_forget, kAgentHelp);
}

void Parser::add_object_verbs() {
  add_agent_verbs();
  add_model_verbs();
  CLI::App* artifacts = add_noun("artifact", "files that trials left behind");
  add_reader(add(*artifacts, "ls", "the files of a trial"), to_.artifact_list);
  CLI::App* artifact_get = add(*artifacts, "get", "copy files of a trial here");
  add_selector(artifact_get, to_.artifact_get.selector);
  artifact_get->add_option("glob", to_.artifact_get.glob, "which files, like 'outputs/*.pt' (all)");
  artifact_get->add_option("-o,--output", to_.artifact_get.folder, "the folder to copy to (.)");
  choose(artifact_get, to_.artifact_get);
}

void Parser::add_other_verbs() {
  CLI::App* server = add_noun("server", "the daemon");
  CLI::App* info = add(*server, "info", "version, load and health of the daemon");
  add_read(info, to_.server_info.read);
  choose(info, to_.server_info);
  CLI::App* backup = add(*server, "backup", "a checked copy of everything, made by the daemon");
  backup->add_option("folder", to_.server_backup.folder, "new, on its machine")->required();
  backup->add_flag("-q,--quiet", to_.server_backup.quiet, "no talk");
  add_json(backup, to_.server_backup.json, nullptr);
  choose(backup, to_.server_backup);
  CLI::App* version = add(app_, "version", "of this program");
  add_json(version, to_.version.json, nullptr);
  choose(version, to_.version);
  CLI::App* completion = add(app_, "completion", "a script that completes words in your shell");
  const auto take_shell = [this](const std::string& name) {
    const std::optional<Shell> shell = shell_named(name);
    if (!shell) {
      throw CLI::ValidationError("shell", fmt::format("'{}' is not bash, zsh or fish", name));
    }
    to_.completion.shell = *shell;
  };
  completion->add_option_function<std::string>("shell", take_shell, "bash, zsh or fish")
      ->required();
  choose(completion, to_.completion);
  CLI::App* help = add(app_, "help", "about a verb, or a topic of more than one verb");
  help->add_option(
      "words",
      to_.help.words,
      fmt::format("a VERB, a NOUN VERB, or one of {}", fmt::join(topic_names(), ", ")));
  choose(help, to_.help);
}

std::string Parser::explain(const CLI::ParseError& error) {
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

// What `VERB --help` prints; a word that is a topic as well is told in full.
HelpText help_of(std::vector<std::string> verb) {
  const auto topic = topic_text(fmt::format("{}", fmt::join(verb, " ")));
  const std::string before = topic ? std::string(*topic) + "\n" : std::string();
  verb.emplace_back("--help");
  const auto help = Parser().parse(std::move(verb));
  return HelpText{before + std::get<HelpText>(help).text};
}

}  // namespace

std::variant<Invocation, HelpText, UsageFault> parse_arguments(std::vector<std::string> arguments) {
  if (arguments.empty()) {
    arguments.emplace_back("--help");
  }
  Parser parser;
  auto parsed = parser.parse(std::move(arguments));
  const auto* invocation = std::get_if<Invocation>(&parsed);
  const auto* help = invocation == nullptr ? nullptr : std::get_if<HelpArgs>(&invocation->command);
  if (help != nullptr && has_verb(parser.app(), help->words)) {
    return help_of(help->words);
  }
  return parsed;
}

std::vector<NextWords> next_words() {
  return next_words_of(Parser().app());
}

}  // namespace sweepd::cli
