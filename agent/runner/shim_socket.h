// The sockets between agent and shims: how a slot is locked, listened on and reached.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <string>
#include <utility>

namespace sweepd::agent {

// A descriptor that closes itself.
class Fd {
 public:
  Fd() = default;

  explicit Fd(int fd) : fd_(fd) {}

  ~Fd();

  Fd(Fd&& other) noexcept : fd_(other.release()) {}

  Fd& operator=(Fd&& other) noexcept;

  explicit operator bool() const { return fd_ >= 0; }

  int get() const { return fd_; }

  int release() { return std::exchange(fd_, -1); }

  void reset() { *this = Fd(); }

 private:
  int fd_ = -1;
};

// The lock of a slot; none when somebody else has it. Whoever has the file open keeps it: the shim.
Fd take_lock(const std::string& path);

// A socket of packets bound to the path. Only the owner of its folder can reach it.
Result<Fd> listen_at(const std::string& path);

// Connects to whoever listens at the path; none when nobody does.
Fd connect_to(const std::string& path);

// The process at the other end, by the number that it has here. The one that listened, even when it
// lives in a namespace.
pid_t peer_of(const Fd& connection);

}  // namespace sweepd::agent
