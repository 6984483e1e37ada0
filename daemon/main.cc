// sweepd: reads its command line and set-up, then serves, checks a state folder or restores one.
#include "base/log.h"
#include "base/result.h"
#include "base/usage.h"
#include "daemon/config.h"
#include "daemon/serve.h"
#include "daemon/state_folder.h"
#include "daemon/upkeep.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace {

using namespace sweepd;          // NOLINT(google-build-using-namespace): a program, not a header
using namespace sweepd::daemon;  // NOLINT(google-build-using-namespace)

constexpr const char* kAbout =
    "Schedules hyperparameter sweeps: takes them from sweepctl and hands their trials to "
    "sweep-agents.";

constexpr const char* kExamples =
    "Examples:\n"
    "  sweepd                                     everything on this machine, nothing to set up\n"
    "  sweepd --state /srv/sweepd --lease 1h      another folder, and agents that may be away "
    "longer\n"
    "  sweepd --listen ipc:///run/sweepd          sockets in a folder instead of ports\n"
    "  sweepd --config /etc/sweepd/daemon.toml    options from a file; those given here win\n"
    "\n"
    "Connections are not encrypted yet, so only addresses of this machine are listened on. From "
    "elsewhere:\n"
    "  ssh -L 7700:127.0.0.1:7700 -L 7701:127.0.0.1:7701 -L 7702:127.0.0.1:7702 HOST\n"
    "\n"
    "SIGTERM ends the daemon; agents and their trials go on, and find it again when it is back.\n"
    "When the disk is almost full nothing new is started, and it goes on by itself when there is "
    "room.\n"
    "Exit codes: 0 asked to stop, 2 wrong options or file, 3 folder or port in use, 75 the disk "
    "failed\nand a supervisor should start it again, else it could not start and says why.";

constexpr const char* kFsckExamples =
    "Examples:\n"
    "  sweepd fsck --state /srv/sweepd            every row, every decision, every byte of every "
    "file\n"
    "  sweepd fsck --fast                         sizes of files, not their content\n"
    "  sweepd fsck --state /backup/monday --json  a backup is checked in the same way\n"
    "\n"
    "Reads only. A folder that a daemon uses is refused.\n"
    "Exit codes: 0 all is well, 1 something is not, 2 wrong options, 3 in use, 5 no store there, 6 "
    "a "
    "newer\nstore.";

constexpr const char* kRestoreExamples =
    "Examples:\n"
    "  sweepctl server backup /backup/monday               made by the running daemon\n"
    "  sweepd restore /backup/monday --state /srv/sweepd   then start sweepd with that --state\n"
    "\n"
    "What was acknowledged after the backup is lost: sweeps submitted since, results and models "
    "of\n"
    "since. Attempts that ran when it was made run again; what agents began since is ended when "
    "they\n"
    "come back, and nothing is started for the length of one lease, until it surely has ended. "
    "Never\n"
    "let the old daemon run beside the new one.\n"
    "Exit codes: 0 restored, 1 damaged, 2 wrong options, 5 no backup there, 6 the folder is not "
    "empty.";

// What the command line says; empty where it says nothing.
struct Given {
  std::string config;
  std::string listen;
  std::string state;
  std::string lease;
  std::string heartbeat;
  std::string log_level;
  std::string ballast;
  std::string disk_low;
  std::string disk_critical;
  std::string memory;
  bool commit_each = false;
  FsckCommand fsck;
  RestoreCommand restore;
};

void add_options(CLI::App& app, Given& given) {
  app.footer(kExamples);
  app.set_version_flag("--version", "sweepd " SWEEPD_VERSION);
  app.add_option("--config", given.config, "read options from this file")->type_name("FILE");
  app.add_option(
         "--listen", given.listen, "tcp://HOST:PORT or ipc:///FOLDER [tcp://127.0.0.1:7700]")
      ->type_name("ENDPOINT");
  app.add_option(
         "--state",
         given.state,
         fmt::format("the folder of everything that must survive [{}]", default_state_folder()))
      ->type_name("FOLDER");
  app.add_option("--lease", given.lease, "how long an agent goes on without an answer [15m]")
      ->type_name("TIME");
  app.add_option("--heartbeat", given.heartbeat, "how often agents speak up [2s]")
      ->type_name("TIME");
  app.add_option("--log-level", given.log_level, "debug, info, warn or error [info]")
      ->type_name("LEVEL");
  app.add_option("--ballast",
                 given.ballast,
                 "room kept for when the disk is full; 0B: none [256MiB, less on a small disk]")
      ->type_name("SIZE");
  app.add_option("--disk-low",
                 given.disk_low,
                 "free room below which nothing new is started [5 %, at least 2GiB]")
      ->type_name("SIZE");
  app.add_option("--disk-critical",
                 given.disk_critical,
                 "free room below which no logs and artifacts are taken [512MiB]")
      ->type_name("SIZE");
  app.add_option("--memory", given.memory, "of the store, cache and memtables together [192MiB]")
      ->type_name("SIZE");
  app.add_flag("--commit-each",
               given.commit_each,
               "one sync for each message instead of each batch; for benchmarks")
      ->group("");
}

