// Which program somebody meant who misspelt it.
#include "agent/runner/find_program.h"

#include "base/nearest.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

namespace sweepd::agent {

std::optional<std::string> nearest_program(std::string_view name, std::string_view path) {
  namespace fs = std::filesystem;
  std::vector<std::string> known;
  while (!path.empty()) {
    const std::size_t colon = path.find(':');
    std::error_code error;
    fs::directory_iterator it(fs::path(path.substr(0, colon)), error);
    for (const fs::directory_iterator end; !error && it != end; it.increment(error)) {
      known.push_back(it->path().filename());
    }
    path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
  }
  // Folders list their entries in no order; of several equally near the first is taken.
  std::sort(known.begin(), known.end());
  return nearest(name, known);
}

}  // namespace sweepd::agent
