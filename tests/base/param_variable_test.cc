// Names of hyperparameters as names of variables.
#include "base/param_variable.h"

#include <doctest/doctest.h>

namespace sweepd {

TEST_CASE("param variable: bytes that a variable cannot hold become underscores, one each") {
  CHECK(param_variable_part("lr_0") == "lr_0");
  CHECK(param_variable_part("--Model.depth/2") == "__Model_depth_2");
  CHECK(param_variable_part("\xC3\xA4") == "__");
  CHECK(param_variable_part("") == "");
}

}  // namespace sweepd
