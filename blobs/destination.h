// A folder that trees are written into, and nothing outside of it.
#pragma once

#include "base/result.h"
#include "blobs/file.h"

#include <string>
#include <string_view>

namespace sweepd::blobs {

// A file on its way: written beside its place under another name. Unless committed, it is removed.
class Draft {
 public:
  Draft(File folder, File file, std::string name);
  ~Draft();
  Draft(Draft&& other) noexcept = default;
  Draft& operator=(Draft&&) = delete;

  const File& file() const { return file_; }

  Result<void> commit();  // takes its place, also that of an older file

 private:
  File folder_;
  File file_;  // its path is its name in the folder
  std::string name_;
};

class Destination {
 public:
  static Result<Destination> open(const std::string& folder);  // made when it is not there

  struct Place {
    std::string path;  // as in a tree; checked again
    bool executable = false;
  };

  // Makes the folders on the way. Refuses a way through a link: it could lead anywhere.
  Result<Draft> draft(const Place& place) const;

 private:
  explicit Destination(File folder) : folder_(std::move(folder)) {}

  Result<File> parent_of(std::string_view path) const;

  File folder_;
};

}  // namespace sweepd::blobs
