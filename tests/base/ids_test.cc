// Tests of identities.
#include "base/ids.h"

#include <doctest/doctest.h>

#include <type_traits>

namespace sweepd {
namespace {

TEST_CASE("ids: are spelled as people type them") {
  CHECK_EQ(to_string(SweepId{12}), "12");
  CHECK_EQ(to_string(TrialKey{{12}, {7}}), "12/7");
  CHECK_EQ(to_string(AttemptKey{{12}, {7}, {2}}), "12/7#2");
  CHECK_EQ(to_string(SweepId{UINT64_MAX}), "18446744073709551615");
}

TEST_CASE("ids: zero means none") {
  CHECK_FALSE(static_cast<bool>(TrialNumber{}));
  CHECK(static_cast<bool>(TrialNumber{1}));
}

TEST_CASE("ids: keys are ordered by sweep, then trial, then attempt") {
  CHECK(TrialKey{{1}, {9}} < TrialKey{{2}, {1}});
  CHECK(AttemptKey{{1}, {2}, {9}} < AttemptKey{{1}, {3}, {1}});
  CHECK(AttemptKey{{1}, {2}, {1}} < AttemptKey{{1}, {2}, {2}});
  CHECK_EQ(AttemptKey{{1}, {2}, {3}}.trial_key(), TrialKey{{1}, {2}});
  CHECK_NE(RequestId{1, 2}, RequestId{2, 1});
}

TEST_CASE("ids: of different things are different types") {
  CHECK_FALSE(std::is_convertible_v<SweepId, TrialNumber>);
  CHECK_FALSE(std::is_convertible_v<TrialNumber, AttemptNumber>);
  CHECK_FALSE(std::is_convertible_v<std::uint32_t, AgentId>);
}

}  // namespace
}  // namespace sweepd
