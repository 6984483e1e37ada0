// Sockets over a real transport: delivery, limits, full queues, vanished peers, poll.
#include "wire/socket.h"

#include "wire/endpoint.h"

#include <doctest/doctest.h>

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>

using namespace sweepd;
using namespace std::chrono_literals;
using wire::Context;
using wire::Dealer;
using wire::Incoming;
using wire::PollItem;
using wire::Router;
using wire::Sent;

namespace {

// A folder for ipc sockets that goes away with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/sweepd-socket-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }

  ~Folder() { std::filesystem::remove_all(path_); }

  std::string address() const { return "ipc://" + path_ + "/door"; }

 private:
  std::string path_;
};

wire::SocketOptions small() {
  return {.message_bytes_max = 1000, .high_water_messages = 10};
}

template <typename Socket>
auto received(Socket& socket, std::chrono::milliseconds patience = 5000ms) {
  std::array<PollItem, 1> items{};
  if constexpr (std::is_same_v<Socket, Router>) {
    items[0].router = &socket;
  } else {
    items[0].dealer = &socket;
  }
  wire::poll(items, patience);
  return socket.receive();
}

// Sends once the connection stands.
void deliver(Dealer& dealer, std::string_view bytes) {
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (dealer.send(bytes) != Sent::kYes) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    usleep(1000);
  }
}

struct Pair {
  Folder folder;
  Context context;
  Router router = *Router::bind(context, folder.address(), small());
  Dealer dealer = *Dealer::connect(context, folder.address(), small());
};

}  // namespace

TEST_CASE("socket: a message and its answer arrive, empty ones too") {
  Pair pair;
  deliver(pair.dealer, "hello");
  const auto first = received(pair.router);
  REQUIRE(first.has_value());
  CHECK(first->bytes == "hello");
  CHECK(pair.router.send(first->peer, "") == Sent::kYes);
  CHECK(received(pair.dealer) == std::string());
  CHECK_FALSE(pair.router.receive().has_value());
  CHECK_FALSE(pair.dealer.receive().has_value());
}

TEST_CASE("socket: a peer that nobody has is gone") {
  Pair pair;
  CHECK(pair.router.send("nobody", "x") == Sent::kGone);
}

TEST_CASE("socket: a peer that left is gone, and a new connection has a new routing id") {
  Pair pair;
  deliver(pair.dealer, "a");
  const std::string before = received(pair.router)->peer;
  pair.dealer = *Dealer::connect(pair.context, pair.folder.address(), small());
  deliver(pair.dealer, "b");
  CHECK(received(pair.router)->peer != before);
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (pair.router.send(before, "x") != Sent::kGone) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    usleep(1000);
  }
}

TEST_CASE("socket: a full queue says busy and what was accepted arrives") {
  Pair pair;
  deliver(pair.dealer, "a");
  const std::string peer = received(pair.router)->peer;
  int accepted = 0;
  Sent last = Sent::kYes;
  while (accepted < 100'000 &&
         (last = pair.router.send(peer, std::string(900, 'x'))) == Sent::kYes) {
    ++accepted;
  }
  CHECK(last == Sent::kBusy);
  int arrived = 0;
  while (received(pair.dealer, 500ms)) {
    ++arrived;
  }
  CHECK(arrived == accepted);
}

TEST_CASE("socket: without a connection a dealer is busy") {
  Folder folder;
  Context context;
  Dealer dealer = *Dealer::connect(context, folder.address(), small());
  CHECK(dealer.send("x") == Sent::kBusy);
  CHECK_FALSE(dealer.receive().has_value());
}

TEST_CASE("socket: a message above the limit never reaches the receiver") {
  Pair pair;
  deliver(pair.dealer, "before");
  REQUIRE(received(pair.router)->bytes == "before");
  deliver(pair.dealer, std::string(1001, 'x'));
  CHECK_FALSE(received(pair.router, 300ms).has_value());
  deliver(pair.dealer, "after");  // over a new connection
  const auto after = received(pair.router);
  REQUIRE(after.has_value());
  CHECK(after->bytes == "after");
}

TEST_CASE("socket: a second router on an address is refused with the address") {
  Context context;
  const std::string address = "tcp://127.0.0.1:17761";
  const auto first = Router::bind(context, address, small());
  REQUIRE(first.ok());
  const auto second = Router::bind(context, address, small());
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == Errc::kUnavailable);
  CHECK(second.error().message.find(address) != std::string::npos);
}

TEST_CASE("socket: every door of an IPv6 loopback endpoint works") {
  Context context;
  const auto endpoint = wire::Endpoint::parse("tcp://[::1]:17764");
  const std::string address = endpoint->address(wire::Door::kClient);
  auto router = Router::bind(context, address, small());
  if (!router.ok()) {
    MESSAGE("no IPv6 loopback here: " << router.error().message);
    return;
  }
  Dealer dealer = *Dealer::connect(context, address, small());
  deliver(dealer, "six");
  CHECK(received(*router)->bytes == "six");
}

TEST_CASE("poll: waits for sockets and descriptors together and says which are ready") {
  Pair pair;
  std::array<int, 2> pipe_ends{};
  REQUIRE(pipe(pipe_ends.data()) == 0);
  std::array<PollItem, 2> items{};
  items[0].router = &pair.router;
  items[1].fd = pipe_ends[0];

  const auto begin = std::chrono::steady_clock::now();
  wire::poll(items, 50ms);
  CHECK(std::chrono::steady_clock::now() - begin >= 50ms);
  CHECK_FALSE(items[0].ready);
  CHECK_FALSE(items[1].ready);

  REQUIRE(write(pipe_ends[1], "x", 1) == 1);
  wire::poll(items, -1ms);
  CHECK_FALSE(items[0].ready);
  CHECK(items[1].ready);

  deliver(pair.dealer, "hello");
  items[1].fd = -1;
  wire::poll(items, 5000ms);
  CHECK(items[0].ready);
  CHECK_FALSE(items[1].ready);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST_CASE("poll: what is left unread is seen again without waiting") {
  Pair pair;
  deliver(pair.dealer, "one");
  deliver(pair.dealer, "two");
  REQUIRE(received(pair.router)->bytes == "one");
  CHECK(received(pair.router)->bytes == "two");
}
