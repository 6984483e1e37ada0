// Keys of the store.
#include "daemon/journal_keys.h"

#include "tests/daemon/journal_bench.h"

using namespace sweepd;
using namespace sweepd::daemon::journal_bench;
using namespace sweepd::daemon::test;

TEST_CASE("journal keys: the order of bytes is the order of reading") {
  namespace keys = daemon::keys;
  CHECK(keys::record({1}, 255) < keys::record({1}, 256));
  CHECK(keys::record({1}, UINT64_MAX) < keys::record({2}, 0));
  CHECK(keys::metric({{1}, {2}, {3}}, 9) < keys::metric({{1}, {2}, {4}}, 1));
  CHECK(keys::log(kLog, 5).starts_with(keys::log_prefix(kLog)));
  CHECK(keys::last_number(keys::record({1}, 77)) == 77U);
  CHECK_FALSE(keys::last_number("short").has_value());
}
