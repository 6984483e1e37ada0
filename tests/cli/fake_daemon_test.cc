// The test double itself, and the client against it.
#include "tests/cli/fake_daemon.h"

#include "base/limits.h"
#include "cli/client.h"
#include "wire/protocol.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>

namespace sweepd::cli {

namespace {

std::string fresh_folder() {
  static std::atomic<int> next{0};
  const std::string folder = fmt::format("/tmp/sweepctl-test-{}-{}", ::getpid(), ++next);
  std::filesystem::create_directories(folder);
  return folder;
}

wire::Router bind_router(wire::Context& context, const std::string& endpoint) {
  wire::SocketOptions options;
  options.message_bytes_max = limits::kClientMessageBytesMax;
  auto router = wire::Router::bind(
      context, wire::Endpoint::parse(endpoint)->address(wire::Door::kClient), options);
  REQUIRE(router.ok());
  return std::move(*router);
}

}  // namespace

FakeDaemon::FakeDaemon(Answer answer)
    : answer_(std::move(answer)),
      folder_(fresh_folder()),
      endpoint_("ipc://" + folder_),
      router_(bind_router(context_, endpoint_)),
      thread_([this] { serve(); }) {}

FakeDaemon::~FakeDaemon() {
  ending_ = true;
  thread_.join();
  std::filesystem::remove_all(folder_);
}

std::vector<pb::ClientRequest> FakeDaemon::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeDaemon::serve() {
  while (!ending_) {
    std::array<wire::PollItem, 1> items{{{&router_, nullptr, -1, false}}};
    wire::poll(items, std::chrono::milliseconds(20));
    while (const auto incoming = router_.receive()) {
      pb::ClientRequest request;
      pb::ClientReply reply;
      if (!wire::decode(incoming->bytes, limits::kClientMessageBytesMax, request).ok()) {
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      if (ignore_ > 0) {
        --ignore_;
        continue;
      }
      reply.set_id_high(request.id_high());
      reply.set_id_low(request.id_low());
      answer_(request, reply);
      router_.send(incoming->peer, wire::encode(reply));
    }
  }
}

CliRun run_line(std::vector<std::string> arguments,
                const std::string& server,
                const std::string& input) {
  if (!server.empty()) {
    arguments.insert(arguments.begin(), {"--server", server});
  }
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err, Terminal{}, Terminal{}};
  const int code = run_cli(arguments, console);
  return {code, out.str(), err.str()};
}

TEST_CASE("client: a dead endpoint is told in less than two seconds, with exit code 3") {
  const auto begin = std::chrono::steady_clock::now();
  const CliRun run = run_line({"ls"}, "ipc:///tmp/sweepctl-nobody-here");
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
  CHECK(run.code == 3);
  CHECK(run.out.empty());
  CHECK(run.err.find("no daemon answers at ipc:///tmp/sweepctl-nobody-here") != std::string::npos);
  CHECK(run.err.find("start one with `sweepd --listen ") != std::string::npos);
}

TEST_CASE("client: a lost request is repeated under the same identity") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply& reply) {
    reply.mutable_server()->set_version("9.9");
  });
  daemon.ignore_first(1);
  const CliRun run = run_line({"server", "info", "--json=version"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out == "{\"version\":\"9.9\"}\n");
  const std::vector<pb::ClientRequest> requests = daemon.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].id_high() == requests[1].id_high());
  CHECK(requests[0].id_low() == requests[1].id_low());
  CHECK(requests[0].protocol() == wire::kProtocolVersion);
}

TEST_CASE("client: two questions have different identities") {
  FakeDaemon daemon(
      [](const pb::ClientRequest&, pb::ClientReply& reply) { reply.mutable_server(); });
  run_line({"server", "info"}, daemon.endpoint());
  run_line({"server", "info"}, daemon.endpoint());
  const std::vector<pb::ClientRequest> requests = daemon.requests();
  REQUIRE(requests.size() == 2);
  CHECK((requests[0].id_high() != requests[1].id_high() ||
         requests[0].id_low() != requests[1].id_low()));
}

TEST_CASE("client: a silent daemon is a timeout, told apart from an absent one") {
  FakeDaemon daemon([](const pb::ClientRequest&, pb::ClientReply&) {});
  daemon.ignore_first(1000);
  Client::Patience patience;
  patience.to_answer = std::chrono::milliseconds(300);
  auto client = Client::connect(*wire::Endpoint::parse(daemon.endpoint()), patience);
  REQUIRE(client.ok());
  const auto reply = client->ask(pb::ClientRequest());
  REQUIRE(!reply.ok());
  CHECK(reply.error().code == Errc::kTimeout);
}

TEST_CASE("client: a refusal of the daemon becomes its exit code, its sentence the message") {
  struct Case {
    Errc code;
    int exit;
  };

  for (const Case& each : {Case{Errc::kNotFound, 5},
                           Case{Errc::kWrongState, 6},
                           Case{Errc::kPermissionDenied, 4},
                           Case{Errc::kImpossible, 9},
                           Case{Errc::kCorrupt, 1},
                           Case{Errc::kInvalidArgument, 2}}) {
    FakeDaemon daemon([&each](const pb::ClientRequest&, pb::ClientReply& reply) {
      reply.set_code(static_cast<int>(each.code));
      reply.set_message("no sweep 12");
    });
    const CliRun run = run_line({"show", "12"}, daemon.endpoint());
    CHECK(run.code == each.exit);
    CHECK(run.err == "error: no sweep 12\n");
    CHECK(run.out.empty());
  }
}

}  // namespace sweepd::cli
