// File descriptors: the calls that may be interrupted, cut short, or fail for lack of room.
#include "blobs/file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::blobs {

namespace {

Errc class_of(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // a limit on the size of files is a lack of room, too
    case EMFILE:
    case ENFILE:
      return Errc::kUnavailable;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
      return Errc::kPermissionDenied;
    case ENOENT:
    case ENOTDIR:
      return Errc::kNotFound;
    default:
      return Errc::kUnexpected;
  }
}

}  // namespace

Result<void> sync_folder(const std::string& path) {
  SWEEPD_TRY(const File folder, File::open_folder(path));
  return folder.sync();
}

Error system_error(std::string_view doing, std::string_view path, int number) {
  return {class_of(number),
          fmt::format("cannot {} '{}': {}", doing, path, std::generic_category().message(number))};
}

Result<bool> make_folders(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path whole = fs::absolute(path, error).lexically_normal();
  fs::path at;
  bool made = false;
  for (const fs::path& part : whole) {
    if (part.empty()) {
      continue;  // behind a slash at the end
    }
    const fs::path above = at;
    at /= part;
    made = ::mkdir(at.c_str(), 0777) == 0;
    if (made) {
      SWEEPD_TRY_VOID(sync_folder(above.string()));
    } else if (const int number = errno; !fs::is_directory(at, error)) {
      return system_error("make the folder", at.string(), number);
    }
  }
  // A process before this one may have made it and got no further. Above it may be folders that
  // are not ours to open; then it was not ours to make either.
  if (const Result<File> above = File::open_folder(at.parent_path().string());
      !made && above.ok()) {
    SWEEPD_TRY_VOID(above->sync());
  }
  return made;
}

File::File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

File::~File() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

Result<File> File::open_to_read(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return system_error("open", path, errno);
  }
  File file(fd, path);

  struct stat status {};

  if (::fstat(fd, &status) != 0) {
    return system_error("examine", path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{Errc::kInvalidArgument, fmt::format("'{}' is not a regular file", path)};
  }
  return file;
}

Result<File> File::open_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (fd < 0) {
    return system_error("open the folder", path, errno);
  }
  return File(fd, path);
}

Result<std::uint64_t> File::size() const {
  struct stat status {};

  if (::fstat(fd_, &status) != 0) {
    return system_error("examine", path_, errno);
  }
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::string> File::read_at(std::uint64_t offset, std::size_t length) const {
  std::string bytes(length, '\0');
  std::size_t filled = 0;
  while (filled < length) {
    const ssize_t got =
        ::pread(fd_, bytes.data() + filled, length - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return system_error("read", path_, errno);
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Result<void> File::write_at(std::uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put < 0) {
      return system_error("write", path_, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

Result<void> File::truncate(std::uint64_t size) const {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
    return system_error("shorten", path_, errno);
  }
  return {};
}

Result<void> File::sync() const {
  if (::fsync(fd_) != 0) {
    return system_error("sync", path_, errno);
  }
  return {};
}

}  // namespace sweepd::blobs
