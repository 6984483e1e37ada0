// The script for bash in a bash: what it offers after the words that were typed.
#include "cli/completion.h"

#include "cli/exit_codes.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sweepd::cli {

namespace {

using Words = std::vector<std::string>;

// What a bash that has sourced the script offers for the last of the words.
Words offered(const std::string& words) {
  const std::string script =
      (std::filesystem::temp_directory_path() / fmt::format("sweepctl-completion-{}", ::getpid()))
          .string();
  std::ofstream(script) << run_line({"completion", "bash"}).out
                        << fmt::format(
                               "COMP_WORDS=({})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
                               "_sweepctl\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
                               words);
  FILE* bash = ::popen(fmt::format("bash --norc '{}'", script).c_str(), "r");
  REQUIRE(bash != nullptr);
  std::string out;
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), bash)) > 0;) {
    out.append(piece.data(), got);
  }
  CHECK(::pclose(bash) == 0);
  std::filesystem::remove(script);
  std::istringstream lines(out);
  Words list;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) {
      list.push_back(line);
    }
  }
  return list;
}

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("completion: bash offers verbs, then what goes with the verb, its options among it") {
  CHECK(offered("sweepctl su") == Words{"submit"});
  CHECK(offered("sweepctl l") == Words{"ls", "leaderboard", "logs"});
  CHECK(offered("sweepctl trial ''") == Words{"--help", "ls", "show"});
  CHECK(offered("sweepctl submit --w") == Words{"--watch", "--wait"});
  CHECK(offered("sweepctl top 12 --so") == Words{"--sort"});
  CHECK(offered("sweepctl trial ls --no") == Words{"--no-header"});
  CHECK(offered("sweepctl help ex") == Words{"exit-codes", "explain"});
  CHECK(offered("sweepctl completion ''") == Words{"--help", "bash", "fish", "zsh"});
}

TEST_CASE("completion: a noun's verb is not taken for one of the same name elsewhere") {
  CHECK(has(offered("sweepctl agent resume ''"), "--quiet"));
  CHECK_FALSE(has(offered("sweepctl agent resume ''"), "--reason"));
  CHECK(has(offered("sweepctl resume ''"), "--reason"));
}

TEST_CASE("completion: bash is left to offer files where nothing fits, and in the command of run") {
  CHECK(offered("sweepctl submit dig").empty());
  CHECK(offered("sweepctl run --gpus 1 -- py").empty());
  CHECK(offered("sweepctl run -- sweepctl su").empty());
}

TEST_CASE("completion: every verb of the program is in every script, and no other shell is known") {
  const std::vector<NextWords> all = next_words();
  REQUIRE(all.size() > 40);
  CHECK(all.front().path.empty());
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const CliRun run = run_line({"completion", shell});
    CHECK(run.code == kExitOk);
    for (const NextWords& next : all) {
      CAPTURE(next.path);
      CHECK(run.out.find(next.path) != std::string::npos);
      for (const std::string& word : next.words) {
        CHECK(run.out.find(word) != std::string::npos);
        CHECK(word.find_first_of(" '\"$`\\{}") == std::string::npos);
      }
    }
  }
  const CliRun other = run_line({"completion", "tcsh"});
  CHECK(other.code == kExitUsage);
  CHECK(other.err.starts_with("error: shell: 'tcsh' is not bash, zsh or fish\n"));
}

}  // namespace sweepd::cli
