// Whether a machine and its ports can be reached.
#include "agent/doctor/reach.h"

#include "agent/runner/shim_socket.h"

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

namespace sweepd::agent {

namespace {

using std::chrono::milliseconds;

// A question to the name service; the library works on it on a thread of its own.
struct Lookup {
  explicit Lookup(std::string name) : host(std::move(name)) {
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    question.ar_name = host.c_str();
    question.ar_request = &hints;
  }

  ~Lookup() {
    if (question.ar_result != nullptr) {
      ::freeaddrinfo(question.ar_result);
    }
  }

  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  std::string host;
  addrinfo hints = {};
  gaicb question = {};
};

std::vector<SocketAddress> addresses_of(const addrinfo* list) {
  std::vector<SocketAddress> out;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    SocketAddress& address = out.emplace_back();
    address.size = each->ai_addrlen;
    std::memcpy(
        &address.bytes, each->ai_addr, std::min<std::size_t>(address.size, sizeof address.bytes));
  }
  return out;
}

// What a connection failed with: at once, or later by itself; none: it stands.
std::optional<int> connect_error(const SocketAddress& address, milliseconds patience) {
  const Fd socket(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* where =
      reinterpret_cast<const sockaddr*>(&address.bytes);  // NOLINT: the system's way
  if (!socket) {
    return errno;
  }
  if (::connect(socket.get(), where, address.size) == 0) {
    return std::nullopt;
  }
  if (errno != EINPROGRESS) {
    return errno;
  }
  pollfd done{socket.get(), POLLOUT, 0};
  if (::poll(&done, 1, static_cast<int>(patience.count())) != 1) {
    return ETIMEDOUT;
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? std::nullopt : std::optional(error);
}

Result<void> try_connect(const SocketAddress& address, milliseconds patience) {
  const std::optional<int> error = connect_error(address, patience);
  if (!error) {
    return {};
  }
  if (*error == ETIMEDOUT) {
    return Error{Errc::kTimeout,
                 fmt::format("nothing was heard for {} s", patience.count() / 1000)};
  }
  return Error{Errc::kUnavailable, std::generic_category().message(*error)};
}

}  // namespace

Result<std::vector<SocketAddress>> look_up(const std::string& host, milliseconds patience) {
  auto lookup = std::make_unique<Lookup>(host);
  gaicb* list[] = {&lookup->question};
  int code = ::getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr);
  if (code == 0) {
    const timespec limit{patience.count() / 1000, patience.count() % 1000 * 1'000'000};
    ::gai_suspend(list, 1, &limit);
    code = ::gai_error(&lookup->question);
  }
  if (code == EAI_INPROGRESS) {
    if (::gai_cancel(&lookup->question) != EAI_CANCELED) {
      lookup.release();  // NOLINT(bugprone-unused-return-value): the thread still writes to it
    }
    return Error{Errc::kTimeout,
                 fmt::format("the name service did not answer in {} s", patience.count() / 1000)};
  }
  if (code != 0) {
    return Error{Errc::kNotFound, ::gai_strerror(code)};
  }
  return addresses_of(lookup->question.ar_result);
}

Result<void> try_port(SocketAddress address, int port, milliseconds patience) {
  const auto number = htons(static_cast<std::uint16_t>(port));
  if (address.bytes.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&address.bytes)->sin6_port = number;  // NOLINT
  } else {
    reinterpret_cast<sockaddr_in*>(&address.bytes)->sin_port = number;  // NOLINT
  }
  return try_connect(address, patience);
}

Result<void> try_socket_file(const std::string& path, milliseconds patience) {
  sockaddr_un file{};
  if (path.size() >= sizeof file.sun_path) {
    return Error{Errc::kInvalidArgument, fmt::format("the path {} is too long", path)};
  }
  file.sun_family = AF_UNIX;
  std::memcpy(file.sun_path, path.c_str(), path.size() + 1);
  SocketAddress address;
  address.size = sizeof file;
  std::memcpy(&address.bytes, &file, sizeof file);
  return try_connect(address, patience);
}

}  // namespace sweepd::agent
