// The agent's folder on disk, who it belongs to, and what the machine is.
#include "agent/state_folder.h"

#include "blobs/file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

namespace sweepd::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLockPatience{1000};
constexpr std::chrono::milliseconds kLockPause{10};

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Error failed(std::string_view what, const std::string& path, int number) {
  return Error{Errc::kUnavailable,
               fmt::format("cannot {} {}: {}", what, path, std::strerror(number))};
}

Result<void> make_folders(const std::string& path) {
  if (const Result<bool> made = blobs::make_folders(path); !made.ok()) {
    return Error{Errc::kUnavailable, made.error().message};
  }
  for (const char* name : {"/work", "/side", "/trash", "/slots", "/cache", "/kept"}) {
    std::error_code error;
    fs::create_directories(path + name, error);
    if (error) {
      return failed("make the folder", path + name, error.value());
    }
  }
  return {};
}

// Not at the first try: whoever only looks at the lock has it for an instant.
bool lock_in_time(int fd) {
  const auto end = std::chrono::steady_clock::now() + kLockPatience;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= end) {
      return false;
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return true;
}

Result<int> lock_folder(const std::string& path) {
  const std::string name = path + "/lock";
  const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return failed("open", name, errno);
  }
  if (!lock_in_time(fd)) {
    ::close(fd);
    return Error{Errc::kWrongState,
                 fmt::format("another sweep-agent (process {}) uses the state folder {}; give this "
                             "one another with --state",
                             first_line(name),
                             path)};
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    ::close(fd);
    return failed("write", name, errno);
  }
  return fd;
}

std::string draw_uuid() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return {};
  }
  std::string out;
  for (const unsigned char byte : bytes) {
    out += fmt::format("{:02x}", byte);
  }
  return out;
}

Result<std::string> read_or_draw_uuid(const std::string& path) {
  const std::string name = path + "/uuid";
  if (std::string uuid = first_line(name); !uuid.empty()) {
    return uuid;
  }
  const std::string uuid = draw_uuid();
  const std::string fresh = name + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && !uuid.empty() &&
                       ::write(fd, uuid.data(), uuid.size()) == static_cast<ssize_t>(uuid.size()) &&
                       ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) {
    ::close(fd);
  }
  if (!written || ::rename(fresh.c_str(), name.c_str()) != 0) {
    return failed("write", name, error);
  }
  return uuid;
}

}  // namespace

Result<StateFolder> StateFolder::open(const std::string& path) {
  std::error_code error;
  const std::string absolute = fs::absolute(path, error).lexically_normal();
  SWEEPD_TRY_VOID(make_folders(absolute));
  SWEEPD_TRY(const int lock, lock_folder(absolute));
  StateFolder folder(absolute, {}, lock);
  SWEEPD_TRY(folder.uuid_, read_or_draw_uuid(absolute));
  return folder;
}

std::optional<std::string> StateFolder::holder(const std::string& path) {
  const std::string name = path + "/lock";
  const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  // Shared, and for a moment: two that look do not take each other for an agent.
  const bool held = fd >= 0 && ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  if (fd >= 0) {
    ::close(fd);
  }
  return held ? std::optional(first_line(name)) : std::nullopt;
}

StateFolder::~StateFolder() {
  if (lock_ >= 0) {
    ::close(lock_);
  }
}

StateFolder::StateFolder(StateFolder&& other) noexcept
    : path_(std::move(other.path_)),
      uuid_(std::move(other.uuid_)),
      lock_(std::exchange(other.lock_, -1)) {}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string boot_id() {
  return first_line("/proc/sys/kernel/random/boot_id");
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "CPU";
}

std::uint32_t cpu_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // What this process may use, which on a shared box is not what the machine has.
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<std::uint32_t>(CPU_COUNT(&set))
                                                       : 1;
}

std::uint64_t memory_bytes() {
  struct sysinfo info {};

  return ::sysinfo(&info) == 0 ? static_cast<std::uint64_t>(info.totalram) * info.mem_unit : 0;
}

}  // namespace sweepd::agent
