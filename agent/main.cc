// sweep-agent: runs the trials that a sweepd daemon gives to this box.
#include "agent/config.h"
#include "agent/devices_text.h"
#include "agent/doctor/doctor.h"
#include "agent/doctor/report.h"
#include "agent/loop.h"
#include "agent/setup.h"
#include "base/log.h"
#include "base/usage.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace {

using sweepd::Result;
using sweepd::agent::Config;

constexpr const char* kAbout =
    "Runs the trials that a sweepd daemon gives to this box: one at a time on each of its GPUs,\n"
    "or on CPU slots. Stop it with Ctrl-C or TERM: its trials go back to the queue. Killed, or\n"
    "ended with USR2 for an upgrade, it leaves them running, and the next sweep-agent on the same\n"
    "state folder takes them over.";

constexpr const char* kExamples =
    "Examples:\n"
    "  sweep-agent                                      this box, the daemon on it\n"
    "  sweep-agent --server tcp://127.0.0.1:7700 --cpu-slots 4\n"
    "  sweep-agent --config /etc/sweepd/agent.toml --log-level debug\n"
    "  sweep-agent devices --json                       the GPUs that would be offered\n"
    "  sweep-agent doctor                               what keeps this box from working\n"
    "\n"
    "Options win over the file, the file over $SWEEPD_SERVER.\n"
    "Exit codes: 0 asked to stop, 2 wrong options or file, else it could not go on and says why.";

constexpr const char* kDevicesExamples =
    "Examples:\n"
    "  sweep-agent devices          number, UUID, model, memory and processes of each GPU\n"
    "  sweep-agent devices --json   the same for programs\n"
    "\n"
    "CUDA_VISIBLE_DEVICES and NVIDIA_VISIBLE_DEVICES leave out GPUs, as they do when the agent\n"
    "runs under them; stderr says which.";

constexpr const char* kDoctorExamples =
    "Examples:\n"
    "  sweep-agent doctor --config /etc/sweepd/agent.toml\n"
    "  sweep-agent doctor --server tcp://127.0.0.1:7700 --json\n"
    "\n"
    "Ask as the user and with the options that the agent runs with. A line a check: ok, a\n"
    "warning, or FAILED with what to do. Nothing is registered or left behind.\n"
    "\n"
    "Exit codes: 0 nothing failed, 2 wrong options, else the first check that failed:\n"
    "  10 settings: the file cannot be read       18 bulk port: closed, or nothing heard\n"
    "  11 shim: sweep-shim cannot be executed     19 client port: closed, or nothing heard\n"
    "  12 state: the folder cannot be used        20 daemon: what listens does not answer\n"
    "  13 disk: too little room                   21 version: another protocol\n"
    "  14 address: --server cannot be read        23 containment (only a warning so far)\n"
    "  15 name: the host does not resolve         24 gpus: NVML or a GPU does not answer\n"
    "  16 tunnel: the address is of another machine\n"
    "  17 control port: closed, or nothing heard";

// What was given on the command line; it wins over the file.
struct Given {
  std::string config;
  std::string server;
  std::string state;
  std::string name;
  std::optional<std::uint32_t> cpu_slots;
  std::string busy_gpus;
  std::string log_level;
  bool json = false;
};

void add_options(CLI::App& app, Given& given) {
  app.add_option("--server", given.server, "address of the daemon (or $SWEEPD_SERVER)")
      ->type_name("ENDPOINT");
  app.add_option("--state", given.state, "folder of ledger, cache and working folders")
      ->type_name("DIR");
  app.add_option("--name", given.name, "what people see (default: the host name)")
      ->type_name("NAME");
  app.add_option("--cpu-slots", given.cpu_slots, "slots for trials without a GPU")->type_name("N");
  app.add_option(
         "--busy-gpus",
         given.busy_gpus,
         "GPUs that others use: offer (default), withhold, or offer with so much free: 20GiB")
      ->type_name("RULE");
  app.add_option("--config", given.config, "settings, as in configs/agent.toml")->type_name("FILE");
  app.add_option("--log-level", given.log_level, "debug, info, warn or error")->type_name("LEVEL");
}

