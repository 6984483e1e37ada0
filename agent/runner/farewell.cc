// What a shim left in a file when there was no agent to hear it.
#include "agent/runner/farewell.h"

#include "base/frame.h"

#include <fstream>
#include <iterator>
#include <utility>

namespace sweepd::agent {

std::vector<shimpb::Notice> read_farewell(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<shimpb::Notice> notices;
  std::size_t at = 0;
  while (const auto body = next_frame(bytes, at)) {
    shimpb::Notice notice;
    if (notice.ParseFromArray(body->data(), static_cast<int>(body->size()))) {
      notices.push_back(std::move(notice));
    }
  }
  return notices;
}

}  // namespace sweepd::agent
