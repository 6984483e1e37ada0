// Working folders: made fresh for each attempt, and used again when nothing was left in them.
#include "agent/runner/work_folders.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace sweepd::agent {

namespace {

constexpr std::size_t kSpareMax = 64;
constexpr int kFilesMax = 64;  // in a folder that is worth emptying
constexpr mode_t kMode = 0755;

Result<void> make_folder(const std::string& path) {
  return ::mkdir(path.c_str(), kMode) == 0
             ? Result<void>()
             : Result<void>(
                   Error{Errc::kUnavailable,
                         fmt::format("cannot make the folder {}: {}", path, std::strerror(errno))});
}

bool as_made(int folder) {
  struct stat status {};

  return ::fstat(folder, &status) == 0 && (status.st_mode & 07777) == kMode &&
         status.st_uid == ::geteuid();
}

// Removes the files of a folder. False when something stands in the way: a folder that is not one
// of the two kept, too many files, or rights that were changed.
bool empty_folder(int parent, const char* name, bool top) {
  const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* folder = fd >= 0 ? ::fdopendir(fd) : nullptr;
  if (folder == nullptr) {
    return false;
  }
  int files = 0;
  bool empty = as_made(fd);
  while (const dirent* entry = empty ? ::readdir(folder) : nullptr) {  // NOLINT: one thread
    const std::string_view found = entry->d_name;
    const bool kept = top && (found == "outputs" || found == "logs");
    if (found != "." && found != ".." && !kept) {
      empty = ++files <= kFilesMax && ::unlinkat(fd, entry->d_name, 0) == 0;
    }
  }
  ::closedir(folder);
  return empty;
}

bool empty_work_folder(const std::string& path) {
  const std::string outputs = path + "/outputs";
  const std::string logs = path + "/logs";
  return empty_folder(AT_FDCWD, path.c_str(), true) &&
         empty_folder(AT_FDCWD, outputs.c_str(), false) &&
         empty_folder(AT_FDCWD, logs.c_str(), false);
}

}  // namespace

Result<void> WorkFolders::make(const std::string& path) {
  if (!spare_.empty()) {
    const std::string spare = spare_.back();
    spare_.pop_back();
    if (::rename(spare.c_str(), path.c_str()) == 0) {
      return {};
    }
    trash_.add(spare);
  }
  SWEEPD_TRY_VOID(make_folder(path));
  SWEEPD_TRY_VOID(make_folder(path + "/outputs"));
  return make_folder(path + "/logs");
}

void WorkFolders::give_back(const std::string& path) {
  const std::string spare = fmt::format("{}/spare-{}", folder_, ++last_);
  if (spare_.size() < kSpareMax && empty_work_folder(path) &&
      ::rename(path.c_str(), spare.c_str()) == 0) {
    spare_.push_back(spare);
  } else {
    trash_.add(path);
  }
}

}  // namespace sweepd::agent
