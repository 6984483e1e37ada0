// The folder that holds everything a daemon keeps, and the right to use it.
#include "daemon/state_folder.h"

#include "daemon/lock_file.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <sys/vfs.h>
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
  struct statfs system {};

  if (statfs(path.c_str(), &system) != 0) {
    return Error{Errc::kUnexpected, fmt::format("cannot look at {}: {}", path, reason_of(errno))};
  }
  const std::string name = network_file_system(static_cast<unsigned long>(system.f_type));
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

std::string network_file_system(unsigned long magic) {
  switch (magic) {
    case 0x6969:
      return "NFS";
    case 0x517B:
    case 0xFF534D42:
    case 0xFE534D42:
      return "SMB/CIFS";
    case 0x65735546:
      return "FUSE (sshfs and the like)";
    case 0x00C36400:
      return "CephFS";
    case 0x0BD00BD0:
      return "Lustre";
    case 0x5346414F:
      return "AFS";
    case 0x01021997:
      return "9p";
    case 0x47504653:
      return "GPFS";
    default:
      return {};
  }
}

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
