// Where a daemon listens: one address that stands for its three doors.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace sweepd::wire {

enum class Door { kControl, kBulk, kClient };

// "tcp://127.0.0.1:7700": control on the port, bulk on port + 1, clients on port + 2.
// "ipc:///run/sweepd": sockets `control`, `bulk` and `client` in that folder.
class Endpoint {
 public:
  // Refuses anything but ipc:// with an absolute folder and tcp:// with a port, in a sentence; a
  // host and a port alone mean tcp.
  static Result<Endpoint> parse(std::string_view text);

  // Refuses addresses that other machines have or can reach, and says how to tunnel: until
  // connections are encrypted, only loopback (127.0.0.0/8, ::1, localhost) and ipc are listened on
  // and dialled.
  Result<void> check_local() const;

  std::string address(Door door) const;  // as ZeroMQ takes it
  std::string text() const;              // as it was written

  // Who is dialled, as the system looks names up: without the brackets of an IPv6 address. Empty
  // for ipc.
  std::string host() const;
  int port(Door door) const;  // 0 for ipc

  bool operator==(const Endpoint&) const = default;

 private:
  std::string scheme_;  // "tcp" or "ipc"
  std::string host_;    // or the folder
  int port_ = 0;
};

constexpr std::string_view kDefaultEndpoint = "tcp://127.0.0.1:7700";

}  // namespace sweepd::wire
