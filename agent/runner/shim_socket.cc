// The sockets between agent and shims.
#include "agent/runner/shim_socket.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sweepd::agent {

namespace {

// An address holds 107 characters, and people have long home folders: the folder is opened and the
// name goes through /proc, which is short.
struct Place {
  Fd folder;
  sockaddr_un address{};
};

Place place_of(const std::string& path) {
  const std::filesystem::path whole(path);
  Place place;
  place.folder = Fd(::open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  place.address.sun_family = AF_UNIX;
  const std::string name =
      fmt::format("/proc/self/fd/{}/{}", place.folder.get(), whole.filename().string());
  name.copy(place.address.sun_path, sizeof place.address.sun_path - 1);
  return place;
}

Fd new_socket() {
  return Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Fd take_lock(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    file.reset();
  }
  return file;
}

Result<Fd> listen_at(const std::string& path) {
  ::unlink(path.c_str());
  Fd listening = new_socket();
  const Place place = place_of(path);
  const auto* address =
      reinterpret_cast<const sockaddr*>(&place.address);  // NOLINT: as bind takes it
  if (!listening || ::bind(listening.get(), address, sizeof place.address) != 0 ||
      ::listen(listening.get(), 4) != 0) {
    return Error{Errc::kUnavailable,
                 fmt::format("cannot listen at {}: {}", path, std::strerror(errno))};
  }
  return listening;
}

Fd connect_to(const std::string& path) {
  Fd connection = new_socket();
  const Place place = place_of(path);
  const auto* address =
      reinterpret_cast<const sockaddr*>(&place.address);  // NOLINT: as bind takes it
  if (connection && ::connect(connection.get(), address, sizeof place.address) != 0) {
    connection.reset();
  }
  return connection;
}

pid_t peer_of(const Fd& connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer.pid;
}

}  // namespace sweepd::agent
