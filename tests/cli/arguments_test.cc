#include "cli/arguments.h"

#include "cli/examples.h"
#include "cli/exit_codes.h"
#include "cli/topics.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

namespace sweepd::cli {

namespace {

template <typename Args>
Args parsed(std::vector<std::string> arguments) {
  auto result = parse_arguments(std::move(arguments));
  if (const auto* fault = std::get_if<UsageFault>(&result)) {
    FAIL(fault->text);
  }
  REQUIRE(std::holds_alternative<Invocation>(result));
  auto& command = std::get<Invocation>(result).command;
  REQUIRE(std::holds_alternative<Args>(command));
  return std::get<Args>(command);
}

std::string fault(std::vector<std::string> arguments) {
  const auto result = parse_arguments(std::move(arguments));
  REQUIRE(std::holds_alternative<UsageFault>(result));
  return std::get<UsageFault>(result).text;
}

}  // namespace

TEST_CASE("arguments: --json takes fields only after an equals sign") {
  CHECK(parsed<ShowArgs>({"show", "--json", "12"}).selector == "12");
  CHECK(parsed<ShowArgs>({"show", "--json", "12"}).read.json);
  CHECK(parsed<ShowArgs>({"show", "--json", "12"}).read.fields.empty());
  const auto args = parsed<ShowArgs>({"show", "12", "--json=sweep,name"});
  CHECK(args.read.json);
  CHECK(args.read.fields == std::vector<std::string>{"sweep", "name"});
  CHECK_FALSE(parsed<ShowArgs>({"show", "12"}).read.json);
}

TEST_CASE("arguments: an empty value after an equals sign does not take the next word") {
  const auto args = parsed<SubmitArgs>({"submit", "--name=", "a.toml"});
  CHECK(args.name == "");
  CHECK(args.file == "a.toml");
  CHECK(fault({"ls", "--limit="}) == fault({"ls", "--limit", ""}));
  CHECK(fault({"ls", "--sort"}).find("option '--sort' needs its value (") != std::string::npos);
  CHECK(parsed<RunArgs>({"run", "--", "train", "--name="}).command ==
        std::vector<std::string>{"train", "--name="});
}

TEST_CASE("arguments: run leaves everything after -- to the command") {
  const auto args = parsed<RunArgs>({"run",
                                     "--gpus",
                                     "1",
                                     "--time",
                                     "2h",
                                     "--env",
                                     "A=b=c",
                                     "--",
                                     "python",
                                     "train.py",
                                     "--json",
                                     "--",
                                     "-q"});
  CHECK(args.command == std::vector<std::string>{"python", "train.py", "--json", "--", "-q"});
  CHECK(args.gpus == 1);
  CHECK(args.time->us == 7'200'000'000);
  REQUIRE(args.env.size() == 1);
  CHECK(args.env[0].first == "A");
  CHECK(args.env[0].second == "b=c");
}

TEST_CASE(
    "arguments: repeated pairs, aliases, negative numbers of lines, options before and after") {
  const auto submit =
      parsed<SubmitArgs>({"submit", "--set", "search.trials=5", "a.toml", "--set", "name=x y"});
  CHECK(submit.file == "a.toml");
  CHECK(submit.set.size() == 2);
  CHECK(parsed<LeaderboardArgs>({"top", "12", "-n", "5"}).read.limit == 5);
  CHECK(parsed<ExplainArgs>({"why", "12/7"}).selector == "12/7");
  CHECK(parsed<WaitArgs>({"wait", "12", "13", "--timeout", "5m"}).selectors.size() == 2);
  CHECK(parsed<ListArgs>({"ls", "--where", "state = failed", "--where", "job = true"})
            .read.where.size() == 2);
  const auto after = parse_arguments({"ls", "--server", "ipc:///x"});
  CHECK(std::get<Invocation>(after).server == "ipc:///x");
  CHECK(parsed<ShowArgs>({"show", "watch"}).selector == "watch");  // a sweep named like a verb
  parsed<AgentListArgs>({"agent"});
  parsed<ServerInfoArgs>({"server"});
  CHECK(parsed<ServerBackupArgs>({"server", "backup", "/b", "--json"}).json);
  CHECK(parsed<ServerBackupArgs>({"server", "backup", "/b"}).folder == "/b");
  CHECK(parsed<RemoveArgs>({"rm", "12", "13", "--dry-run"}).selectors.size() == 2);
  CHECK_FALSE(parsed<RemoveArgs>({"rm", "12"}).dry_run);
  CHECK(parsed<GcArgs>({"gc", "--dry-run", "--json"}).dry_run);
}

TEST_CASE("arguments: faults name the word and the nearest known one") {
  CHECK(fault({"sumbit", "x"}) ==
        "error: unknown verb 'sumbit'; did you mean 'submit'?\nsee `sweepctl --help`\n");
  CHECK(fault({"ls", "--limt", "3"}) ==
        "error: unknown option '--limt'; did you mean '--limit'?\nsee `sweepctl ls --help`\n");
  CHECK(fault({"model", "downlod", "x"}) ==
        "error: unknown verb 'downlod'; did you mean 'download'?\nsee `sweepctl model --help`\n");
  CHECK(fault({"run"}).find("put the command after `--`") != std::string::npos);
  CHECK(fault({"submit", "a", "--set", "novalue"}).find("'novalue' is not KEY=VALUE") !=
        std::string::npos);
  CHECK(fault({"wait", "12", "--timeout", "5"}).find("--timeout") != std::string::npos);
  CHECK(fault({"show"}).find("id") != std::string::npos);
  CHECK(fault({"kill"}).find("ids") != std::string::npos);
}

TEST_CASE("arguments: a word of another command line leads to the verb that means it") {
  const auto suggested = [](std::vector<std::string> line) {
    const std::string text = fault(std::move(line));
    return text.substr(text.find(';') + 2, text.find('\n') - text.find(';') - 2);
  };
  CHECK(suggested({"list"}) == "did you mean 'ls'?");
  CHECK(suggested({"status", "12"}) == "did you mean 'show', or 'ls' for all?");
  CHECK(suggested({"cancel", "12"}) ==
        "did you mean 'kill', or 'stop' to let running trials finish?");
  CHECK(suggested({"delete", "12"}) ==
        "did you mean 'rm' for an ended sweep, or 'kill' to end one and keep it?");
  CHECK(suggested({"prune"}) == "did you mean 'gc'?");
  CHECK(suggested({"best", "12"}) == "did you mean 'leaderboard'?");
  CHECK(suggested({"models"}) == "did you mean 'model ls'?");
  CHECK(suggested({"trial", "list", "12"}) == "did you mean 'ls'?");
  CHECK(suggested({"artifact", "download", "12/7"}) == "did you mean 'get'?");
  CHECK(suggested({"model", "get", "mnist"}) == "did you mean 'download'?");
}

TEST_CASE("arguments: every verb has help with examples, on stdout with exit code 0") {
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"submit"},
                                             {"check"},
                                             {"run"},
                                             {"ls"},
                                             {"show"},
                                             {"leaderboard"},
                                             {"trial", "ls"},
                                             {"trial", "show"},
                                             {"watch"},
                                             {"wait"},
                                             {"logs"},
                                             {"metrics"},
                                             {"stop"},
                                             {"pause"},
                                             {"resume"},
                                             {"rm"},
                                             {"gc"},
                                             {"kill"},
                                             {"retry"},
                                             {"explain"},
                                             {"agent", "ls"},
                                             {"agent", "show"},
                                             {"agent", "drain"},
                                             {"agent", "resume"},
                                             {"model", "ls"},
                                             {"model", "show"},
                                             {"model", "register"},
                                             {"model", "download"},
                                             {"artifact", "ls"},
                                             {"artifact", "get"},
                                             {"server", "info"},
                                             {"server", "backup"},
                                             {"completion"}}) {
    std::vector<std::string> line = verb;
    line.emplace_back("--help");
    const CliRun run = run_line(line);
    CAPTURE(verb.front());
    CHECK(run.code == 0);
    CHECK(run.err.empty());
    CHECK(run.out.find("Examples:\n  sweepctl ") != std::string::npos);
  }
}

