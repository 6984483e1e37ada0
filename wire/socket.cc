// ZeroMQ sockets with every option of the design set before they bind or connect.
#include "wire/socket.h"

#include <fmt/format.h>
#include <zmq.hpp>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sweepd::wire {

struct Context::Impl {
  zmq::context_t context{1};
};

Context::Context() : impl_(std::make_unique<Impl>()) {}

Context::~Context() {
  impl_->context.shutdown();
}

struct Router::Impl {
  zmq::socket_t socket;
};

struct Dealer::Impl {
  zmq::socket_t socket;
};

namespace {

// A peer that floods a socket with messages of the wrong shape gets at most so many looks a turn.
constexpr int kMalformedPerTurn = 64;

int milliseconds_of(std::chrono::milliseconds span) {
  return static_cast<int>(span.count());
}

void set_common_options(zmq::socket_t& socket,
                        const std::string& address,
                        const SocketOptions& options) {
  using std::chrono::milliseconds;
  socket.set(zmq::sockopt::linger, 0);  // what matters is repeated until acknowledged
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(options.message_bytes_max));
  socket.set(zmq::sockopt::sndhwm, options.high_water_messages);
  socket.set(zmq::sockopt::rcvhwm, options.high_water_messages);
  socket.set(zmq::sockopt::handshake_ivl, milliseconds_of(milliseconds(3000)));
  // The other side's kernel may be gone without a FIN: only these notice it.
  socket.set(zmq::sockopt::heartbeat_ivl, milliseconds_of(milliseconds(2000)));
  socket.set(zmq::sockopt::heartbeat_timeout, milliseconds_of(milliseconds(6000)));
  socket.set(zmq::sockopt::heartbeat_ttl, milliseconds_of(milliseconds(10000)));
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::backlog, 1024);  // all agents come back at once after a restart
  socket.set(zmq::sockopt::ipv6, address.find('[') != std::string::npos);
}

bool has_more(const zmq::message_t& part) {
  return part.more();
}

void skip_rest(zmq::socket_t& socket) {
  zmq::message_t part;
  do {
    if (!socket.recv(part, zmq::recv_flags::dontwait)) {
      return;
    }
  } while (has_more(part));
}

// The one frame that a message of ours has; nothing when a peer sent more, which is thrown away.
std::optional<std::string> read_body(zmq::socket_t& socket, zmq::message_t& part) {
  if (!has_more(part)) {
    return std::string(part.data<char>(), part.size());
  }
  skip_rest(socket);
  return std::nullopt;
}

bool readable(zmq::socket_t& socket) {
  return (socket.get(zmq::sockopt::events) & ZMQ_POLLIN) != 0;
}

}  // namespace

Router::Router(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<Router> Router::bind(Context& context,
                            const std::string& address,
                            const SocketOptions& options) {
  try {
    auto impl = std::make_unique<Impl>();
    impl->socket = zmq::socket_t(context.impl_->context, zmq::socket_type::router);
    set_common_options(impl->socket, address, options);
    // Without it a full or vanished peer swallows messages and every send says yes.
    impl->socket.set(zmq::sockopt::router_mandatory, true);
    impl->socket.set(zmq::sockopt::router_handover, false);
    impl->socket.bind(address);
    return Router(std::move(impl));
  } catch (const zmq::error_t& error) {
    return Error{Errc::kUnavailable, fmt::format("cannot listen on {}: {}", address, error.what())};
  }
}

std::optional<Incoming> Router::receive() {
  zmq::socket_t& socket = impl_->socket;
  try {
    for (int turn = 0; turn < kMalformedPerTurn; ++turn) {
      zmq::message_t peer;
      if (!socket.recv(peer, zmq::recv_flags::dontwait)) {
        return std::nullopt;
      }
      zmq::message_t part;
      if (!has_more(peer) || !socket.recv(part, zmq::recv_flags::dontwait)) {
        continue;
      }
      if (std::optional<std::string> body = read_body(socket, part)) {
        return Incoming{std::string(peer.data<char>(), peer.size()), *std::move(body)};
      }
    }
  } catch (const zmq::error_t&) {
    // A signal, or the context is being shut down: nothing was received.
  }
  return std::nullopt;
}

Sent Router::send(const std::string& peer, std::string_view bytes) {
  try {
    const auto head = zmq::send_flags::sndmore | zmq::send_flags::dontwait;
    if (!impl_->socket.send(zmq::buffer(peer), head)) {
      return Sent::kBusy;
    }
    return impl_->socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait) ? Sent::kYes
                                                                             : Sent::kBusy;
  } catch (const zmq::error_t& error) {
    return error.num() == EHOSTUNREACH ? Sent::kGone : Sent::kBusy;
  }
}