Result<Config> from_file(const std::string& path) {
  Config config = sweepd::agent::default_config();
  if (!path.empty()) {
    SWEEPD_TRY_VOID(sweepd::agent::read_config(path, config));
  }
  return config;
}

Result<void> overlay(const Given& given, Config& config) {
  const auto replace = [](const std::string& value, std::string& setting) {
    setting = value.empty() ? setting : value;
  };
  replace(given.server, config.server);
  replace(given.state, config.state);
  replace(given.name, config.name);
  config.cpu_slots = given.cpu_slots ? given.cpu_slots : config.cpu_slots;
  if (!given.busy_gpus.empty()) {
    const Result<sweepd::agent::BusyGpus> rule = sweepd::agent::parse_busy_gpus(given.busy_gpus);
    if (!rule.ok()) {
      return sweepd::Error{rule.error().code, "--busy-gpus " + rule.error().message};
    }
    config.busy_gpus = *rule;
  }
  if (!given.log_level.empty()) {
    SWEEPD_TRY(config.log_level, sweepd::agent::parse_log_level(given.log_level));
  }
  return {};
}

int print_devices(const Config& config, bool json) {
  const sweepd::agent::DeviceList list =
      sweepd::agent::offered_devices(config, sweepd::agent::kNvmlStartPatience);
  fmt::print("{}", json ? sweepd::agent::devices_json(list) : sweepd::agent::devices_text(list));
  for (const std::string& note : json ? std::vector<std::string>() : list.notes) {
    fmt::print(stderr, "{}\n", note);
  }
  return 0;
}

// Each line as it is found; JSON when all are.
int print_doctor(const Result<Config>& config, const std::string& file, bool json) {
  std::vector<sweepd::agent::Finding> findings;
  const int code = sweepd::agent::examine(config, file, [&](const sweepd::agent::Finding& finding) {
    findings.push_back(finding);
    if (!json) {
      fmt::print("{}", sweepd::agent::line_of(finding));
      std::fflush(stdout);
    }
  });
  if (json) {
    fmt::print("{}", sweepd::agent::json_of(findings, code));
  }
  return code;
}

int fail(const sweepd::Error& error) {
  fmt::print(stderr, "sweep-agent: {}\n", error.message);
  return static_cast<int>(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kAbout, "sweep-agent");
  app.footer(kExamples);
  app.set_version_flag("--version", "sweep-agent " SWEEPD_VERSION);
  Given given;
  add_options(app, given);
  CLI::App* devices = app.add_subcommand("devices", "print what NVIDIA's library sees, and exit");
  devices->add_flag("--json", given.json, "as JSON");
  devices->footer(kDevicesExamples);
  devices->fallthrough();  // the agent's options may stand behind the verb
  CLI::App* doctor =
      app.add_subcommand("doctor", "check what the agent needs, step by step, and exit");
  doctor->add_flag("--json", given.json, "as JSON");
  doctor->footer(kDoctorExamples);
  doctor->fallthrough();
  sweepd::refuse_empty_values(app);
  try {
    std::vector<std::string> words = sweepd::spell_out_empty_values(app, {argv + 1, argv + argc});
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(std::move(words));
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}", sweepd::usage_fault(app, error));
    return static_cast<int>(sweepd::Errc::kInvalidArgument);
  }
  // A reader that goes away, or a limit on the size of files, is an error of a write like others.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  Result<Config> config = from_file(given.config);
  // Wrong options are told as such, whatever is in the file.
  Config unread;
  const Result<void> overlaid = overlay(given, config.ok() ? *config : unread);
  sweepd::log_setup("sweep-agent", config.ok() ? config->log_level : sweepd::LogLevel::kInfo);
  sweepd::wire::quiet_protobuf();
  if (!overlaid.ok()) {
    return fail(overlaid.error());
  }
  if (doctor->parsed()) {
    return print_doctor(config, given.config, given.json);
  }
  if (!config.ok()) {
    return fail(config.error());
  }
  if (devices->parsed()) {
    return print_devices(*config, given.json);
  }
  const Result<void> done = sweepd::agent::run_agent(*config);
  return done.ok() ? 0 : fail(done.error());
}
