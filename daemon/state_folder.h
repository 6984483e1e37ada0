// The folder that holds everything a daemon keeps, and the right to use it.
#pragma once

#include "base/result.h"
#include "blobs/file.h"

#include <string>
#include <utility>

namespace sweepd::daemon {

// Holding one means being the only sweepd on the folder. Lets go when destroyed.
class StateFolder {
 public:
  // Makes the folder (for its owner only) where there is none, and locks it. Refuses network file
  // systems, where locks and syncs do not mean what they say, and a folder in use, naming the
  // process that uses it.
  static Result<StateFolder> claim(const std::string& path);

  const std::string& path() const { return path_; }

  std::string journal() const { return path_ + "/journal"; }

  std::string blobs() const { return path_ + "/blobs"; }

  std::string term() const { return path_ + "/term"; }

 private:
  StateFolder(std::string path, blobs::File lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  blobs::File lock_;
};

// Where state goes unless somebody says so: /var/lib/sweepd for root, else $XDG_STATE_HOME/sweepd
// or ~/.local/state/sweepd.
std::string default_state_folder();

}  // namespace sweepd::daemon
