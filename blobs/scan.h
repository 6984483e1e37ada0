// A folder of this machine as a tree: which files it has, their sizes and digests.
#pragma once

#include "base/limits.h"
#include "base/result.h"
#include "blobs/manifest.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sweepd::blobs {

struct Skipped {
  std::string path;  // from the folder, as the system gave it: perhaps not text
  std::string why;   // "a link to a folder"
};

// A tree and where its content lies.
struct LocalTree {
  Tree tree;
  std::vector<std::string> sources;  // of each file of the tree, its path on this machine
  std::vector<Skipped> skipped;      // for a warning; ignored files are not among them
};

struct ScanOptions {
  std::string folder;
  std::vector<std::string> only;  // files and folders below, taken if they exist; empty: everything
  bool rules = true;              // those of .sweepignore and its defaults; else all is taken
  bool skip_unreadable = false;   // else an error: code without a file of it is other code
  std::uint64_t bytes_max = limits::kSnapshotBytesMax;
  std::size_t files_max = limits::kTreeFilesMax;
};

// Reads a folder in steps, for a loop that must not stand still for long. Takes regular files, and
// links to files inside the folder as the files they lead to; other links, devices and names that
// are not text are skipped and reported. A file that grows meanwhile is taken as long as it was
// when it was listed.
class Scanner {
 public:
  explicit Scanner(ScanOptions options);
  ~Scanner();
  Scanner(Scanner&&) noexcept;
  Scanner& operator=(Scanner&&) noexcept;

  // Lists one folder or reads about `bytes`. True when all is read. kInvalidArgument names the
  // largest paths when there is too much.
  Result<bool> step(std::size_t bytes);

  LocalTree take();  // after step has said true

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// All steps at once.
Result<LocalTree> scan_folder(ScanOptions options);

}  // namespace sweepd::blobs
