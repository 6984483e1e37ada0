// ZeroMQ sockets with every option of the design set before they bind or connect.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::wire {

class Router;
class Dealer;

// The ZeroMQ context of a process; outlives its sockets. Block signals before making one.
class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  friend class Router;
  friend class Dealer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct SocketOptions {
  std::size_t message_bytes_max = 0;  // a peer that sends more is cut off by the receiver
  int high_water_messages = 1000;     // per peer and direction
};

enum class Sent {
  kYes,
  kBusy,  // the peer's queue is full: keep the message and try again
  kGone,  // nobody has this routing id any more
};

// A message from a peer. `peer` is the routing id that the router itself gave; it ends with the
// connection.
struct Incoming {
  std::string peer;
  std::string bytes;
};

// The daemon's side of a door. All calls from one thread, none blocks. Implementation: move-only
// pimpl.
class Router {
 public:
  static Result<Router> bind(Context& context,
                             const std::string& address,
                             const SocketOptions& options);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  std::optional<Incoming> receive();
  Sent send(const std::string& peer, std::string_view bytes);

 private:
  friend struct PollAccess;
  struct Impl;
  explicit Router(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The agent's and the client's side. Reconnects by itself; what was under way then is lost.
class Dealer {
 public:
  static Result<Dealer> connect(Context& context,
                                const std::string& address,
                                const SocketOptions& options);
  ~Dealer();
  Dealer(Dealer&&) noexcept;
  Dealer& operator=(Dealer&&) noexcept;

  std::optional<std::string> receive();
  Sent send(std::string_view bytes);  // kBusy, too, while there is no connection

 private:
  friend struct PollAccess;
  struct Impl;
  explicit Dealer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Something to wait for: a socket that can be read, or a file descriptor that can.
struct PollItem {
  const Router* router = nullptr;
  const Dealer* dealer = nullptr;
  int fd = -1;
  bool ready = false;  // set by poll
};

// Waits until an item is ready or the timeout (negative: none) has passed. Interrupted by signals:
// returns early.
void poll(std::span<PollItem> items, std::chrono::milliseconds timeout);

}  // namespace sweepd::wire
