// How the daemon is set up: daemon.toml, then the command line over it.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "daemon/disk_watch.h"
#include "wire/endpoint.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sweepd::daemon {

struct Config {
  std::string listen = std::string(wire::kDefaultEndpoint);
  std::string state;  // empty: the default folder
  Duration heartbeat = seconds(2);
  Duration lease = seconds(15 * 60);
  LogLevel log_level = LogLevel::kInfo;
  std::optional<std::uint64_t> ballast_bytes;  // empty: what suits the file system
  DiskLimits disk;
  std::uint64_t memory_bytes = 192ULL << 20;  // of the store's cache and memtables

  bool operator==(const Config&) const = default;
};

// Reads daemon.toml. Unknown keys and values out of range are errors that name the line and what
// was meant.
//   path: for messages only
Result<Config> parse_config(std::string_view text, const std::string& path);
Result<Config> read_config(const std::string& path);

Result<LogLevel> parse_log_level(std::string_view text);

// Sets a key to what its text says; the file and the command line read texts in the same way.
Result<void> set_option(Config& config, std::string_view key, const std::string& text);

// What neither source may ask for: a lease that heartbeats cannot keep up, …
Result<void> validate(const Config& config);

}  // namespace sweepd::daemon
