// What an agent is told at its start.
#include "agent/config.h"

#include "agent/devices.h"
#include "base/labels.h"
#include "base/nearest.h"
#include "base/settings_file.h"
#include "wire/endpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <vector>

namespace sweepd::agent {

namespace {

constexpr std::uint64_t kDurationMaxMs = 24ULL * 60 * 60 * 1000;

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value != nullptr ? value : "";
}

std::string default_state() {
  if (const std::string state = environment("XDG_STATE_HOME"); !state.empty()) {
    return state + "/sweep-agent";
  }
  if (const std::string home = environment("HOME"); !home.empty()) {
    return home + "/.local/state/sweep-agent";
  }
  return fmt::format("/var/tmp/sweep-agent-{}", ::getuid());
}

// Where a key stands, for messages.
struct Place {
  const std::string& path;
  std::string_view key;
  const toml::node& node;
};

Error fault(const Place& place, std::string_view what) {
  return Error{
      Errc::kInvalidArgument,
      fmt::format("{}:{}: '{}' {}", place.path, place.node.source().begin.line, place.key, what)};
}

Result<void> read_text(const Place& place, std::string& out) {
  const auto value = place.node.value<std::string>();
  if (!place.node.is_string() || !value) {
    return fault(place, "must be a string");
  }
  out = *value;
  return {};
}

template <typename Int>
Result<void> read_int(const Place& place, std::int64_t least, Int& out) {
  const auto value = place.node.value<std::int64_t>();
  if (!place.node.is_integer() || !value || *value < least ||
      *value > std::numeric_limits<std::int32_t>::max()) {
    return fault(place, fmt::format("must be a whole number from {} up", least));
  }
  out = static_cast<Int>(*value);
  return {};
}

// "10s", "500ms": the two units that a grace is told in.
Result<void> read_duration(const Place& place, std::uint32_t& out_ms) {
  std::string text;
  SWEEPD_TRY_VOID(read_text(place, text));
  const std::size_t digits = text.find_first_not_of("0123456789");
  const std::string unit = digits == std::string::npos ? "" : text.substr(digits);
  if (digits == 0 || digits > 6 || (unit != "s" && unit != "ms" && unit != "m")) {
    return fault(place, "must be a duration like \"10s\" or \"500ms\"");
  }
  const std::uint64_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : 60'000;
  const std::uint64_t ms = std::stoul(text.substr(0, digits)) * factor;
  if (ms > kDurationMaxMs) {
    return fault(place, "must be at most a day");
  }
  out_ms = static_cast<std::uint32_t>(ms);
  return {};
}

// "500MiB", "20GiB".
std::optional<std::uint64_t> size_of(const std::string& text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  const std::string unit = digits == std::string::npos ? "" : text.substr(digits);
  const std::vector<std::string> units = {"KiB", "MiB", "GiB", "TiB"};
  const auto found = std::find(units.begin(), units.end(), unit);
  if (digits == 0 || digits > 6 || found == units.end()) {
    return std::nullopt;
  }
  return std::stoull(text.substr(0, digits)) << (10 * (found - units.begin() + 1));
}

Result<void> read_size(const Place& place, std::uint64_t& out) {
  std::string text;
  SWEEPD_TRY_VOID(read_text(place, text));
  const std::optional<std::uint64_t> size = size_of(text);
  if (!size) {
    return fault(place, "must be a size like \"500MiB\" or \"20GiB\"");
  }
  out = *size;
  return {};
}

Result<void> read_busy_gpus(const Place& place, BusyGpus& out) {
  std::string text;
  SWEEPD_TRY_VOID(read_text(place, text));
  const Result<BusyGpus> rule = parse_busy_gpus(text);
  if (!rule.ok()) {
    return fault(place, rule.error().message);
  }
  out = *rule;
  return {};
}

Result<void> read_containment(const Place& place, std::string& out) {
  SWEEPD_TRY_VOID(read_text(place, out));
  const std::vector<std::string> kinds = {"auto", "cgroup", "pid-namespace", "subreaper"};
  return std::find(kinds.begin(), kinds.end(), out) != kinds.end()
             ? Result<void>()
             : Result<void>(
                   fault(place, fmt::format("'{}' is none of {}", out, fmt::join(kinds, ", "))));
}

Result<void> read_labels(const Place& place, Config& config) {
  const toml::table* table = place.node.as_table();
  if (table == nullptr) {
    return fault(place, "must be a table");
  }
  for (const auto& [key, node] : *table) {
    const Place label{place.path, key.str(), node};
    if (label.key == kWithheldLabel || label.key == kContainmentLabel) {
      return fault(label, "is a label that the agent itself sets; give yours another name");
    }
    SWEEPD_TRY_VOID(read_text(label, config.labels[std::string(label.key)]));
  }
  return {};
}

Result<void> read_key(const Place& place, Config& config) {
  if (place.key == "server") {
    return read_text(place, config.server);
  }
  if (place.key == "state") {
    return read_text(place, config.state);
  }
  if (place.key == "name") {
    return read_text(place, config.name);
  }
  if (place.key == "labels") {
    return read_labels(place, config);
  }
  if (place.key == "cpu_slots") {
    return read_int(place, 0, config.cpu_slots.emplace());
  }
  if (place.key == "nvml") {
    return read_text(place, config.nvml);
  }
  if (place.key == "busy_gpus") {
    return read_busy_gpus(place, config.busy_gpus);
  }
  if (place.key == "shim") {
    return read_text(place, config.shim);
  }
  if (place.key == "containment") {
    return read_containment(place, config.containment);
  }
  if (place.key == "nice") {
    return read_int(place, 0, config.nice);
  }
  if (place.key == "grace") {
    return read_duration(place, config.grace_ms);
  }
  if (place.key == "disk_low") {
    return read_size(place, config.disk_low_bytes.emplace());
  }
  if (place.key == "log_level") {
    std::string text;
    SWEEPD_TRY_VOID(read_text(place, text));
    SWEEPD_TRY(config.log_level, parse_log_level(text));
    return {};
  }
  const auto meant = nearest(place.key,
                             {"server",
                              "state",
                              "name",
                              "labels",
                              "cpu_slots",
                              "nvml",
                              "busy_gpus",
                              "shim",
                              "containment",
                              "nice",
                              "grace",
                              "disk_low",
                              "log_level"});
  return fault(place,
               meant ? fmt::format("is no setting; did you mean '{}'?", *meant)
                     : std::string("is no setting"));
}

}  // namespace

