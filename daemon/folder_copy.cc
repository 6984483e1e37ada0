// A folder that becomes visible under its name when it is complete.
#include "daemon/folder_copy.h"

#include "blobs/file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::daemon {

namespace {

namespace fs = std::filesystem;
using blobs::File;
using blobs::system_error;

constexpr std::size_t kPieceBytes = 1 << 20;

Result<void> sync_folder(const std::string& path) {
  SWEEPD_TRY(const File folder, File::open_folder(path));
  return folder.sync();
}

Result<File> new_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return system_error("make", path, errno);
  }
  return File(fd, path);
}

Result<void> copy_file(const std::string& from, const std::string& to) {
  SWEEPD_TRY(const File source, File::open_to_read(from));
  SWEEPD_TRY(const File target, new_file(to));
  std::uint64_t done = 0;
  for (;;) {
    SWEEPD_TRY(const std::string piece, source.read_at(done, kPieceBytes));
    if (piece.empty()) {
      return target.sync();
    }
    SWEEPD_TRY_VOID(target.write_at(done, piece));
    done += piece.size();
  }
}

}  // namespace

Result<NewFolder> NewFolder::begin(const std::string& path, Existing existing) {
  std::error_code error;
  if (existing == Existing::kRefuse && fs::exists(path, error) &&
      !(fs::is_directory(path, error) && fs::is_empty(path, error))) {
    return Error{Errc::kWrongState,
                 fmt::format("'{}' is there already and not empty: name a new folder", path)};
  }
  NewFolder folder(path, path + ".partial", existing);
  fs::remove_all(folder.partial_, error);  // of one that was cut off
  fs::create_directories(folder.partial_, error);
  if (error) {
    return system_error("make the folder", folder.partial_, error.value());
  }
  fs::permissions(folder.partial_, fs::perms::owner_all, error);
  return folder;
}

NewFolder::NewFolder(NewFolder&& other) noexcept
    : path_(std::move(other.path_)),
      partial_(std::exchange(other.partial_, {})),
      existing_(other.existing_) {}

NewFolder::~NewFolder() {
  if (!partial_.empty()) {
    std::error_code ignored;
    fs::remove_all(partial_, ignored);
  }
}

Result<void> NewFolder::put_in_place() {
  std::error_code error;
  for (fs::recursive_directory_iterator at(partial_, error); !error && at != end(at);
       at.increment(error)) {
    std::error_code unknown;
    if (at->is_directory(unknown)) {
      SWEEPD_TRY_VOID(sync_folder(at->path().string()));
    }
  }
  if (error) {
    return system_error("read the folder", partial_, error.value());
  }
  SWEEPD_TRY_VOID(sync_folder(partial_));
  if (existing_ == Existing::kReplace) {
    fs::remove_all(path_, error);
  }
  if (::rename(partial_.c_str(), path_.c_str()) != 0) {
    return system_error("put in its place", path_, errno);
  }
  partial_.clear();
  return sync_folder(fs::absolute(path_).lexically_normal().parent_path().string());
}

Result<void> put_file(const std::string& from, const std::string& to, Sharing sharing) {
  std::error_code error;
  fs::create_directories(fs::path(to).parent_path(), error);
  if (error) {
    return system_error("make the folder of", to, error.value());
  }
  // Another file system, or too many names of one file: then it is copied.
  if (sharing == Sharing::kLink && ::link(from.c_str(), to.c_str()) == 0) {
    return {};
  }
  return copy_file(from, to);
}

Result<void> write_file(const std::string& path, std::string_view text) {
  SWEEPD_TRY(const File file, new_file(path));
  SWEEPD_TRY_VOID(file.write_at(0, text));
  return file.sync();
}

}  // namespace sweepd::daemon
