// Programmer errors stop the process, in release builds too.
#pragma once

#include <string_view>

namespace sweepd {

// Prints the failed condition with its place and ends the process.
[[noreturn]] void check_failed(std::string_view condition, const char* file, int line);

}  // namespace sweepd

// An expression, so that it can stand where a statement with braces could not.
#define SWEEPD_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sweepd::check_failed(#condition, __FILE__, __LINE__))