// The verbs take --state themselves: `sweepd fsck --state DIR` is how people say it.
void add_verbs(CLI::App& app, Given& given) {
  const std::string usual = default_state_folder();
  CLI::App* fsck = app.add_subcommand("fsck", "check a state folder or a backup; changes nothing");
  fsck->footer(kFsckExamples);
  fsck->add_option("--state", given.fsck.state, fmt::format("the folder to check [{}]", usual))
      ->type_name("FOLDER");
  fsck->add_flag("--fast", given.fsck.fast, "do not read the content of files");
  fsck->add_flag("--json", given.fsck.json, "print one JSON object");
  CLI::App* restore = app.add_subcommand("restore", "make a state folder from a backup");
  restore->footer(kRestoreExamples);
  restore->add_option("backup", given.restore.backup, "made by `sweepctl server backup`")
      ->required()
      ->type_name("FOLDER");
  restore->add_option("--state", given.restore.state, "the new folder")
      ->required()
      ->type_name("FOLDER");
  restore->add_flag("--json", given.restore.json, "print one JSON object");
}

Result<Config> configure(const Given& given) {
  Config config;
  if (!given.config.empty()) {
    SWEEPD_TRY(config, read_config(given.config));
  }
  const std::pair<std::string_view, const std::string*> texts[] = {
      {"listen", &given.listen},
      {"state", &given.state},
      {"lease", &given.lease},
      {"heartbeat", &given.heartbeat},
      {"log_level", &given.log_level},
      {"ballast", &given.ballast},
      {"disk_low", &given.disk_low},
      {"disk_critical", &given.disk_critical},
      {"memory", &given.memory}};
  for (const auto& [key, text] : texts) {
    if (!text->empty()) {
      SWEEPD_TRY_VOID(set_option(config, key, *text));
    }
  }
  if (config.state.empty()) {
    config.state = default_state_folder();
  }
  SWEEPD_TRY_VOID(validate(config));
  return config;
}

void set_limits() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;  // every agent and client is a descriptor
    setrlimit(RLIMIT_NOFILE, &files);
  }
  const rlimit no_core{0, 0};  // the memory holds what users sent us
  setrlimit(RLIMIT_CORE, &no_core);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of the disk like others
  mallopt(M_ARENA_MAX, 2);   // an arena a thread would each keep what the store's threads gave back
}

int fail(const Error& error) {
  fmt::print(stderr, "sweepd: {}\n", error.message);
  // The classes of errors are exit codes; damage is not a class of its own there.
  return error.code == Errc::kCorrupt ? 1 : static_cast<int>(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kAbout, "sweepd");
  Given given;
  add_options(app, given);
  add_verbs(app, given);
  refuse_empty_values(app);
  try {
    std::vector<std::string> words = spell_out_empty_values(app, {argv + 1, argv + argc});
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(std::move(words));
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}", sweepd::usage_fault(app, error));
    return static_cast<int>(sweepd::Errc::kInvalidArgument);
  }
  wire::quiet_protobuf();
  if (given.fsck.state.empty()) {
    // `sweepd --state DIR fsck` must not check another folder than the one that was named.
    given.fsck.state = given.state.empty() ? default_state_folder() : given.state;
  }
  if (app.got_subcommand("fsck") || app.got_subcommand("restore")) {
    log_setup("sweepd", LogLevel::kWarn);  // what the store has to say is not for stdout
    const Result<int> ended =
        app.got_subcommand("fsck") ? run_fsck(given.fsck) : run_restore(given.restore);
    return ended.ok() ? *ended : fail(ended.error());
  }
  const Result<Config> config = configure(given);
  if (!config.ok()) {
    return fail(config.error());
  }
  log_setup("sweepd", config->log_level);
  set_limits();
  const Result<void> ended = serve(*config, {SWEEPD_VERSION, given.commit_each});
  return ended.ok() ? 0 : fail(ended.error());
}
