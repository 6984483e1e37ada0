// Writing below a folder without leaving it.
#include "blobs/destination.h"

#include "blobs/manifest.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::blobs {

namespace {

constexpr int kTriesMax = 100;

// Unique in this process; O_EXCL settles the rest.
std::string draft_name() {
  static std::atomic<std::uint64_t> count = 0;
  return fmt::format(".sweepd-{}-{}.part", ::getpid(), ++count);
}

Result<File> open_subfolder(const File& folder, const std::string& name) {
  if (::mkdirat(folder.fd(), name.c_str(), 0777) != 0 && errno != EEXIST) {
    return system_error("make the folder", name, errno);
  }
  const int fd =
      ::openat(folder.fd(), name.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
  if (fd >= 0) {
    return File(fd, name);
  }
  if (errno == ELOOP || errno == ENOTDIR) {
    return Error{Errc::kPermissionDenied,
                 fmt::format("'{}' in the destination is a link or a file, not a folder", name)};
  }
  return system_error("open the folder", name, errno);
}

}  // namespace

Draft::Draft(File folder, File file, std::string name)
    : folder_(std::move(folder)), file_(std::move(file)), name_(std::move(name)) {}

Draft::~Draft() {
  if (file_) {
    ::unlinkat(folder_.fd(), file_.path().c_str(), 0);
  }
}

Result<void> Draft::commit() {
  if (::renameat(folder_.fd(), file_.path().c_str(), folder_.fd(), name_.c_str()) != 0) {
    return system_error("put in its place", name_, errno);
  }
  file_ = File();
  return {};
}

Result<Destination> Destination::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return system_error("make the folder", folder, error.value());
  }
  SWEEPD_TRY(File opened, File::open_folder(folder));
  return Destination(std::move(opened));
}

Result<File> Destination::parent_of(std::string_view path) const {
  const int fd = ::fcntl(folder_.fd(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) {
    return system_error("open the folder", folder_.path(), errno);
  }
  File folder(fd, folder_.path());
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/')) {
    SWEEPD_TRY(folder, open_subfolder(folder, std::string(path.substr(0, slash))));
    path.remove_prefix(slash + 1);
  }
  return folder;
}

Result<Draft> Destination::draft(const Place& place) const {
  SWEEPD_TRY_VOID(check_tree_path(place.path));
  SWEEPD_TRY(File folder, parent_of(place.path));
  const mode_t mode = place.executable ? 0777 : 0666;  // less what the umask takes
  for (int tries = 0; tries < kTriesMax; ++tries) {
    std::string name = draft_name();
    const int fd = ::openat(
        folder.fd(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd >= 0) {
      return Draft(std::move(folder),
                   File(fd, std::move(name)),
                   place.path.substr(place.path.rfind('/') + 1));
    }
    if (errno != EEXIST) {
      return system_error("make", place.path, errno);
    }
  }
  return Error{Errc::kUnexpected,
               fmt::format("no free name for a new file beside '{}'", place.path)};
}

}  // namespace sweepd::blobs
