// Progress bars in logs, and logs that go on after the agent was killed.
#include "agent/runner/redraws.h"

#include "tests/agent/agent_house.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace sweepd;
using namespace sweepd::agent_house;
using agent::Redraws;

namespace {

Instant at(std::int64_t ms) {
  return Instant{} + milliseconds(ms);
}

// What is stored of a text that came at once, and had its end.
std::string all_of(std::string_view text) {
  Redraws redraws;
  redraws.take(text, at(0));
  return redraws.give(at(0), true);
}

}  // namespace

TEST_CASE(
    "redraws: what has no carriage return goes through, a line that does not end a bit later") {
  Redraws redraws;
  redraws.take("one\ntwo\nthr", at(0));
  CHECK_EQ(redraws.give(at(0), false), "one\ntwo\n");
  CHECK_EQ(redraws.held_bytes(), 3);
  CHECK_EQ(redraws.next_wake(), at(1000));
  CHECK_EQ(redraws.give(at(999), false), "");
  CHECK_EQ(redraws.give(at(1000), false), "thr");
  redraws.take("ee\n", at(1200));
  CHECK_EQ(redraws.give(at(1200), false), "ee\n");
  CHECK(redraws.empty());
  CHECK_FALSE(redraws.next_wake());
}

TEST_CASE("redraws: of lines that replace each other the last stays, and one a second") {
  CHECK_EQ(all_of("a\rb\rc\r"), "c\r");
  CHECK_EQ(all_of("\r 1%\r 2%\r 3%\ndone\n"), " 3%\ndone\n");
  CHECK_EQ(all_of("windows\r\nlines\r\n"), "windows\r\nlines\r\n");
  CHECK_EQ(all_of("1%\r2%\r\nend"), "2%\r\nend");
  CHECK_EQ(all_of("1%\r2%"), "2%");
  CHECK_EQ(all_of("a\n\n\nb\n"), "a\n\n\nb\n");
  Redraws redraws;
  std::string stored;
  for (std::int64_t ms = 0; ms < 60'000; ++ms) {
    redraws.take(fmt::format("\r{}", ms), at(ms));
    stored += redraws.give(at(ms), false);
  }
  stored += redraws.give(at(60'000), true);
  const auto lines = std::count(stored.begin(), stored.end(), '\r');
  CHECK(lines >= 59);
  CHECK(lines < 100);
  CHECK(stored.ends_with("\r59999"));
}

TEST_CASE("redraws: an endless line does not wait for its end") {
  Redraws redraws;
  redraws.take(std::string(20'000, 'x'), at(0));
  CHECK_EQ(redraws.give(at(0), false).size(), 20'000);
}

TEST_CASE("agent: a progress bar is seen live, and little of it is stored") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, R"(
    echo begin
    for i in $(seq 2000); do printf '\rstep %d' $i; done
    sleep 600
  )"));
  std::string& log = house.daemon->logs[std::pair(kFirst, int(pb::STDOUT))];
  CHECK(house.daemon->serve_until([&] { return log.ends_with("step 2000"); }));
  CHECK(log.starts_with("begin\n"));
  CHECK_MESSAGE(log.size() < 200, log);
}

TEST_CASE("agent: killed, it goes on with a log of which not everything is stored") {
  House house;
  house.start_agent();
  house.daemon->start(house.order(kFirst, R"(
    echo begin
    for i in $(seq 500); do printf '\rstep %d' $i; done
    printf '\nmiddle\n'
    while [ ! -e )" + house.folder + R"(/go ]; do sleep 0.05; done
    for i in $(seq 500); do printf '\rmore %d' $i; done
    printf '\nend\n'
  )"));
  std::string& log = house.daemon->logs[std::pair(kFirst, int(pb::STDOUT))];
  REQUIRE(house.daemon->serve_until([&] { return log.ends_with("middle\n"); }));
  const std::string before = log;
  house.kill_agent();
  std::ofstream(house.folder + "/go") << "now";
  house.start_agent();
  REQUIRE(house.daemon->wait_for_end(kFirst));
  CHECK(log.starts_with(before));
  CHECK_MESSAGE(log.ends_with("more 500\nend\n"), log);
  CHECK_EQ(log.find("begin"), 0);
  CHECK_EQ(log.rfind("begin"), 0);
  CHECK_EQ(log.find("middle"), log.rfind("middle"));
  const std::string place = house.folder + "/state/side/1-1-1.stdout.at";
  CHECK(house.daemon->serve_until([&] { return !fs::exists(place); }));
}
