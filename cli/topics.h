// The texts of `sweepctl help TOPIC`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::cli {

std::optional<std::string_view> topic_text(std::string_view topic);

// In the order they are listed.
std::vector<std::string> topic_names();

}  // namespace sweepd::cli
