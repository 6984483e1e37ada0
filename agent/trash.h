// Removes folders a little at a time, so that a loop does not stand still for a big one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sweepd::agent {

class Trash {
 public:
  // `folder`: on the same file system as what will be thrown in. What is in it already goes, too.
  explicit Trash(std::string folder);

  // Moves a file or folder in. From then on its path is free; what is not there is no error.
  void add(const std::string& path);

  // Everything in a folder, which itself stays.
  void add_content(const std::string& folder);

  // Removes about so many files; true when nothing is left.
  bool step(std::size_t files);

  bool empty() const { return stack_.empty(); }

 private:
  std::string folder_;
  std::uint64_t last_ = 0;
  std::vector<std::string> stack_;  // folders to empty; each lies in the one below, or in `folder_`
};

}  // namespace sweepd::agent