TEST_CASE("arguments: usage faults give exit code 2 and leave stdout alone") {
  for (const std::vector<std::string>& line :
       std::vector<std::vector<std::string>>{{"nonsense"},
                                             {"ls", "--nonsense"},
                                             {"show"},
                                             {"help", "nonsense"},
                                             {"show", "a\xff"},
                                             {"--server", "http://x", "ls"}}) {
    const CliRun run = run_line(line);
    CAPTURE(line.back());
    CHECK(run.code == kExitUsage);
    CHECK(run.out.empty());
    CHECK(run.err.starts_with("error: "));
  }
}

TEST_CASE("arguments: a number that cannot be meant is refused with those that can") {
  for (const char* text : {"-1", "1.5", "1e3", "x", "+1", "99999999999999999999", "1000000001"}) {
    CAPTURE(text);
    const std::string message =
        std::string(": '") + text + "' is not a whole number from 0 to 1000000000\n";
    CHECK(fault({"ls", "--limit", text}).starts_with("error: --limit" + message));
    CHECK(fault({"logs", "12", "-n", text}).starts_with("error: --lines" + message));
    CHECK(fault({"run", "--gpus", text, "--", "x"}).starts_with("error: --gpus" + message));
  }
  CHECK(fault({"run", "--cpus", "0", "--", "x"}).starts_with("error: --cpus: '0' is not"));
  CHECK(parsed<ListArgs>({"ls", "-n", "0"}).read.limit == 0U);
  CHECK(parsed<LogsArgs>({"logs", "12", "-n", "1000000000"}).lines == 1'000'000'000U);
}

TEST_CASE("arguments: a noun without its verb is answered with its help, on stderr with code 2") {
  for (const char* noun : {"artifact", "trial"}) {
    CAPTURE(noun);
    const CliRun run = run_line({noun});
    CHECK(run.code == kExitUsage);
    CHECK(run.out.empty());
    CHECK(run.err.find("Usage: sweepctl " + std::string(noun) + " [OPTIONS] SUBCOMMAND") !=
          std::string::npos);
    CHECK(run.err.find("\n  ls  ") != std::string::npos);
  }
}

TEST_CASE("arguments: a daemon elsewhere is refused with the way there, whatever the verb asks") {
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"ls"}, {"submit", "-", "--dry-run"}, {"agent", "ls", "--json"}}) {
    const CliRun run = run_line(line, "tcp://gpu-1:7700");
    CHECK(run.code == kExitUsage);
    CHECK(run.out.empty());
    CHECK(run.err.find("not encrypted yet") != std::string::npos);
    CHECK(run.err.find("ssh -N -L 7700:127.0.0.1:7700") != std::string::npos);
  }
}

