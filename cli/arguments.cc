// The verbs and options as CLI11 sees them; no other file includes it, and its exceptions end here.
#include "cli/arguments.h"

#include "cli/examples.h"
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
constexpr const char* kAgentHelp = "a number, or a unique name (sweepctl agent ls)";

std::pair<std::string, std::string> split_pair(const std::string& option, const std::string& text) {
  const std::size_t at = text.find('=');
  if (at == 0 || at == std::string::npos) {
    throw CLI::ValidationError(option, fmt::format("'{}' is not KEY=VALUE", text));
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

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

  // Whether the words are a verb, a noun, or a noun and its verb.
  bool has_verb(const std::vector<std::string>& words) const {
    const CLI::App* app = &app_;
    for (const std::string& word : words) {
      const std::vector<const CLI::App*> verbs = app->get_subcommands({});
      const auto verb = std::find_if(verbs.begin(), verbs.end(), [&word](const CLI::App* each) {
        return each->check_name(word);
      });
      if (verb == verbs.end()) {
        return false;
      }
      app = *verb;
    }
    return app != &app_;
  }

 private:
  // What follows `--` after `run` is not ours to read.
  void take_command(std::vector<std::string>& arguments) {
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    if (std::find(arguments.begin(), dashes, "run") != dashes && dashes != arguments.end()) {
      run_.command.assign(dashes + 1, arguments.end());
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
    verb->add_option("-n,--limit", read.limit, "at most so many rows; 0: all");
  }

  void add_pairs(CLI::App* verb,
                 const std::string& option,
                 std::vector<std::pair<std::string, std::string>>& pairs,
                 const std::string& description) {
    std::vector<std::string>& texts = pair_texts_[verb];
    verb->add_option(option, texts, description)->allow_extra_args(false);
    at_end_[verb].emplace_back([&texts, &pairs, option] {
      for (const std::string& text : texts) {
        pairs.emplace_back(split_pair(option, text));
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

  SubmitArgs submit_;
  CheckArgs check_;
  RunArgs run_;
  ListArgs list_;
  ShowArgs show_;
  LeaderboardArgs leaderboard_;
  TrialListArgs trial_list_;
  TrialShowArgs trial_show_;
  WatchArgs watch_;
  WaitArgs wait_;
  LogsArgs logs_;
  MetricsArgs metrics_;
  ControlArgs stop_{pb::STOP, {}, {}, false, false};
  ControlArgs pause_{pb::PAUSE, {}, {}, false, false};
  ControlArgs resume_{pb::RESUME, {}, {}, false, false};
  ControlArgs kill_{pb::KILL, {}, {}, false, false};
  ControlArgs retry_{pb::RETRY, {}, {}, false, false};
  ExplainArgs explain_;
  AgentListArgs agent_list_;
  AgentShowArgs agent_show_;
  AgentControlArgs agent_drain_{pb::DRAIN_AGENT, {}, {}, false, false};
  AgentControlArgs agent_resume_{pb::RESUME_AGENT, {}, {}, false, false};
  ModelListArgs model_list_;
  ModelShowArgs model_show_;
  ModelRegisterArgs model_register_;
  ModelDownloadArgs model_download_;
  ArtifactListArgs artifact_list_;
  ArtifactGetArgs artifact_get_;
  ServerInfoArgs server_info_;
  ServerBackupArgs server_backup_;
  VersionArgs version_;
  HelpArgs help_;
};

void Parser::add_starting_verbs() {
  CLI::App* submit = add(app_, "submit", "start the sweep that a file describes");
  submit->add_option("file", submit_.file, "the sweep file; - for stdin")->required();
  submit->add_flag("--dry-run", submit_.dry_run, "show what would run, and run nothing");
  submit->add_flag("--watch", submit_.watch, "then watch it");
  submit->add_flag("--wait", submit_.wait, "then wait for its end: exit code 0 or 8");
  submit->add_flag("--paused", submit_.paused, "start nothing until `resume`");
  submit->add_option("--name", submit_.name, "instead of the name in the file");
  submit->add_flag("-q,--quiet", submit_.quiet, "only the id, no talk");
  add_pairs(submit, "--set", submit_.set, "KEY=VALUE instead of what the file says");
  add_json(submit, submit_.json, nullptr);
  choose(submit, submit_);

  CLI::App* check = add(app_, "check", "find every fault of sweep files; needs no daemon");
  check->add_option("files", check_.files, "sweep files")->required();
  check->add_flag("-q,--quiet", check_.quiet, "only the exit code and the faults");
  add_pairs(check, "--set", check_.set, "KEY=VALUE instead of what the files say");
  add_json(check, check_.json, nullptr);
  choose(check, check_);
  add_run();
}

void Parser::add_run() {
  CLI::App* verb =
      add(app_,
          "run",
          "run one command as a batch job, and follow it: sweepctl run [OPTIONS] -- COMMAND...");
  verb->add_option("--gpus", run_.gpus, "0: a CPU slot; left out: any slot");
  verb->add_option("--cpus", run_.cpus, "threads that the command may use")
      ->check(CLI::PositiveNumber);
  add_duration(verb, "--time", run_.time, "end it after so long, like 2h");
  verb->add_option("--name", run_.name, "instead of the command's name");
  add_pairs(verb, "--env", run_.env, "KEY=VALUE for its environment");
  verb->add_option("--code", run_.code, "ship this folder; the command starts in it");
  verb->add_option("--metric", run_.metric, "the metric to keep, smaller is better");
  verb->add_flag("--maximize", run_.maximize, "larger is better");
  verb->add_flag("-d,--detach", run_.detach, "do not follow; print the id");
  at_end_[verb].emplace_back([this] {
    if (run_.command.empty()) {
      throw CLI::ValidationError("run",
                                 "put the command after `--`: sweepctl run -- python train.py");
    }
  });
  choose(verb, run_);
}

void Parser::add_reading_verbs() {
  CLI::App* ls = add(app_, "ls", "sweeps and jobs");
  ls->add_flag("-a,--all", list_.all, "ended ones, too, however old");
  add_read(ls, list_.read);
  choose(ls, list_);

  CLI::App* show = add(app_, "show", "a sweep and how it stands");
  show->add_flag("--toml", show_.toml, "only the sweep file as it was submitted");
  add_reader(show, show_);

  CLI::App* top = add(app_, "leaderboard", "the best trials of a sweep: 10, or as many as -n says");
  top->alias("top");
  add_reader(top, leaderboard_);

  CLI::App* trial = add_noun("trial", "trials");
  add_reader(add(*trial, "ls", "the trials of a sweep"), trial_list_);
  add_reader(add(*trial, "show", "one trial with its attempts"), trial_show_);

  CLI::App* why = add(app_, "explain", "why a sweep or trial is in its state");
  why->alias("why");
  add_reader(why, explain_);
}

void Parser::add_following_verbs() {
  CLI::App* watch = add(app_, "watch", "a sweep, live");
  add_selector(watch, watch_.selector, false);
  add_json(watch, watch_.json, nullptr);
  choose(watch, watch_);

  CLI::App* wait = add(app_, "wait", "wait for the end of sweeps or trials");
  wait->add_option("ids", wait_.selectors, kSelectorHelp)->required();
  add_duration(wait, "--timeout", wait_.timeout, "give up after so long, like 5m");
  wait->add_flag("-q,--quiet", wait_.quiet, "no talk");
  add_json(wait, wait_.json, nullptr);
  choose(wait, wait_);

  CLI::App* logs = add(app_, "logs", "what trials printed");
  add_selector(logs, logs_.selector);
  logs->add_flag("-f,--follow", logs_.follow, "go on until the end");
  logs->add_flag("--stderr", logs_.errors, "stderr instead of stdout");
  logs->add_option("--tail", logs_.tail, "only the last so many lines");
  choose(logs, logs_);

  CLI::App* metrics = add(app_, "metrics", "what a trial reported");
  metrics->add_flag("-f,--follow", metrics_.follow, "go on until the end");
  add_reader(metrics, metrics_);
}

void Parser::add_control(const std::string& name,
                         ControlArgs& args,
                         const std::string& description) {
  CLI::App* verb = add(app_, name, description);
  verb->add_option("--reason", args.reason, "kept with the state");
  add_changer(verb, args);
}

void Parser::add_control_verbs() {
  add_control("stop", stop_, "let running trials finish, then end the sweep");
  add_control("pause", pause_, "start no new trials; running ones finish");
  add_control("resume", resume_, "go on after pause");
  add_control("kill", kill_, "end a sweep or a trial now: TERM, grace, KILL");
  add_control("retry", retry_, "run failed trials once more");
}

void Parser::add_model_verbs() {
  CLI::App* model = add_noun("model", "the model registry");
  CLI::App* ls = add(*model, "ls", "models and their versions");
  ls->add_option("model", model_list_.model, "only this model");
  add_read(ls, model_list_.read);
  choose(ls, model_list_);
  CLI::App* show = add(*model, "show", "one version and where it came from");
  show->add_option("model", model_show_.model, "NAME or NAME:VERSION")->required();
  add_read(show, model_show_.read);
  choose(show, model_show_);
  CLI::App* enter = add(*model, "register", "make a trial's artifact a version of a model");
  add_selector(enter, model_register_.selector);
  enter->add_option("--name", model_register_.name, "of the model")->required();
  enter->add_option("--path", model_register_.path, "below the artifact (outputs)");
  enter->add_flag("-q,--quiet", model_register_.quiet, "only NAME:VERSION");
  add_json(enter, model_register_.json, nullptr);
  choose(enter, model_register_);
  CLI::App* download = add(*model, "download", "the files of a version");
  download->add_option("model", model_download_.model, "NAME or NAME:VERSION")->required();
  download->add_option(
      "dir", model_download_.folder, "a new or empty folder (named like the model)");
  choose(download, model_download_);
}

void Parser::add_agent_verbs() {
  CLI::App* agents = add_noun("agent", "agents and their slots");
  CLI::App* ls = add(*agents, "ls", "agents and what runs on them");
  add_read(ls, agent_list_.read);
  choose(ls, agent_list_);
  CLI::App* show = add(*agents, "show", "one agent: what it runs, and what failed on it");
  add_reader(show, agent_show_, kAgentHelp);
  CLI::App* drain = add(*agents, "drain", "nothing new on it; what runs goes on");
  drain->add_option("--reason", agent_drain_.reason, "kept with the state");
  add_changer(drain, agent_drain_, kAgentHelp);
  add_changer(add(*agents, "resume", "let a drained agent work again"), agent_resume_, kAgentHelp);
}

void Parser::add_object_verbs() {
  add_agent_verbs();
  add_model_verbs();
  CLI::App* artifacts = add_noun("artifact", "files that trials left behind");
  add_reader(add(*artifacts, "ls", "the files of a trial"), artifact_list_);
  CLI::App* artifact_get = add(*artifacts, "get", "copy files of a trial here");
  add_selector(artifact_get, artifact_get_.selector);
  artifact_get->add_option("glob", artifact_get_.glob, "which files, like 'outputs/*.pt' (all)");
  artifact_get->add_option("-o,--output", artifact_get_.folder, "the folder to copy to (.)");
  choose(artifact_get, artifact_get_);
}

void Parser::add_other_verbs() {
  CLI::App* server = add_noun("server", "the daemon");
  CLI::App* info = add(*server, "info", "version, load and health of the daemon");
  add_read(info, server_info_.read);
  choose(info, server_info_);
  CLI::App* backup = add(*server, "backup", "a checked copy of everything, made by the daemon");
  backup->add_option("folder", server_backup_.folder, "new, on its machine")->required();
  backup->add_flag("-q,--quiet", server_backup_.quiet, "no talk");
  add_json(backup, server_backup_.json, nullptr);
  choose(backup, server_backup_);
  CLI::App* version = add(app_, "version", "of this program");
  add_json(version, version_.json, nullptr);
  choose(version, version_);
  CLI::App* help = add(app_, "help", "about a verb, or a topic of more than one verb");
  help->add_option(
      "words",
      help_.words,
      fmt::format("a VERB, a NOUN VERB, or one of {}", fmt::join(topic_names(), ", ")));
  choose(help, help_);
}

// Every name that `app` takes: its options and its verbs.
std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.push_back("--" + name);
    }
  }
  for (const CLI::App* verb : app.get_subcommands({})) {
    words.push_back(verb->get_name());
    for (const std::string& alias : verb->get_aliases()) {
      words.push_back(alias);
    }
  }
  return words;
}

std::string Parser::explain(const CLI::ParseError& error) {
  const CLI::App* app = &app_;
  std::string path = "sweepctl";
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    path += " " + app->get_name();
  }
  std::vector<std::string> left = app_.remaining(true);
  std::erase(left, "--");
  std::string message = error.what();
  if (!left.empty()) {
    const bool option = left.front().starts_with('-');
    const bool verb = !option && !app->get_subcommands({}).empty();
    const std::string word = option ? left.front().substr(0, left.front().find('=')) : left.front();
    message = option ? fmt::format("unknown option '{}'", word)
              : verb ? fmt::format("unknown verb '{}'", word)
                     : fmt::format("unexpected argument '{}'", word);
    message += suggestion_for(word, words_of(*app));
  }
  return fmt::format("error: {}\nsee `{} --help`\n", message, path);
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
  if (help != nullptr && parser.has_verb(help->words)) {
    return help_of(help->words);
  }
  return parsed;
}

}  // namespace sweepd::cli
