// How packets travel between the agent and the shim of a slot.
#pragma once

#include "agent/shim/shim.pb.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sweepd::agent::shim {

// The descriptors that a shim finds open: the socket on which it listens for its agent, and the
// slot's lock, which it only holds on to and hands down to programs under the same number, so that
// the slot stays taken until the shim and everything that it ran are gone.
constexpr int kListenFd = 3;
constexpr int kLockFd = 4;

// With the time of now; the caller sets the kind.
shimpb::Notice notice_now();

enum class Received { kMessage, kNothing, kGone };

// None of them blocks. False: the other side is gone, or its queue is full.
bool send(int socket, const shimpb::Order& order, int attached_fd = -1);
bool send(int socket, const shimpb::Notice& notice);

struct ReceivedOrder {
  shimpb::Order order;
  int attached_fd = -1;  // the receiver's to close
};

// What cannot be parsed counts as gone: whoever speaks like that is no partner.
Received receive(int socket, ReceivedOrder& order);
Received receive(int socket, shimpb::Notice& notice);

// The content of a memory file; none when it is not whole.
std::optional<shimpb::Run> read_run(int fd);

}  // namespace sweepd::agent::shim
