// The time line: across restarts, reboots and clocks that are set back.
#include "daemon/time_line.h"

#include <doctest/doctest.h>

using namespace sweepd;
using daemon::ClockMark;

TEST_CASE(
    "time line: under the same boot id it goes on by boottime, whatever the wall clock says") {
  const ClockMark stored{"a", 1000, {5'000'000}, {70}};
  CHECK(daemon::continued(stored, {"a", 1250, {1}, {}}) == Instant{320});
}

TEST_CASE("time line: after a reboot it goes on by the wall clock") {
  const ClockMark stored{"a", 900'000, {5000}, {70}};
  CHECK(daemon::continued(stored, {"b", 10, {5600}, {}}) == Instant{670});
}

TEST_CASE("time line: it never goes back") {
  const ClockMark stored{"a", 1000, {5000}, {70}};
  CHECK(daemon::continued(stored, {"b", 2000, {4000}, {}}) == Instant{70});
  CHECK(daemon::continued(stored, {"a", 900, {9000}, {}}) == Instant{70});
}

TEST_CASE("time line: without a boot id only the wall clock is believed") {
  CHECK(daemon::continued({"", 1000, {5000}, {70}}, {"", 9000, {5100}, {}}) == Instant{170});
}

TEST_CASE("system clock: it continues from the stored mark and moves forward") {
  daemon::SystemClock fresh({});
  const ClockMark first = fresh.mark();
  CHECK_FALSE(first.boot_id.empty());
  daemon::SystemClock next(first);
  const ClockMark second = next.mark();
  CHECK(second.now >= first.now);
  CHECK((second.now - first.now) < seconds(5));
  CHECK(next.mark().now >= second.now);
}
