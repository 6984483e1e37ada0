// Whether a machine and its ports can be reached, asked of the system: ZeroMQ tries for ever and
// never says why.
#pragma once

#include "base/result.h"

#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

namespace sweepd::agent {

struct SocketAddress {
  sockaddr_storage bytes = {};
  socklen_t size = 0;
};

// The addresses of the host, without a port. kNotFound when it has none, with the system's words;
// kTimeout when nobody said in time.
Result<std::vector<SocketAddress>> look_up(const std::string& host,
                                           std::chrono::milliseconds patience);

// Connects and closes. kUnavailable when nothing listens there, kTimeout when nothing was heard.
Result<void> try_port(SocketAddress address, int port, std::chrono::milliseconds patience);

// The same for a socket that is a file.
Result<void> try_socket_file(const std::string& path, std::chrono::milliseconds patience);

}  // namespace sweepd::agent
