// The calls of the system on names, in front of those of the C library, with a recording.
#include "tests/power/recorder.h"
#include "tests/power/wrapped.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

using namespace sweepd::power;            // NOLINT(google-build-using-namespace): not a header
using namespace sweepd::power::recorder;  // NOLINT(google-build-using-namespace)

namespace {

using Inside = std::optional<std::string>;

// A name below an open folder is recorded by nobody, so nobody may use one.
void check_folder(int folder, const char* path, const char* call) {
  if (folder != AT_FDCWD && path[0] != '/' && tracks(folder)) {
    unsupported(call, path);
  }
}

int recorded_open(int folder, const char* path, int flags, mode_t mode, const std::string& name) {
  const Turn turn;

  struct stat status {};

  const bool there = ::stat(path, &status) == 0;
  const bool makes = !there && (flags & O_CREAT) != 0;
  const bool empties = there && (flags & O_TRUNC) != 0 && status.st_size > 0;
  if ((flags & O_TMPFILE) == O_TMPFILE) {
    unsupported("O_TMPFILE", path);
  }
  if ((makes || empties) && next_operation(name) == Fate::kFails) {
    return -1;
  }
  const int fd = SWEEPD_REAL(openat)(folder, path, flags, mode);
  if (tracks(fd)) {
    unsupported("a hidden close", path);
  }
  if (fd >= 0) {
    track(fd, name);
    record({EventKind::kOpen,
            fd,
            (makes ? kMade : 0) | (empties ? kEmptied : 0) |
                ((flags & (O_SYNC | O_DSYNC)) != 0 ? kSynchronous : 0),
            0,
            name,
            {}});
  }
  return fd;
}

int any_open(int folder, const char* path, int flags, mode_t mode) {
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0) {
    check_folder(folder, path, "openat");
  }
  if (const Inside name = inside(path)) {
    return recorded_open(folder, path, flags, mode, *name);
  }
  const int fd = SWEEPD_REAL(openat)(folder, path, flags, mode);
  if (tracks(fd)) {
    unsupported("a hidden close", path);
  }
  return fd;
}

// The library closes the descriptor later, where it cannot be seen; until then it is only read.
void let_go(int fd) {
  if (tracks(fd)) {
    const Turn turn;
    record({EventKind::kClose, fd, 0, 0, {}, {}});
    untrack(fd);
  }
}

mode_t mode_of(int flags, va_list rest) {
  const bool given = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return given ? va_arg(rest, mode_t) : 0;
}

// An operation on one or two names. `call` is the call of the C library.
template <typename Call>
int changed_names(EventKind kind, const Inside& from, const Inside& to, Call call) {
  if (!from && !to) {
    return call();
  }
  const bool two = kind == EventKind::kRename || kind == EventKind::kLink;
  if (two && (!from || !to)) {
    unsupported("a rename into or out of the folder", from ? from->c_str() : to->c_str());
  }
  const Turn turn;
  if (next_operation(*from) == Fate::kFails) {
    return -1;
  }
  const int rc = call();
  if (rc == 0) {
    record({kind, -1, 0, 0, *from, to ? std::string_view(*to) : std::string_view()});
  }
  return rc;
}

template <typename Call>
int changed_name(EventKind kind, const char* path, Call call) {
  return changed_names(kind, inside(path), std::nullopt, call);
}

FILE* checked_stream(const char* path, const char* mode) {
  if (std::strpbrk(mode, "wa+") != nullptr && inside(path)) {
    unsupported("fopen", path);
  }
  return SWEEPD_REAL(fopen)(path, mode);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return any_open(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return any_open(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return any_open(folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return any_open(folder, path, flags, mode);
}

int creat(const char* path, mode_t mode) {
  return any_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

FILE* fopen(const char* path, const char* mode) {
  return checked_stream(path, mode);
}

FILE* fopen64(const char* path, const char* mode) {
  return checked_stream(path, mode);
}

FILE* fdopen(int fd, const char* mode) noexcept {
  if (tracks(fd) && std::strpbrk(mode, "wa+") != nullptr) {
    unsupported("fdopen", "a file");
  }
  let_go(fd);
  return SWEEPD_REAL(fdopen)(fd, mode);
}

DIR* fdopendir(int fd) {
  let_go(fd);
  return SWEEPD_REAL(fdopendir)(fd);
}

int truncate(const char* path, off_t size) noexcept {
  if (inside(path)) {
    unsupported("truncate", path);
  }
  return SWEEPD_REAL(truncate)(path, size);
}

int rename(const char* from, const char* to) noexcept {
  return changed_names(
      EventKind::kRename, inside(from), inside(to), [&] { return SWEEPD_REAL(rename)(from, to); });
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  check_folder(from_folder, from, "renameat");
  check_folder(to_folder, to, "renameat");
  return changed_names(EventKind::kRename, inside(from), inside(to), [&] {
    return SWEEPD_REAL(renameat)(from_folder, from, to_folder, to);
  });
}

int renameat2(
    int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (inside(from) || inside(to)) {
    unsupported("renameat2", from);
  }
  return SWEEPD_REAL(renameat2)(from_folder, from, to_folder, to, flags);
}

int link(const char* from, const char* to) noexcept {
  return changed_names(
      EventKind::kLink, inside(from), inside(to), [&] { return SWEEPD_REAL(link)(from, to); });
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  if (inside(from) || inside(to)) {
    unsupported("linkat", from);
  }
  return SWEEPD_REAL(linkat)(from_folder, from, to_folder, to, flags);
}

int symlink(const char* target, const char* path) noexcept {
  if (inside(path)) {
    unsupported("symlink", path);
  }
  return SWEEPD_REAL(symlink)(target, path);
}

int unlink(const char* path) noexcept {
  return changed_name(EventKind::kUnlink, path, [&] { return SWEEPD_REAL(unlink)(path); });
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  check_folder(folder, path, "unlinkat");
  const auto kind = (flags & AT_REMOVEDIR) != 0 ? EventKind::kRemoveFolder : EventKind::kUnlink;
  return changed_name(kind, path, [&] { return SWEEPD_REAL(unlinkat)(folder, path, flags); });
}

int remove(const char* path) noexcept {
  struct stat status {};

  const bool folder = ::lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
  return changed_name(folder ? EventKind::kRemoveFolder : EventKind::kUnlink, path, [&] {
    return SWEEPD_REAL(remove)(path);
  });
}

int mkdir(const char* path, mode_t mode) noexcept {
  return changed_name(EventKind::kMakeFolder, path, [&] { return SWEEPD_REAL(mkdir)(path, mode); });
}

int mkdirat(int folder, const char* path, mode_t mode) noexcept {
  check_folder(folder, path, "mkdirat");
  return changed_name(
      EventKind::kMakeFolder, path, [&] { return SWEEPD_REAL(mkdirat)(folder, path, mode); });
}

int rmdir(const char* path) noexcept {
  return changed_name(EventKind::kRemoveFolder, path, [&] { return SWEEPD_REAL(rmdir)(path); });
}

}  // extern "C"
