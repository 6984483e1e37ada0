// How this box can keep the processes of an attempt together.
#include "agent/runner/containment.h"

#include "base/log.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sweepd::agent {

namespace {

namespace fs = std::filesystem;

// Process numbers of slot n begin here times n + 1: no two slots have one in common before they
// have used up as many.
constexpr std::uint32_t kPidsPerSlot = 100'000;
constexpr std::uint32_t kSlotsWithPids = 40;  // numbers end at four million

// Where the second version of control groups is mounted; empty: nowhere.
std::string cgroup_mount() {
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    // 41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
    std::istringstream fields(line);
    std::string skipped;
    std::string root;
    std::string place;
    fields >> skipped >> skipped >> skipped >> root >> place;
    if (root == "/" && line.find(" - cgroup2 ") != std::string::npos) {
      return place;
    }
  }
  return {};
}

// "0::/user.slice/…": the group of this process in the second version.
std::string own_cgroup() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) {
      return line.substr(3) == "/" ? "" : line.substr(3);
    }
  }
  return {};
}

bool make_group(const std::string& folder) {
  return ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST;
}

void write_to(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

// Whether a process can be put into a group there: a child tries.
bool can_enter(const std::string& folder) {
  const Fd procs(::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!procs || ::access((folder + "/cgroup.kill").c_str(), W_OK) != 0) {
    return false;
  }
  const pid_t child =
      ::vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): one call, then the end
  if (child == 0) {
    ::_exit(::write(procs.get(), "0", 1) == 1 ? 0 : 1);
  }
  int status = 1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

bool can_make_namespaces() {
  const Fd own(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
  const bool made = own && ::geteuid() == 0 && ::unshare(CLONE_NEWPID) == 0;
  return made && ::setns(own.get(), CLONE_NEWPID) == 0;
}

}  // namespace

Containment Containment::find(std::string_view wanted, const std::string& uuid) {
  Containment found;
  const std::string mount = cgroup_mount();
  if ((wanted == "auto" || wanted == "cgroup") && !mount.empty()) {
    const std::string folder = mount + own_cgroup() + "/sweep-agent-" + uuid.substr(0, 12);
    if (make_group(folder) && make_group(folder + "/probe") && can_enter(folder + "/probe")) {
      found.kind_ = Kind::kCgroup;
      found.folder_ = folder;
    }
    ::rmdir((folder + "/probe").c_str());
    if (found.kind_ != Kind::kCgroup) {
      ::rmdir(folder.c_str());  // one that cannot be used is not left behind
    }
  }
  if (found.kind_ == Kind::kSubreaper && (wanted == "auto" || wanted == "pid-namespace") &&
      can_make_namespaces()) {
    found.kind_ = Kind::kPidNamespace;
  }
  if (wanted != "auto" && wanted != found.name()) {
    log_warn("containment {} cannot be had here: {} instead", wanted, found.name());
  }
  return found;
}

std::string Containment::folder_of(std::uint32_t slot) const {
  return fmt::format("{}/slot-{}", folder_, slot);
}

std::vector<std::string> Containment::shim_words(std::uint32_t slot) const {
  switch (kind_) {
    case Kind::kCgroup:
      make_group(folder_of(slot));
      return {"--cgroup", folder_of(slot)};
    case Kind::kPidNamespace:
      return {"--pid-namespace", std::to_string(kPidsPerSlot * (slot % kSlotsWithPids + 1))};
    case Kind::kSubreaper:
      return {};
  }
  return {};
}

void Containment::kill_slot(std::uint32_t slot) const {
  if (kind_ == Kind::kCgroup) {
    write_to(folder_of(slot) + "/cgroup.kill", "1");
  }
}

void Containment::clear_away() const {
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    ::rmdir(it->path().c_str());  // fails while somebody is in it, as it should
  }
  if (!folder_.empty()) {
    ::rmdir(folder_.c_str());
  }
}

ForNewChildren::ForNewChildren(const Containment& containment) {
  if (containment.kind() != Containment::Kind::kPidNamespace) {
    return;
  }
  own_ = Fd(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
  if (own_ && ::unshare(CLONE_NEWPID) != 0) {
    own_.reset();
  }
}

ForNewChildren::~ForNewChildren() {
  if (own_) {
    ::setns(own_.get(), CLONE_NEWPID);
  }
}

}  // namespace sweepd::agent
