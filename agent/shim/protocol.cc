// How packets travel between the agent and the shim of a slot.
#include "agent/shim/protocol.h"

#include "base/clocks.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sweepd::agent::shim {

namespace {

constexpr std::size_t kPacketBytesMax = 64 * 1024;

struct Packet {
  Received received = Received::kNothing;
  std::size_t size = 0;
  int attached_fd = -1;
};

Packet receive_packet(int socket, std::array<char, kPacketBytesMax>& bytes) {
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t got = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && errno == ECONNRESET) {
    // The other side left without having read everything. That is told before what it sent last,
    // and only once.
    got = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return {};
  }
  // An empty packet is the end of the connection: no message is empty.
  Packet packet{got > 0 ? Received::kMessage : Received::kGone,
                static_cast<std::size_t>(got > 0 ? got : 0)};
  const cmsghdr* attachment = got > 0 ? CMSG_FIRSTHDR(&header) : nullptr;
  if (attachment != nullptr && attachment->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&packet.attached_fd, CMSG_DATA(attachment), sizeof packet.attached_fd);
  }
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    packet.received = Received::kGone;
  }
  return packet;
}

bool send_packet(int socket, const google::protobuf::MessageLite& message, int attached_fd) {
  std::string bytes = message.SerializeAsString();
  iovec part{bytes.data(), bytes.size()};
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
         static_cast<ssize_t>(bytes.size());
}

}  // namespace

shimpb::Notice notice_now() {
  shimpb::Notice notice;
  notice.set_wall_us(read_clocks().wall.us);
  return notice;
}

bool send(int socket, const shimpb::Order& order, int attached_fd) {
  return send_packet(socket, order, attached_fd);
}

bool send(int socket, const shimpb::Notice& notice) {
  return send_packet(socket, notice, -1);
}

Received receive(int socket, ReceivedOrder& order) {
  std::array<char, kPacketBytesMax> bytes;
  const Packet packet = receive_packet(socket, bytes);
  order.attached_fd = packet.attached_fd;
  if (packet.received == Received::kMessage &&
      !order.order.ParseFromArray(bytes.data(), static_cast<int>(packet.size))) {
    return Received::kGone;
  }
  return packet.received;
}

Received receive(int socket, shimpb::Notice& notice) {
  std::array<char, kPacketBytesMax> bytes;
  const Packet packet = receive_packet(socket, bytes);
  if (packet.attached_fd >= 0) {
    ::close(packet.attached_fd);
  }
  if (packet.received == Received::kMessage &&
      !notice.ParseFromArray(bytes.data(), static_cast<int>(packet.size))) {
    return Received::kGone;
  }
  return packet.received;
}

std::optional<shimpb::Run> read_run(int fd) {
  struct stat status {};

  if (fd < 0 || ::fstat(fd, &status) != 0) {
    return std::nullopt;
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
  shimpb::Run run;
  const bool whole = got == status.st_size && got > 0 && run.ParseFromString(bytes);
  return whole ? std::optional(std::move(run)) : std::nullopt;
}

}  // namespace sweepd::agent::shim
