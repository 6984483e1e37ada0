// What an agent is told at its start: agent.toml and the command line.
#pragma once

#include "agent/busy_gpus.h"
#include "base/log.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace sweepd::agent {

struct Config {
  std::string server;  // an endpoint of wire/endpoint.h
  std::string state;   // folder of ledger, cache and working folders; absolute
  std::string name;    // empty: the host name
  std::map<std::string, std::string> labels;
  std::optional<std::uint32_t> cpu_slots;       // none: one when there is no GPU, else none at all
  std::string nvml;                             // path of the library
  BusyGpus busy_gpus;                           // what becomes of GPUs that others use
  std::string shim;                             // path of sweep-shim; empty: beside this program
  std::int32_t nice = 10;                       // of trials, so that a saturated box still answers
  std::string containment = "auto";             // or cgroup, pid-namespace, subreaper
  std::uint32_t grace_ms = 10'000;              // for trials when the agent itself is stopped
  std::optional<std::uint64_t> disk_low_bytes;  // below, no slots are offered; none: agent/room.h
  LogLevel log_level = LogLevel::kInfo;
};

// Server and state folder from the environment: $SWEEPD_SERVER, $XDG_STATE_HOME, $HOME.
Config default_config();

// Overlays the file's settings. Unknown keys and wrong types are errors that name line and key.
Result<void> read_config(const std::string& path, Config& config);

Result<LogLevel> parse_log_level(const std::string& text);

// "offer", "withhold", or how much memory must be free for a GPU to be offered: "20GiB".
Result<BusyGpus> parse_busy_gpus(const std::string& text);

}  // namespace sweepd::agent
