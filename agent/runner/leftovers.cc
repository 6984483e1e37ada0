// Processes of attempts of earlier runs of the agent that have lost their shim.
#include "agent/runner/leftovers.h"

#include "agent/shim/process_tree.h"
#include "agent/shim/protocol.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

namespace sweepd::agent {

namespace {

namespace fs = std::filesystem;

struct Marked {
  std::set<pid_t> shims;
  std::set<pid_t> others;
};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Programs get the lock under the number that it has in the shim.
bool has_slot_open(const std::string& process, const std::string& locks) {
  std::error_code error;
  const std::string target =
      fs::read_symlink(fmt::format("{}/fd/{}", process, shim::kLockFd), error);
  return !error && target.starts_with(locks);
}

bool runs_an_attempt(const std::string& process, const std::string& state) {
  std::string environment(1, '\0');
  environment += content_of(process + "/environ");
  const std::string name(1, '\0');
  return environment.find(name + "SWEEPD_OUTPUTS=" + state + "/work/") != std::string::npos;
}

Marked find_marked(const std::string& state) {
  Marked marked;
  std::error_code error;
  const std::string locks = fs::canonical(state, error).string() + "/slots/";
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const std::string process = it->path();
    const auto pid = static_cast<pid_t>(std::strtol(it->path().filename().c_str(), nullptr, 10));
    if (pid <= 0 || pid == ::getpid()) {
      continue;
    }
    const bool holds = has_slot_open(process, locks);
    if (holds && content_of(process + "/comm") == "sweep-shim\n") {
      marked.shims.insert(pid);
    } else if (holds || runs_an_attempt(process, state)) {
      marked.others.insert(pid);
    }
  }
  return marked;
}

}  // namespace

std::vector<pid_t> find_leftovers(const std::string& state) {
  Marked marked = find_marked(state);
  // A parent may end between two looks, which hides what is below a shim: only what both of two
  // looks find is below none.
  for (int look = 0; look < 2 && !marked.others.empty(); ++look) {
    for (const pid_t shim : marked.shims) {
      for (const pid_t pid : shim::descendants(shim)) {
        marked.others.erase(pid);
      }
    }
  }
  return {marked.others.begin(), marked.others.end()};
}

}  // namespace sweepd::agent
