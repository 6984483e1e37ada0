// The doors over ZeroMQ, and the signals that ask the daemon to stop.
#include "daemon/socket_doors.h"

#include "base/check.h"
#include "base/limits.h"
#include "daemon/lock_file.h"

#include <fmt/format.h>

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::daemon {

namespace {

constexpr std::string_view kIpc = "ipc://";
// Of one agent: a burst of orders after it came back. Of one client: it asks one thing at a time.
constexpr int kControlMessages = 4096;
constexpr int kClientMessages = 100;

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_signals();
  SWEEPD_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  descriptor_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  SWEEPD_CHECK(descriptor_ >= 0);
}

StopSignals::~StopSignals() {
  close(descriptor_);
}

bool StopSignals::arrived() {
  signalfd_siginfo info{};
  arrived_ = arrived_ || read(descriptor_, &info, sizeof(info)) == sizeof(info);
  return arrived_;
}

Result<blobs::File> claim_endpoint(const wire::Endpoint& endpoint) {
  const std::string text = endpoint.text();
  if (!text.starts_with(kIpc)) {
    return blobs::File();
  }
  const std::string folder = text.substr(kIpc.size());
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  if (error) {
    return Error{
        Errc::kPermissionDenied,
        fmt::format("cannot make the folder {} to listen in: {}", folder, error.message())};
  }
  // Whoever can open the sockets can do everything.
  if (made && chmod(folder.c_str(), S_IRWXU) != 0) {
    return Error{Errc::kPermissionDenied, fmt::format("cannot protect the folder {}", folder)};
  }
  SWEEPD_TRY(LockFile lock, claim_lock(folder + "/lock"));
  if (!lock.file) {
    return Error{Errc::kUnavailable,
                 fmt::format("another sweepd (pid {}) is listening in {}: stop it, or choose "
                             "another folder with --listen",
                             lock.holder,
                             folder)};
  }
  return std::move(lock.file);
}

SocketDoors::SocketDoors(blobs::File lock,
                         wire::Router control,
                         wire::Router client,
                         StopSignals& signals)
    : lock_(std::move(lock)),
      control_(std::move(control)),
      client_(std::move(client)),
      signals_(&signals) {}

Result<SocketDoors> SocketDoors::open(wire::Context& context,
                                      const wire::Endpoint& endpoint,
                                      StopSignals& signals) {
  using wire::Door;
  using wire::Router;
  SWEEPD_TRY_VOID(endpoint.check_local());
  SWEEPD_TRY(blobs::File lock, claim_endpoint(endpoint));
  SWEEPD_TRY(Router control,
             Router::bind(context,
                          endpoint.address(Door::kControl),
                          {limits::kControlMessageBytesMax, kControlMessages}));
  SWEEPD_TRY(Router client,
             Router::bind(context,
                          endpoint.address(Door::kClient),
                          {limits::kClientMessageBytesMax, kClientMessages}));
  return SocketDoors(std::move(lock), std::move(control), std::move(client), signals);
}

wire::Router& SocketDoors::router(wire::Door door) {
  SWEEPD_CHECK(door != wire::Door::kBulk);
  return door == wire::Door::kControl ? control_ : client_;
}

std::optional<wire::Incoming> SocketDoors::receive(wire::Door door) {
  return router(door).receive();
}

wire::Sent SocketDoors::send(wire::Door door, const std::string& peer, std::string_view bytes) {
  return router(door).send(peer, bytes);
}

void SocketDoors::wait(Duration timeout) {
  std::array<wire::PollItem, 3> items{};
  items[0].router = &control_;
  items[1].router = &client_;
  items[2].fd = signals_->descriptor();
  wire::poll(items, std::chrono::milliseconds(timeout.us / 1000));
}

}  // namespace sweepd::daemon
