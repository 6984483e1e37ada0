// What people type who come from other tools, and the verb that they mean.
#pragma once

#include <string>
#include <vector>

namespace sweepd::cli {

// "; did you mean 'kill', or 'stop' to let running trials finish?": the verb among `known` that
// means what `word` does, else the nearest in spelling. Empty when there is neither.
std::string suggestion_for(const std::string& word, const std::vector<std::string>& known);

// `sweepctl agent` means `sweepctl agent ls`.
void complete_noun(std::vector<std::string>& arguments);

}  // namespace sweepd::cli
