// The examples at the end of each verb's --help.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sweepd::cli {

// "submit", "trial ls"; a verb without examples is a defect that a test finds.
std::string examples_of(std::string_view verb);

// "submit", "trial ls", in the order of the help.
std::vector<std::string> verbs_with_examples();

}  // namespace sweepd::cli
