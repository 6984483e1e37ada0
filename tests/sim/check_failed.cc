// The simulator's own end of a failed check; it takes the place of the one in base/check.cc.
#include "tests/sim/check_failed.h"

#include "base/check.h"

#include <fmt/format.h>

namespace sweepd {

void check_failed(std::string_view condition, const char* file, int line) {
  throw sim::CheckFailed{fmt::format("{} ({}:{})", condition, file, line)};
}

}  // namespace sweepd
