// What was decided, as lines of the daemon's log.
#include "daemon/record_log.h"

#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

using namespace sweepd;
using daemon::log_text;

TEST_CASE("record log: what an operator wants to know is a line, and reports are not") {
  core::State state;
  core::apply_record(state, core::AgentRegistered{{3}, "u", "box", "b", "0.1", {{}, {}}, {}, {}});
  CHECK(log_text(state, core::SweepEnded{{12}, core::SweepState::kFailed, {{}, "5 failed"}, {}}) ==
        "sweep=12 failed: 5 failed");
  CHECK(log_text(state, core::AgentStateChanged{{3}, core::AgentState::kLost, {}}) ==
        "agent=3 name=box lost");
  CHECK(log_text(state, core::TrialClosed{{{1}, {2}}, core::TrialState::kFailed, {{}, "exit"}}) ==
        "trial=1/2 failed: exit");
  CHECK(log_text(state, core::TrialClosed{{{1}, {2}}, core::TrialState::kPruned, {}}).empty());
  CHECK(log_text(state, core::ReportRecorded{}).empty());
}

TEST_CASE("record log: a line is one line, whatever a name or a script holds") {
  for (const core::Record& record : daemon::test::sample_records()) {
    CHECK(log_text({}, record).find('\n') == std::string::npos);
  }
  CHECK(log_text({}, core::SweepRemoved{{}, {1}, {}, 0, "a\nsweep=2 removed", {}}) ==
        "sweep=1 removed by=a sweep=2 removed");
}
