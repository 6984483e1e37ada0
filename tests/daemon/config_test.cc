// daemon.toml: what is read, what is refused and how.
#include "daemon/config.h"

#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

#include <fstream>

using namespace sweepd;
using daemon::Config;

namespace {

std::string why_not(std::string_view text) {
  const auto config = daemon::parse_config(text, "d.toml");
  REQUIRE_MESSAGE(!config.ok(), text);
  CHECK(config.error().code == Errc::kInvalidArgument);
  return config.error().message;
}

}  // namespace

TEST_CASE("config: an empty file is the default") {
  const auto config = daemon::parse_config("", "d.toml");
  REQUIRE(config.ok());
  CHECK(*config == Config{});
}

TEST_CASE("config: every key is read") {
  const auto config = daemon::parse_config(
      "listen = 'ipc:///run/x'\nstate = '/srv/s'\nheartbeat = '500ms'\nlease = '1h30m'\nlog_level "
      "= 'warn'\nballast = '0B'\ndisk_low = '2GiB'\ndisk_critical = '1GiB'\nmemory = '64MiB'\n",
      "d.toml");
  REQUIRE(config.ok());
  CHECK(*config == Config{"ipc:///run/x",
                          "/srv/s",
                          milliseconds(500),
                          seconds(5400),
                          LogLevel::kWarn,
                          0,
                          {2ULL << 30, 1ULL << 30},
                          64 << 20});
}

TEST_CASE("config: an unknown key is refused with its line and the key that was meant") {
  CHECK(why_not("lease = '15m'\nheartbeet = '1s'\n") ==
        "d.toml:2: unknown key 'heartbeet', did you mean 'heartbeat'?");
  CHECK(why_not("zzz = 1\n") == "d.toml:1: unknown key 'zzz'");
}

TEST_CASE("config: values of the wrong kind or out of range are refused") {
  CHECK(why_not("lease = 15\n") == "d.toml:1: 'lease' must be a text in quotes");
  CHECK(why_not("\nlisten = 'nowhere'\n")
            .starts_with("d.toml:2: listen: the endpoint 'nowhere' has no port"));
  CHECK(why_not("log_level = 'loud'\n") ==
        "d.toml:1: log_level: unknown log level 'loud': use debug, info, warn or error");
  CHECK(why_not("lease = '5s'\n")
            .starts_with("lease = 5s is too short: at least four heartbeats (8s)"));
  CHECK(why_not("heartbeat = '1ms'\n").starts_with("heartbeat = 1ms is out of range"));
  CHECK(why_not("lease = '60d'\n").find("too long") != std::string::npos);
  CHECK(why_not("memory = '1MiB'\n").find("too little") != std::string::npos);
  CHECK(why_not("ballast = '5'\n").starts_with("d.toml:1: ballast: "));
  CHECK(why_not("disk_low = '1MiB'\ndisk_critical = '2MiB'\n").find("disk_critical") !=
        std::string::npos);
}

TEST_CASE("config: what is no TOML is refused with its line") {
  CHECK(why_not("lease = '15m'\nlease\n").starts_with("d.toml:2: "));
  CHECK(why_not("[").starts_with("d.toml:1: "));
}

TEST_CASE("config: the file in configs is the default written out") {
  const auto config =
      daemon::read_config(std::filesystem::path(SWEEPD_SOURCE_DIR) / "configs/daemon.toml");
  REQUIRE_MESSAGE(config.ok(), config.error().message);
  CHECK(*config == Config{});
}

TEST_CASE("config: a file that is not there is refused with its name") {
  const auto config = daemon::read_config("/nonexistent/d.toml");
  REQUIRE_FALSE(config.ok());
  CHECK(config.error() ==
        Error{Errc::kInvalidArgument,
              "cannot read the settings file '/nonexistent/d.toml': No such file or directory"});
}
