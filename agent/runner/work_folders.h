// Working folders: made fresh for each attempt, and used again when nothing was left in them.
#pragma once

#include "agent/trash.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sweepd::agent {

// Removing a folder can cost as much as the rest of a short trial, so those that can be emptied by
// removing a few files are kept and renamed.
class WorkFolders {
 public:
  WorkFolders(std::string folder, Trash& trash) : folder_(std::move(folder)), trash_(trash) {}

  // A folder at `path` with empty folders `outputs` and `logs`, and nothing else.
  Result<void> make(const std::string& path);

  // The attempt does not need it any more, and no process of it is left.
  void give_back(const std::string& path);

 private:
  std::string folder_;  // where spare ones are kept
  Trash& trash_;
  std::vector<std::string> spare_;
  std::uint64_t last_ = 0;
};

}  // namespace sweepd::agent