TEST_CASE("arguments: help on a verb is what --help prints") {
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"ls"},
                                             {"top"},
                                             {"why"},
                                             {"run"},
                                             {"help"},
                                             {"model"},
                                             {"model", "ls"},
                                             {"agent", "ls"}}) {
    std::vector<std::string> asked = verb;
    asked.insert(asked.begin(), "help");
    std::vector<std::string> option = verb;
    option.emplace_back("--help");
    const CliRun run = run_line(asked);
    CAPTURE(verb.back());
    CHECK(run.code == 0);
    CHECK(run.err.empty());
    CHECK(run.out == run_line(option).out);
  }
  CHECK(run_line({"help", "metrics"}).out ==
        std::string(*topic_text("metrics")) + "\n" + run_line({"metrics", "--help"}).out);
  const CliRun wrong = run_line({"help", "model", "sl"});
  CHECK(wrong.code == kExitUsage);
  CHECK(wrong.err == "error: no help on 'model sl'; did you mean 'model ls'?\n");
  CHECK(run_line({"help", "sumbit"}).err.find("did you mean 'submit'?") != std::string::npos);
}

TEST_CASE("arguments: help topics are printed whole, a wrong one suggests") {
  for (const std::string& topic : topic_names()) {
    const CliRun run = run_line({"help", topic});
    CHECK(run.code == 0);
    CHECK(run.out.starts_with(*topic_text(topic)));
  }
  CHECK(run_line({"help", "selectrs"}).err.find("did you mean 'selectors'?") != std::string::npos);
  CHECK(run_line({"version"}).out.starts_with("sweepctl "));
}

TEST_CASE("exit codes: each class of error has its own") {
  CHECK(exit_code(Errc::kUnexpected) == 1);
  CHECK(exit_code(Errc::kInvalidArgument) == 2);
  CHECK(exit_code(Errc::kUnavailable) == 3);
  CHECK(exit_code(Errc::kPermissionDenied) == 4);
  CHECK(exit_code(Errc::kNotFound) == 5);
  CHECK(exit_code(Errc::kWrongState) == 6);
  CHECK(exit_code(Errc::kTimeout) == 7);
  CHECK(exit_code(Errc::kImpossible) == 9);
  CHECK(exit_code(Errc::kInterrupted) == 130);
  CHECK(exit_code(static_cast<Errc>(77)) == 1);
  CHECK(exit_code_of_signal(15) == 143);
}

TEST_CASE("run: our own trouble is 125, whatever its class") {
  const CliRun run = run_line({"run", "--", "true"}, "ipc:///tmp/sweepctl-nobody-here");
  CHECK(run.code == kExitRunFailed);
  CHECK(run.out.empty());
}

}  // namespace sweepd::cli
