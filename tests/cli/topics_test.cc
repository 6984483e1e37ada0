// The help topics say what the code does.
#include "cli/topics.h"

#include "cli/text.h"
#include "sweeps/sweep_file_domain.h"
#include "sweeps/sweep_file_schema.h"
#include "tests/cli/canned.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace sweepd::cli {

namespace {

// The names that are assigned in the source of the agent's environment.
std::set<std::string> variables_of_a_trial() {
  std::ifstream file(SWEEPD_SOURCE_DIR "/agent/runner/environment.cc");
  const std::string source{std::istreambuf_iterator<char>(file), {}};
  static const std::regex kAssigned("out\\[\"([A-Z_]+)\"\\] =");
  std::set<std::string> names;
  for (auto it = std::sregex_iterator(source.begin(), source.end(), kAssigned);
       it != std::sregex_iterator();
       ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

// What a topic says of a table, from its heading to the next.
std::string section_of(std::string_view topic, std::string_view table) {
  const std::string text(*topic_text(topic));
  // The examples above the reference have tables, too.
  const std::size_t begin = text.find("\n  [" + std::string(table), text.find("Every key."));
  const std::size_t end = text.find("\n  [", begin + 1);
  return begin == std::string::npos ? std::string() : text.substr(begin, end - begin);
}

bool names_word(const std::string& text, std::string_view word) {
  return std::regex_search(text, std::regex("\\b" + std::string(word) + "\\b"));
}

}  // namespace

TEST_CASE("topics: sweep-file names every table and every key") {
  for (const sweeps::TableKeys& table : sweeps::accepted_keys()) {
    CAPTURE(table.table);
    const std::string section = section_of("sweep-file", table.table);
    CHECK_FALSE(section.empty());
    for (const std::string_view key : table.keys) {
      CAPTURE(key);
      CHECK(names_word(section, key));
    }
  }
  std::vector<std::string> of_space = sweeps::distribution_names(false);
  of_space.insert(of_space.end(), {"step", "when", "initial", "weights", "compat"});
  for (const std::string& word : of_space) {
    CAPTURE(word);
    CHECK(names_word(section_of("sweep-file", "space"), word));
  }
}

TEST_CASE("topics: environment names every variable that a trial gets") {
  const std::set<std::string> names = variables_of_a_trial();
  REQUIRE(names.size() >= 10);
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(contains(std::string(*topic_text("environment")), name));
  }
}

TEST_CASE("topics: no line is wider than a terminal") {
  for (const std::string& name : topic_names()) {
    const std::string text(*topic_text(name));
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      CAPTURE(text.substr(begin, end - begin));
      CHECK(display_width(text.substr(begin, end - begin)) <= 92);
      begin = end + 1;
    }
  }
}

}  // namespace sweepd::cli