Dealer::Dealer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Dealer::~Dealer() = default;
Dealer::Dealer(Dealer&&) noexcept = default;
Dealer& Dealer::operator=(Dealer&&) noexcept = default;

Result<Dealer> Dealer::connect(Context& context,
                               const std::string& address,
                               const SocketOptions& options) {
  try {
    auto impl = std::make_unique<Impl>();
    impl->socket = zmq::socket_t(context.impl_->context, zmq::socket_type::dealer);
    set_common_options(impl->socket, address, options);
    // A queue that fills while nobody is there would be delivered to a daemon it was not meant for.
    impl->socket.set(zmq::sockopt::immediate, true);
    impl->socket.set(zmq::sockopt::reconnect_ivl, 100);
    impl->socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
    impl->socket.connect(address);
    return Dealer(std::move(impl));
  } catch (const zmq::error_t& error) {
    return Error{Errc::kUnavailable,
                 fmt::format("cannot connect to {}: {}", address, error.what())};
  }
}

std::optional<std::string> Dealer::receive() {
  try {
    for (int turn = 0; turn < kMalformedPerTurn; ++turn) {
      zmq::message_t part;
      if (!impl_->socket.recv(part, zmq::recv_flags::dontwait)) {
        return std::nullopt;
      }
      if (std::optional<std::string> body = read_body(impl_->socket, part)) {
        return body;
      }
    }
  } catch (const zmq::error_t&) {
    // A signal, or the context is being shut down: nothing was received.
  }
  return std::nullopt;
}

Sent Dealer::send(std::string_view bytes) {
  try {
    return impl_->socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait) ? Sent::kYes
                                                                             : Sent::kBusy;
  } catch (const zmq::error_t&) {
    return Sent::kBusy;
  }
}

struct PollAccess {
  static zmq::socket_t* socket(const PollItem& item) {
    if (item.router != nullptr) {
      return &item.router->impl_->socket;
    }
    return item.dealer != nullptr ? &item.dealer->impl_->socket : nullptr;
  }
};

namespace {

// Whether a socket has something to read. Asking also makes ZeroMQ take note of what its threads
// have done, without which its descriptor is not signalled again.
bool mark_readable_sockets(std::span<PollItem> items) {
  bool any = false;
  for (PollItem& item : items) {
    if (zmq::socket_t* socket = PollAccess::socket(item)) {
      item.ready = readable(*socket);
      any = any || item.ready;
    }
  }
  return any;
}

std::vector<pollfd> descriptors_of(std::span<const PollItem> items) {
  std::vector<pollfd> descriptors;
  descriptors.reserve(items.size());
  for (const PollItem& item : items) {
    zmq::socket_t* socket = PollAccess::socket(item);
    const int fd = socket != nullptr ? socket->get(zmq::sockopt::fd) : item.fd;
    descriptors.push_back({fd, POLLIN, 0});
  }
  return descriptors;
}

}  // namespace

void poll(std::span<PollItem> items, std::chrono::milliseconds timeout) {
  // Not zmq_poll: that of 4.3.4 misbehaves with many items.
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + timeout;
  for (PollItem& item : items) {
    item.ready = false;
  }
  try {
    std::vector<pollfd> descriptors = descriptors_of(items);
    bool any = mark_readable_sockets(items);
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
      const int wait = any ? 0 : timeout.count() < 0 ? -1 : std::max(0, milliseconds_of(left));
      const int signalled = ::poll(descriptors.data(), descriptors.size(), wait);
      if (signalled < 0) {
        return;  // a signal
      }
      any = mark_readable_sockets(items);
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (PollAccess::socket(items[i]) == nullptr) {
          items[i].ready = descriptors[i].revents != 0;
          any = any || items[i].ready;
        }
      }
      // A descriptor of ZeroMQ may be signalled for nothing that can be read.
      if (any || signalled == 0) {
        return;
      }
    }
  } catch (const zmq::error_t&) {
    // A signal, or the context is being shut down: nothing is ready.
  }
}

}  // namespace sweepd::wire
