// Command lines that cannot be used, and what is said of them.
#include "base/usage.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace sweepd {

namespace {

// What a program like ours says to these arguments; empty when it takes them.
std::string said_to(std::vector<std::string> arguments) {
  CLI::App app("about", "prog");
  std::string state;
  std::string backup;
  std::optional<std::uint32_t> slots;
  bool json = false;
  app.add_option("--state", state)->type_name("FOLDER");
  app.add_option("--cpu-slots", slots)->type_name("N");
  CLI::App* check = app.add_subcommand("fsck");
  check->add_option("--state", state)->type_name("FOLDER");
  check->add_flag("--json", json);
  CLI::App* restore = app.add_subcommand("restore");
  restore->add_option("backup", backup)->required();
  restore->add_option("--state", state)->required()->type_name("FOLDER");
  refuse_empty_values(app);
  arguments = spell_out_empty_values(app, arguments);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return usage_fault(app, error);
  }
  return {};
}

}  // namespace

TEST_CASE("usage: an unknown word is named with the nearest that there is") {
  CHECK(said_to({"--stat", "x"}) ==
        "prog: unknown option '--stat'; did you mean '--state'?\nsee `prog --help`\n");
  CHECK(said_to({"--stat=x"}) ==
        "prog: unknown option '--stat'; did you mean '--state'?\nsee `prog --help`\n");
  CHECK(said_to({"fskc"}) ==
        "prog: unknown verb 'fskc'; did you mean 'fsck'?\nsee `prog --help`\n");
  CHECK(said_to({"--quux"}) == "prog: unknown option '--quux'\nsee `prog --help`\n");
  CHECK(said_to({"fsck", "--jsn"}) ==
        "prog: unknown option '--jsn'; did you mean '--json'?\nsee `prog fsck --help`\n");
  CHECK(said_to({"fsck", "extra"}) ==
        "prog: unexpected argument 'extra'\nsee `prog fsck --help`\n");
}

TEST_CASE("usage: a value that is missing, empty or no number") {
  CHECK(said_to({"--state"}) ==
        "prog: option '--state' needs its value (FOLDER)\nsee `prog --help`\n");
  CHECK(said_to({"--state", ""}) ==
        "prog: option '--state' has an empty value; leave it out for the default\n"
        "see `prog --help`\n");
  CHECK(said_to({"--state="}) == said_to({"--state", ""}));
  CHECK(said_to({"--state=", "fsck"}) == said_to({"--state", "", "fsck"}));
  CHECK(said_to({"fsck", "--state="}) ==
        "prog: option '--state' has an empty value; leave it out for the default\n"
        "see `prog fsck --help`\n");
  CHECK(said_to({"--cpu-slots="}) == said_to({"--cpu-slots", ""}));
  CHECK(said_to({"--cpu-slots", "many"}) ==
        "prog: option '--cpu-slots' takes a whole number, not 'many'\nsee `prog --help`\n");
  CHECK(said_to({"--cpu-slots", "-1"}) ==
        "prog: option '--cpu-slots' takes a whole number, not '-1'\nsee `prog --help`\n");
}

TEST_CASE("usage: only an option with a value is spelled out, and nothing after --") {
  CLI::App app;
  std::string state;
  bool json = false;
  app.add_option("--state", state);
  app.add_subcommand("fsck")->add_flag("--json", json);
  const std::vector<std::string> words = {
      "--state=x", "", "=", "--=", "--json=", "--other=", "state=", "--", "--state="};
  CHECK(spell_out_empty_values(app, words) == words);
  CHECK(spell_out_empty_values(app, {"--state=", "x"}) ==
        std::vector<std::string>{"--state", "", "x"});
}

TEST_CASE("usage: what a verb needs") {
  CHECK(said_to({"restore"}) == "prog: backup is missing\nsee `prog restore --help`\n");
  CHECK(said_to({"restore", "/b"}) == "prog: --state is missing\nsee `prog restore --help`\n");
  CHECK(said_to({"restore", "/b", "--state", "/s"}) == "");
  CHECK(said_to({"--cpu-slots", "0", "--state", "x"}) == "");
  CHECK(said_to({"fsck", "--json"}) == "");
}

}  // namespace sweepd
