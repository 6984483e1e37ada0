// Programmer errors stop the process, in release builds too.
#include "base/check.h"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

namespace sweepd {

void check_failed(std::string_view condition, const char* file, int line) {
  fmt::print(stderr, "{}:{}: check failed: {}\n", file, line, condition);
  std::abort();
}

}  // namespace sweepd
