// A folder that becomes visible under its name when it is complete, and the files that go into it.
#pragma once

#include "base/result.h"

#include <string>

namespace sweepd::daemon {

enum class Existing { kRefuse, kReplace };

// Holds `<path>.partial` until it is put in its place; removes it when it never is.
class NewFolder {
 public:
  // kWrongState: there is something at `path` already, and it may not be replaced.
  static Result<NewFolder> begin(const std::string& path, Existing existing = Existing::kRefuse);
  ~NewFolder();
  NewFolder(NewFolder&& other) noexcept;
  NewFolder& operator=(NewFolder&&) = delete;

  const std::string& partial() const { return partial_; }

  // Syncs every folder below and gives the whole its name; only now what it replaces goes.
  Result<void> put_in_place();

 private:
  NewFolder(std::string path, std::string partial, Existing existing)
      : path_(std::move(path)), partial_(std::move(partial)), existing_(existing) {}

  std::string path_;
  std::string partial_;  // empty: in its place
  Existing existing_;
};

// Whether the second file may be the first under another name: a copy is slower, and outlives what
// happens to the bytes of the first.
enum class Sharing { kLink, kCopy };

// Makes the folders above the target, too. A copy is synced.
Result<void> put_file(const std::string& from, const std::string& to, Sharing sharing);

// Writes and syncs a new file.
Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace sweepd::daemon
