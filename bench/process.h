// Programs under measurement: started on a temporary folder, gone when their owner is.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace sweepd::bench {

// A folder of its own that is removed with everything in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A child that is killed with its parent. Its output goes to `log`.
class Process {
 public:
  Process(const std::vector<std::string>& argv, const std::filesystem::path& log);
  ~Process();  // TERM, then waits
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

 private:
  pid_t pid_ = -1;
};

// The path of one of our programs, beside the benchmark's own folder.
std::string program(const std::string& name);

// A daemon of its own on an ipc endpoint, ready to answer.
class Daemon {
 public:
  Daemon();

  const std::string& server() const { return server_; }

  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TempFolder folder_;
  std::string server_;
  Process process_;
};

}  // namespace sweepd::bench
