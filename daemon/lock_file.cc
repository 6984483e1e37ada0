// The right to be the only process on something: flock, and a pid for people.
#include "daemon/lock_file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace sweepd::daemon {

std::string read_pid(int file) {
  std::array<char, 32> text{};
  const ssize_t size = pread(file, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  pid.erase(pid.find_last_not_of('\n') + 1);
  return pid;
}

Result<LockFile> claim_lock(const std::string& path) {
  blobs::File file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR), path);
  if (!file) {
    return blobs::system_error("open", path, errno);
  }
  if (flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
    return LockFile{{}, read_pid(file.fd())};
  }
  SWEEPD_TRY_VOID(file.truncate(0));
  SWEEPD_TRY_VOID(file.write_at(0, fmt::format("{}\n", getpid())));
  return LockFile{std::move(file), ""};
}

}  // namespace sweepd::daemon
