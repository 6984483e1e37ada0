// The folder that holds everything a daemon keeps, and the right to use it.
#include "daemon/state_folder.h"

#include "base/network_disk.h"
#include "daemon/lock_file.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace sweepd::daemon {

namespace {

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

Result<void> make_folder(const std::string& path) {
  const Result<bool> made = blobs::make_folders(path);
  if (!made.ok()) {
    return Error{Errc::kPermissionDenied,
                 fmt::format("cannot make the state folder {}: {}", path, made.error().message)};
  }
  if (*made && chmod(path.c_str(), S_IRWXU) != 0) {
    return Error{Errc::kPermissionDenied,
                 fmt::format("cannot protect the state folder {}: {}", path, reason_of(errno))};
  }
  return {};
}

Result<void> refuse_network(const std::string& path) {
  SWEEPD_TRY(const std::string name, network_disk(path));
  if (!name.empty()) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("the state folder {} is on {}: choose a local disk with --state, "
                             "because locks and syncs cannot be trusted over a network",
                             path,
                             name)};
  }
  return {};
}

}  // namespace

Result<StateFolder> StateFolder::claim(const std::string& path) {
  SWEEPD_TRY_VOID(make_folder(path));
  SWEEPD_TRY_VOID(refuse_network(path));
  SWEEPD_TRY(LockFile lock, claim_lock(path + "/sweepd.pid"));
  if (!lock.file) {
    return Error{
        Errc::kUnavailable,
        fmt::format("another sweepd (pid {}) is using {}: stop it, or choose another folder "
                    "with --state",
                    lock.holder,
                    path)};
  }
  return StateFolder(path, std::move(lock.file));
}

std::string default_state_folder() {
  if (geteuid() == 0) {
    return "/var/lib/sweepd";
  }
  // Called before there are threads.
  if (const char* state = std::getenv("XDG_STATE_HOME");  // NOLINT(concurrency-mt-unsafe)
      state != nullptr && state[0] == '/') {
    return std::string(state) + "/sweepd";
  }
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  return std::string(home != nullptr ? home : "") + "/.local/state/sweepd";
}

}  // namespace sweepd::daemon
