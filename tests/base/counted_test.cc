// Numbers of things in sentences.
#include "base/counted.h"

#include <doctest/doctest.h>

TEST_CASE("counted: one is singular, none is not") {
  CHECK(sweepd::counted(1, "trial") == "1 trial");
  CHECK(sweepd::counted(0, "trial") == "0 trials");
  CHECK(sweepd::counted(12, "trial") == "12 trials");
  CHECK(sweepd::counted(1, "process", "processes") == "1 process");
  CHECK(sweepd::counted(2, "process", "processes") == "2 processes");
}
