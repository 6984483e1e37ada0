// Every verb, with its arguments and options.
#include "cli/argument_parser.h"
#include "cli/argument_values.h"
#include "cli/completion.h"
#include "cli/topics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>

namespace sweepd::cli {

namespace {

constexpr const char* kSweepHelp = "12, last, a unique name (help selectors)";
constexpr const char* kAgentHelp = "a number, or a unique name (sweepctl agent ls)";

}  // namespace

void ArgumentParser::add_starting_verbs() {
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

void ArgumentParser::add_run() {
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

void ArgumentParser::add_reading_verbs() {
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

void ArgumentParser::add_following_verbs() {
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

void ArgumentParser::add_control(const std::string& name,
                                 ControlArgs& args,
                                 const std::string& description) {
  CLI::App* verb = add(app_, name, description);
  verb->add_option("--reason", args.reason, "kept with the state");
  add_changer(verb, args);
}

void ArgumentParser::add_control_verbs() {
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

void ArgumentParser::add_model_verbs() {
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

void ArgumentParser::add_agent_verbs() {
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

void ArgumentParser::add_object_verbs() {
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

void ArgumentParser::add_other_verbs() {
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

}  // namespace sweepd::cli
