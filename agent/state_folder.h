// The agent's folder on disk, who it belongs to, and what the machine is.
#pragma once

#include "agent/session.h"
#include "base/result.h"

#include <optional>
#include <string>

namespace sweepd::agent {

// The folder, held by this process until it ends.
class StateFolder {
 public:
  // Makes what is missing. Fails when another agent still has it after a second, or it cannot be
  // written.
  static Result<StateFolder> open(const std::string& path);

  // The process of the agent that has the folder now; none: no agent has.
  static std::optional<std::string> holder(const std::string& path);

  ~StateFolder();
  StateFolder(StateFolder&& other) noexcept;
  StateFolder& operator=(StateFolder&&) = delete;

  const std::string& path() const { return path_; }  // absolute

  std::string ledger() const { return path_ + "/ledger"; }

  std::string cache() const { return path_ + "/cache"; }

  // Drawn when the folder was made; names this agent to the daemon for ever.
  const std::string& uuid() const { return uuid_; }

 private:
  StateFolder(std::string path, std::string uuid, int lock)
      : path_(std::move(path)), uuid_(std::move(uuid)), lock_(lock) {}

  std::string path_;
  std::string uuid_;
  int lock_ = -1;
};

std::string host_name();
std::string boot_id();    // a new one at each start of the kernel
std::string cpu_model();  // for people
std::uint32_t cpu_count();
std::uint64_t memory_bytes();

}  // namespace sweepd::agent
