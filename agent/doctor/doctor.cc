// `sweep-agent doctor`: the checks in their order.
#include "agent/doctor/doctor.h"

#include "agent/doctor/box_checks.h"
#include "agent/doctor/daemon_checks.h"

#include <fmt/format.h>

namespace sweepd::agent {

namespace {

Finding check_settings(const Result<Config>& config, const std::string& file) {
  if (!config.ok()) {
    return {Check::kSettings,
            Outcome::kFailed,
            config.error().message,
            "configs/agent.toml in the sources shows every setting"};
  }
  return {Check::kSettings,
          Outcome::kOk,
          file.empty() ? "the usual ones, and the command line; no --config was named"
                       : file + " can be read"};
}

}  // namespace

std::string_view name_of(Check check) {
  switch (check) {
    case Check::kSettings:
      return "settings";
    case Check::kShim:
      return "shim";
    case Check::kState:
      return "state";
    case Check::kDisk:
      return "disk";
    case Check::kAddress:
      return "address";
    case Check::kName:
      return "name";
    case Check::kTunnel:
      return "tunnel";
    case Check::kControlPort:
      return "control port";
    case Check::kBulkPort:
      return "bulk port";
    case Check::kClientPort:
      return "client port";
    case Check::kDaemon:
      return "daemon";
    case Check::kVersion:
      return "version";
    case Check::kClock:
      return "clock";
    case Check::kContainment:
      return "containment";
    case Check::kGpus:
      return "gpus";
  }
  return "";
}

int examine(const Result<Config>& config, const std::string& file, const Told& told) {
  int code = 0;
  const Told note = [&](const Finding& finding) {
    if (finding.outcome == Outcome::kFailed && code == 0) {
      code = static_cast<int>(finding.check);
    }
    told(finding);
  };
  note(check_settings(config, file));
  if (!config.ok()) {
    return code;
  }
  note(check_shim(*config));
  note(check_state(config->state));
  note(check_disk(*config));
  check_daemon(config->server, note);
  note(check_containment(config->containment));
  note(check_gpus(*config));
  return code;
}

}  // namespace sweepd::agent
