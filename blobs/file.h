// A file descriptor that closes itself, and errors of the system in words.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sweepd::blobs {

// "cannot open '/x/y': permission denied", with the class that fits the errno; a full disk is
// kUnavailable.
Error system_error(std::string_view doing, std::string_view path, int number);

// An open file or folder. Messages name it by the path it was opened with.
class File {
 public:
  File() = default;
  File(int fd, std::string path);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  // Opens a regular file and nothing else: what waits (a FIFO) or answers endlessly (a device) is
  // refused.
  static Result<File> open_to_read(const std::string& path);

  // Opens a folder to work below it, or to sync it.
  static Result<File> open_folder(const std::string& path);

  explicit operator bool() const { return fd_ >= 0; }

  int fd() const { return fd_; }

  const std::string& path() const { return path_; }

  Result<std::uint64_t> size() const;

  // Up to `length` bytes from `offset` on; fewer only at the end of the file.
  Result<std::string> read_at(std::uint64_t offset, std::size_t length) const;

  // All bytes or an error; after an error the file may hold a part of them.
  Result<void> write_at(std::uint64_t offset, std::string_view bytes) const;

  Result<void> truncate(std::uint64_t size) const;
  Result<void> sync() const;

 private:
  int fd_ = -1;
  std::string path_;
};

// The names in a folder survive a power cut.
Result<void> sync_folder(const std::string& path);

// Makes a folder, and those above it, where they are missing; their names survive a power cut.
// Whether it made the folder itself.
Result<bool> make_folders(const std::string& path);

}  // namespace sweepd::blobs
