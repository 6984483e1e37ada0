// What the agent and the shim of a slot say to each other, over a SOCK_SEQPACKET pair of one box.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::agent::shim {

// The descriptors that a shim finds open: its end of the pair, and the slot's lock, which it only
// holds on to and hands down to programs under the same number, so that the slot stays taken until
// the shim and everything that it ran are gone.
constexpr int kSocketFd = 3;
constexpr int kLockFd = 4;

// What is to be run. Travels in a memory file that is passed along with the order: arguments and
// environment may be larger than a packet.
struct RunRequest {
  std::vector<std::string> argv;
  std::vector<std::string> env;  // NAME=value
  std::string cwd;
  std::string stdout_path;  // appended to
  std::string stderr_path;
  std::int32_t nice = 0;
  std::uint32_t leftover_grace_ms = 0;  // for what the program left running when it ended by itself

  bool operator==(const RunRequest&) const = default;
};

std::string encode(const RunRequest& request);
std::optional<RunRequest> decode(std::string_view bytes);  // none: not whole

enum class OrderKind : std::uint32_t {
  kRun = 1,    // with a memory file attached
  kStop = 2,   // number: grace in milliseconds between TERM and KILL
  kLease = 3,  // number: end of the lease in microseconds of CLOCK_BOOTTIME
};

struct Order {
  OrderKind kind = OrderKind::kRun;
  std::uint32_t unused = 0;
  std::int64_t number = 0;
};

enum class NoticeKind : std::uint32_t {
  kStarted = 1,    // a: process id
  kExecError = 2,  // a: errno; text: what could not be executed or opened
  kExited = 3,     // a: exit code, b: signal; of the program itself
  kEmpty = 4,      // no process of the attempt is left; the shim is free
  kStuck = 5,      // a: how many processes outlive KILL; text: their ids
  kLapsed = 6,     // the lease ended, the attempt is being killed
};

struct Notice {
  NoticeKind kind = NoticeKind::kEmpty;
  std::int32_t a = 0;
  std::int32_t b = 0;
  std::int64_t wall_us = 0;  // when it was noticed; the agent may read it later
  char text[232] = {};
};

// With the time of now.
Notice notice(NoticeKind kind, std::int32_t a = 0, std::int32_t b = 0, std::string_view text = {});

// None of them blocks. False: the other side is gone, or its queue is full.
bool send(int socket, const Order& order, int attached_fd = -1);
bool send(int socket, const Notice& notice);

struct ReceivedOrder {
  Order order;
  int attached_fd = -1;  // the receiver's to close
};

enum class Received { kMessage, kNothing, kGone };

Received receive(int socket, ReceivedOrder& order);
Received receive(int socket, Notice& notice);

}  // namespace sweepd::agent::shim
