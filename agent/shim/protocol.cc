// What the agent and the shim of a slot say to each other.
#include "agent/shim/protocol.h"

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sweepd::agent::shim {

namespace {

void put(std::string& out, std::uint32_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);  // both sides run on one machine
  out.append(bytes, sizeof number);
}

void put(std::string& out, const std::string& text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

void put(std::string& out, const std::vector<std::string>& texts) {
  put(out, static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) {
    put(out, text);
  }
}

// Reads what `put` wrote; after the first thing that is not there everything is empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint32_t number() {
    std::uint32_t value = 0;
    if (take(sizeof value)) {
      std::memcpy(&value, taken_.data(), sizeof value);
    }
    return value;
  }

  std::string text() { return take(number()) ? std::string(taken_) : std::string(); }

  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (std::uint32_t left = number(); left > 0 && whole_; --left) {
      out.push_back(text());
    }
    return out;
  }

  bool done() const { return whole_ && bytes_.empty(); }

 private:
  bool take(std::size_t size) {
    whole_ = whole_ && size <= bytes_.size();
    if (whole_) {
      taken_ = bytes_.substr(0, size);
      bytes_.remove_prefix(size);
    }
    return whole_;
  }

  std::string_view bytes_;
  std::string_view taken_;
  bool whole_ = true;
};

Received receive_packet(int socket, msghdr& header, std::size_t size) {
  const ssize_t got = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return Received::kNothing;
  }
  return got == static_cast<ssize_t>(size) ? Received::kMessage : Received::kGone;
}

}  // namespace

std::string encode(const RunRequest& request) {
  std::string out;
  put(out, request.argv);
  put(out, request.env);
  put(out, request.cwd);
  put(out, request.stdout_path);
  put(out, request.stderr_path);
  put(out, static_cast<std::uint32_t>(request.nice));
  put(out, request.leftover_grace_ms);
  return out;
}

std::optional<RunRequest> decode(std::string_view bytes) {
  Reader reader(bytes);
  RunRequest request;
  request.argv = reader.texts();
  request.env = reader.texts();
  request.cwd = reader.text();
  request.stdout_path = reader.text();
  request.stderr_path = reader.text();
  request.nice = static_cast<std::int32_t>(reader.number());
  request.leftover_grace_ms = reader.number();
  return reader.done() ? std::optional(std::move(request)) : std::nullopt;
}

Notice notice(NoticeKind kind, std::int32_t a, std::int32_t b, std::string_view text) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  Notice out{
      kind, a, b, static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000, {}};
  text.copy(out.text, std::min(text.size(), sizeof out.text - 1));
  return out;
}

bool send(int socket, const Order& order, int attached_fd) {
  Order copy = order;
  iovec part{&copy, sizeof copy};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (attached_fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* attachment = CMSG_FIRSTHDR(&header);
    attachment->cmsg_level = SOL_SOCKET;
    attachment->cmsg_type = SCM_RIGHTS;
    attachment->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(attachment), &attached_fd, sizeof attached_fd);
  }
  return ::sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sizeof copy);
}

bool send(int socket, const Notice& notice) {
  return ::send(socket, &notice, sizeof notice, MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sizeof notice);
}

Received receive(int socket, ReceivedOrder& order) {
  order = {};
  iovec part{&order.order, sizeof order.order};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const Received received = receive_packet(socket, header, sizeof order.order);
  const cmsghdr* attachment = received == Received::kMessage ? CMSG_FIRSTHDR(&header) : nullptr;
  if (attachment != nullptr && attachment->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&order.attached_fd, CMSG_DATA(attachment), sizeof order.attached_fd);
  }
  return received;
}

Received receive(int socket, Notice& notice) {
  iovec part{&notice, sizeof notice};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  const Received received = receive_packet(socket, header, sizeof notice);
  notice.text[sizeof notice.text - 1] = '\0';
  return received;
}

}  // namespace sweepd::agent::shim
