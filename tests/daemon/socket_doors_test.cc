// The doors over real sockets, and the signals that end the daemon.
#include "daemon/socket_doors.h"

#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>

using namespace sweepd;
using daemon::SocketDoors;
using daemon::StopSignals;
using daemon::test::Folder;

TEST_CASE("socket doors: messages come in by their door and answers find their way back") {
  const Folder folder;
  StopSignals signals;
  wire::Context context;
  const auto endpoint = *wire::Endpoint::parse("ipc://" + folder.path() + "/run/doors");
  SocketDoors doors = *SocketDoors::open(context, endpoint, signals);

  struct stat info {};

  REQUIRE(stat((folder.path() + "/run/doors").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);

  for (const wire::Door door : {wire::Door::kControl, wire::Door::kClient}) {
    wire::Dealer dealer = *wire::Dealer::connect(context, endpoint.address(door), {1000, 10});
    while (dealer.send("hello") != wire::Sent::kYes) {
      usleep(1000);
    }
    std::optional<wire::Incoming> message;
    for (int i = 0; i < 50 && !message; ++i) {
      doors.wait(milliseconds(100));
      message = doors.receive(door);
    }
    REQUIRE(message.has_value());
    CHECK(message->bytes == "hello");
    CHECK(doors.send(door, message->peer, "welcome") == wire::Sent::kYes);
    std::array<wire::PollItem, 1> items{};
    items[0].dealer = &dealer;
    wire::poll(items, std::chrono::milliseconds(5000));
    CHECK(dealer.receive() == "welcome");
  }
  CHECK_FALSE(doors.receive(wire::Door::kControl).has_value());
  CHECK_FALSE(doors.receive(wire::Door::kClient).has_value());
}

TEST_CASE("socket doors: a signal ends the wait at once and is remembered") {
  const Folder folder;
  StopSignals signals;
  wire::Context context;
  SocketDoors doors =
      *SocketDoors::open(context, *wire::Endpoint::parse("ipc://" + folder.path()), signals);
  CHECK_FALSE(doors.stopping());
  // To this thread: those that other tests have left behind do not block signals.
  REQUIRE(pthread_kill(pthread_self(), SIGTERM) == 0);
  const auto begin = std::chrono::steady_clock::now();
  doors.wait(seconds(30));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  CHECK(doors.stopping());
  CHECK(doors.stopping());
}

TEST_CASE("socket doors: an endpoint that others can reach is never bound") {
  StopSignals signals;
  wire::Context context;
  const auto doors =
      SocketDoors::open(context, *wire::Endpoint::parse("tcp://0.0.0.0:17799"), signals);
  REQUIRE_FALSE(doors.ok());
  CHECK(doors.error().code == Errc::kInvalidArgument);
}

TEST_CASE("socket doors: a port in use is refused with its address") {
  StopSignals signals;
  wire::Context context;
  const auto endpoint = *wire::Endpoint::parse("tcp://127.0.0.1:17791");
  const auto first = SocketDoors::open(context, endpoint, signals);
  REQUIRE(first.ok());
  const auto second = SocketDoors::open(context, endpoint, signals);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == Errc::kUnavailable);
  CHECK(second.error().message.find("tcp://127.0.0.1:17791") != std::string::npos);
}

TEST_CASE("socket doors: a folder in use is refused with who uses it, and stays with the first") {
  const Folder folder;
  StopSignals signals;
  wire::Context context;
  const auto endpoint = *wire::Endpoint::parse("ipc://" + folder.path());
  std::optional<SocketDoors> first = *SocketDoors::open(context, endpoint, signals);
  const auto second = SocketDoors::open(context, endpoint, signals);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == Errc::kUnavailable);
  CHECK(second.error().message == "another sweepd (pid " + std::to_string(getpid()) +
                                      ") is listening in " + folder.path() +
                                      ": stop it, or choose another folder with --listen");

  wire::Dealer dealer =
      *wire::Dealer::connect(context, endpoint.address(wire::Door::kClient), {1000, 10});
  while (dealer.send("hello") != wire::Sent::kYes) {
    usleep(1000);
  }
  std::optional<wire::Incoming> message;
  for (int i = 0; i < 50 && !message; ++i) {
    first->wait(milliseconds(100));
    message = first->receive(wire::Door::kClient);
  }
  CHECK(message.has_value());

  first.reset();
  CHECK(SocketDoors::open(context, endpoint, signals).ok());
}
