// The examples at the end of each verb's --help.
#pragma once

#include <string>
#include <string_view>

namespace sweepd::cli {

// "submit", "trial ls"; a verb without examples is a defect that a test finds.
std::string examples_of(std::string_view verb);

}  // namespace sweepd::cli