Config default_config() {
  Config config;
  config.server = environment("SWEEPD_SERVER");
  if (config.server.empty()) {
    config.server = wire::kDefaultEndpoint;
  }
  config.state = default_state();
  config.nvml = kNvmlPath;
  return config;
}

Result<void> read_config(const std::string& path, Config& config) {
  SWEEPD_TRY(const std::string text, read_settings(path));
  try {
    const toml::table table = toml::parse(text, path);
    for (const auto& [key, node] : table) {
      SWEEPD_TRY_VOID(read_key({path, key.str(), node}, config));
    }
    return {};
  } catch (const toml::parse_error& error) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("{}:{}: {}", path, error.source().begin.line, error.description())};
  }
}

Result<BusyGpus> parse_busy_gpus(const std::string& text) {
  if (text == "offer") {
    return BusyGpus(OfferBusy{});
  }
  if (text == "withhold") {
    return BusyGpus(WithholdBusy{});
  }
  if (const std::optional<std::uint64_t> size = size_of(text)) {
    return BusyGpus(OfferWhileFree{*size});
  }
  return Error{
      Errc::kInvalidArgument,
      fmt::format("'{}' is none of offer, withhold, or a size of memory that must be free, "
                  "like 20GiB",
                  text)};
}

Result<LogLevel> parse_log_level(const std::string& text) {
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
               fmt::format("log level '{}' is none of debug, info, warn, error", text)};
}

}  // namespace sweepd::agent
