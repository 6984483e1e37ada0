// The calls of the system on open files, in front of those of the C library, with a recording.
#include "tests/power/recorder.h"
#include "tests/power/wrapped.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

using namespace sweepd::power;            // NOLINT(google-build-using-namespace): not a header
using namespace sweepd::power::recorder;  // NOLINT(google-build-using-namespace)

namespace {

// Where the next write goes.
off_t place_of_write(int fd) {
  struct stat status {};

  if ((::fcntl(fd, F_GETFL) & O_APPEND) != 0) {
    ::fstat(fd, &status);
    return status.st_size;
  }
  return ::lseek(fd, 0, SEEK_CUR);
}

void record_write(int fd, off_t offset, const void* bytes, ssize_t count) {
  if (count > 0) {
    record({EventKind::kWrite,
            fd,
            0,
            static_cast<std::uint64_t>(offset),
            {},
            {static_cast<const char*>(bytes), static_cast<std::size_t>(count)}});
  }
}

// A write whose bytes are in one piece. `put` is the call of the C library.
template <typename Put>
ssize_t recorded_write(int fd, const void* bytes, size_t count, off_t offset, Put put) {
  const Fate fate = next_operation(fd, count > 1);
  if (fate == Fate::kFails) {
    return -1;
  }
  const ssize_t written = put(fate == Fate::kHalf ? count / 2 : count);
  record_write(fd, offset, bytes, written);
  return written;
}

int recorded_resize(int fd, off_t size) {
  const Turn turn;
  if (next_operation(fd) == Fate::kFails) {
    return -1;
  }
  const int rc = SWEEPD_REAL(ftruncate)(fd, size);
  if (rc == 0) {
    record({EventKind::kResize, fd, 0, static_cast<std::uint64_t>(size), {}, {}});
  }
  return rc;
}

// Nothing is synced in truth: what a sync means is up to the model. It takes a while, so that other
// threads write meanwhile; what they write is not covered.
int recorded_sync(int fd) {
  std::uint64_t covered = 0;
  Fate fate = Fate::kWorks;
  int error = 0;
  {
    const Turn turn;
    covered = events_so_far();
    fate = next_sync(fd);
    error = errno;
  }
  std::this_thread::sleep_for(std::chrono::microseconds(20));
  const Turn turn;
  const bool failed = fate == Fate::kFails;
  record({failed ? EventKind::kSyncFailed : EventKind::kSync, fd, 0, covered, {}, {}});
  errno = error;
  return failed && !swallows(fd) ? -1 : 0;
}

// Room for what will be written, or a hole where room is not needed any more. A hole inside the
// file is a write of zeros.
int recorded_allocation(int fd, int mode, off_t offset, off_t length) {
  const Turn turn;

  struct stat status {};

  if (::fstat(fd, &status) != 0) {
    return -1;
  }
  const bool inside_file = offset < status.st_size;
  if ((mode & FALLOC_FL_KEEP_SIZE) == 0 ||
      (inside_file && (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) != 0)) {
    unsupported("fallocate", "a file, in a way that changes its size");
  }
  if (next_operation(fd) == Fate::kFails) {
    return -1;
  }
  const int rc = SWEEPD_REAL(fallocate)(fd, mode, offset, length);
  if (rc == 0 && inside_file && (mode & FALLOC_FL_PUNCH_HOLE) != 0) {
    const std::string zeros(static_cast<size_t>(std::min(length, status.st_size - offset)), '\0');
    record_write(fd, offset, zeros.data(), static_cast<ssize_t>(zeros.size()));
  }
  return rc;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t count) {
  if (!tracks(fd)) {
    return SWEEPD_REAL(write)(fd, bytes, count);
  }
  const Turn turn;
  return recorded_write(fd, bytes, count, place_of_write(fd), [&](size_t part) {
    return SWEEPD_REAL(write)(fd, bytes, part);
  });
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  if (!tracks(fd)) {
    return SWEEPD_REAL(pwrite)(fd, bytes, count, offset);
  }
  const Turn turn;
  return recorded_write(fd, bytes, count, offset, [&](size_t part) {
    return SWEEPD_REAL(pwrite)(fd, bytes, part, offset);
  });
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off_t offset) {
  return pwrite(fd, bytes, count, offset);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  if (tracks(fd)) {
    unsupported("writev", "a file");
  }
  return SWEEPD_REAL(writev)(fd, pieces, count);
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  if (tracks(fd)) {
    unsupported("pwritev", "a file");
  }
  return SWEEPD_REAL(pwritev)(fd, pieces, count, offset);
}

ssize_t copy_file_range(
    int in, off_t* in_offset, int out, off_t* out_offset, size_t count, unsigned flags) {
  if (tracks(out)) {
    unsupported("copy_file_range", "a file");
  }
  return SWEEPD_REAL(copy_file_range)(in, in_offset, out, out_offset, count, flags);
}

int ftruncate(int fd, off_t size) noexcept {
  return tracks(fd) ? recorded_resize(fd, size) : SWEEPD_REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off_t size) noexcept {
  return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
  return tracks(fd) ? recorded_allocation(fd, mode, offset, length)
                    : SWEEPD_REAL(fallocate)(fd, mode, offset, length);
}

int fallocate64(int fd, int mode, off_t offset, off_t length) {
  return fallocate(fd, mode, offset, length);
}

int posix_fallocate(int fd, off_t offset, off_t length) {
  if (tracks(fd)) {
    unsupported("posix_fallocate", "a file");
  }
  return SWEEPD_REAL(posix_fallocate)(fd, offset, length);
}

int fsync(int fd) {
  return tracks(fd) ? recorded_sync(fd) : SWEEPD_REAL(fsync)(fd);
}

int fdatasync(int fd) {
  return tracks(fd) ? recorded_sync(fd) : SWEEPD_REAL(fdatasync)(fd);
}

// A hint that promises nothing: not even recorded.
int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags) {
  return tracks(fd) ? 0 : SWEEPD_REAL(sync_file_range)(fd, offset, length, flags);
}

int syncfs(int fd) noexcept {
  if (tracks(fd)) {
    unsupported("syncfs", "a file");
  }
  return SWEEPD_REAL(syncfs)(fd);
}

int close(int fd) {
  if (!tracks(fd)) {
    return SWEEPD_REAL(close)(fd);
  }
  const Turn turn;
  record({EventKind::kClose, fd, 0, 0, {}, {}});
  untrack(fd);
  return SWEEPD_REAL(close)(fd);
}

int dup(int fd) noexcept {
  if (tracks(fd)) {
    unsupported("dup", "a file");
  }
  return SWEEPD_REAL(dup)(fd);
}

int dup2(int from, int to) noexcept {
  if (tracks(from) || tracks(to)) {
    unsupported("dup2", "a file");
  }
  return SWEEPD_REAL(dup2)(from, to);
}

void* mmap(void* at, size_t length, int protection, int flags, int fd, off_t offset) noexcept {
  if ((protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0 && tracks(fd)) {
    unsupported("a mapping for writing", "a file");
  }
  return SWEEPD_REAL(mmap)(at, length, protection, flags, fd, offset);
}

}  // extern "C"
