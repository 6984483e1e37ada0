// How the daemon is set up: the reading of daemon.toml.
#include "daemon/config.h"

#include "base/nearest.h"
#include "base/settings_file.h"
#include "sweeps/units.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <vector>

namespace sweepd::daemon {

namespace {

const std::vector<std::string> kKeys = {"listen",
                                        "state",
                                        "heartbeat",
                                        "lease",
                                        "log_level",
                                        "ballast",
                                        "disk_low",
                                        "disk_critical",
                                        "memory"};

constexpr std::uint64_t kMemoryBytesMin = 32ULL << 20;

Error at_line(const std::string& path,
              const toml::source_region& source,
              std::string_view message) {
  return {Errc::kInvalidArgument, fmt::format("{}:{}: {}", path, source.begin.line, message)};
}

Error unknown_key(const std::string& path,
                  std::string_view key,
                  const toml::source_region& source) {
  const auto meant = nearest(key, kKeys);
  return at_line(path,
                 source,
                 fmt::format("unknown key '{}'{}",
                             key,
                             meant ? fmt::format(", did you mean '{}'?", *meant) : std::string()));
}

Result<Config> config_from(const toml::table& table, const std::string& path) {
  Config config;
  for (const auto& [key, value] : table) {
    const std::string_view name = key.str();
    if (std::find(kKeys.begin(), kKeys.end(), name) == kKeys.end()) {
      return unknown_key(path, name, key.source());
    }
    const auto text = value.value_exact<std::string>();
    if (!text) {
      return at_line(path, value.source(), fmt::format("'{}' must be a text in quotes", name));
    }
    if (auto done = set_option(config, name, *text); !done.ok()) {
      return at_line(path, value.source(), fmt::format("{}: {}", name, done.error().message));
    }
  }
  SWEEPD_TRY_VOID(validate(config));
  return config;
}

}  // namespace

Result<void> set_option(Config& config, std::string_view key, const std::string& text) {
  if (key == "listen") {
    SWEEPD_TRY(const wire::Endpoint endpoint, wire::Endpoint::parse(text));
    config.listen = endpoint.text();
  } else if (key == "state") {
    config.state = text;
  } else if (key == "heartbeat") {
    SWEEPD_TRY(config.heartbeat, sweeps::parse_duration(text));
  } else if (key == "lease") {
    SWEEPD_TRY(config.lease, sweeps::parse_duration(text));
  } else if (key == "ballast") {
    SWEEPD_TRY(config.ballast_bytes, sweeps::parse_size(text));
  } else if (key == "disk_low") {
    SWEEPD_TRY(config.disk.low_bytes, sweeps::parse_size(text));
  } else if (key == "disk_critical") {
    SWEEPD_TRY(config.disk.critical_bytes, sweeps::parse_size(text));
  } else if (key == "memory") {
    SWEEPD_TRY(config.memory_bytes, sweeps::parse_size(text));
  } else {
    SWEEPD_TRY(config.log_level, parse_log_level(text));
  }
  return {};
}

Result<LogLevel> parse_log_level(std::string_view text) {
  if (text == "debug") {
    return LogLevel::kDebug;
  }
  if (text == "info") {
    return LogLevel::kInfo;
  }
  if (text == "warn") {
    return LogLevel::kWarn;
  }
  if (text == "error") {
    return LogLevel::kError;
  }
  return Error{Errc::kInvalidArgument,
               fmt::format("unknown log level '{}': use debug, info, warn or error", text)};
}

Result<Config> parse_config(std::string_view text, const std::string& path) {
  try {
    return config_from(toml::parse(text, path), path);
  } catch (const toml::parse_error& error) {
    return at_line(path, error.source(), error.description());
  }
}

Result<Config> read_config(const std::string& path) {
  SWEEPD_TRY(const std::string text, read_settings(path));
  return parse_config(text, path);
}

Result<void> validate(const Config& config) {
  if (config.heartbeat < milliseconds(10) || config.heartbeat > seconds(60)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("heartbeat = {} is out of range: from 10ms to 1m",
                             sweeps::to_text(config.heartbeat))};
  }
  if (config.lease.us < 4 * config.heartbeat.us) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format(
            "lease = {} is too short: at least four heartbeats ({}), or agents lose their work to "
            "a hiccup",
            sweeps::to_text(config.lease),
            sweeps::to_text(Duration{4 * config.heartbeat.us}))};
  }
  if (config.lease > seconds(30LL * 24 * 3600)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("lease = {} is too long: at most 30d", sweeps::to_text(config.lease))};
  }
  if (config.memory_bytes < kMemoryBytesMin) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("memory = {} bytes is too little for the store: at least 32MiB",
                             config.memory_bytes)};
  }
  if (config.disk.low_bytes && config.disk.critical_bytes &&
      *config.disk.low_bytes < *config.disk.critical_bytes) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("disk_low = {} bytes is less than disk_critical = {} bytes: logs would "
                    "be refused before new work is",
                    *config.disk.low_bytes,
                    *config.disk.critical_bytes)};
  }
  return {};
}

}  // namespace sweepd::daemon
