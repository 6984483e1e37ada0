// The checks of the way to the daemon, and of the daemon at its end.
#include "agent/doctor/daemon_checks.h"

#include "agent/doctor/reach.h"
#include "base/clock_difference.h"
#include "base/clocks.h"
#include "base/limits.h"
#include "blobs/bulk_session.h"
#include "wire/endpoint.h"
#include "wire/protocol.h"
#include "wire/socket.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace sweepd::agent {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using wire::Door;
using wire::Endpoint;

constexpr milliseconds kPatience{3000};
constexpr milliseconds kRetryPeriod{10};  // connecting gives no signal to wait for

struct NamedDoor {
  Door door;
  Check port;
};

constexpr std::array<NamedDoor, 3> kDoors = {{{Door::kControl, Check::kControlPort},
                                              {Door::kBulk, Check::kBulkPort},
                                              {Door::kClient, Check::kClientPort}}};

bool failed(const Finding& finding) {
  return finding.outcome == Outcome::kFailed;
}

Finding not_tried(Check check) {
  return {check, Outcome::kNotTried, "what it needs failed before"};
}

// All checks of the daemon from that one on.
void skip_from(Check first, const Told& told) {
  for (int check = static_cast<int>(first); check <= static_cast<int>(Check::kClock); ++check) {
    told(not_tried(static_cast<Check>(check)));
  }
}

// ---- the way

Finding check_tunnel(const Endpoint& endpoint) {
  const Result<void> local = endpoint.check_local();
  return local.ok() ? Finding{Check::kTunnel,
                              Outcome::kOk,
                              "connections end on this machine, where a tunnel may begin"}
                    : Finding{Check::kTunnel,
                              Outcome::kFailed,
                              local.error().message,
                              "make that tunnel, and name its end on this machine with --server"};
}

Finding check_name(const Endpoint& endpoint, std::vector<SocketAddress>& addresses) {
  if (endpoint.host().empty()) {
    return {Check::kName, Outcome::kOk, "sockets that are files need none"};
  }
  Result<std::vector<SocketAddress>> found = look_up(endpoint.host(), kPatience);
  if (!found.ok()) {
    return {Check::kName,
            Outcome::kFailed,
            fmt::format("'{}' does not resolve: {}", endpoint.host(), found.error().message),
            "look at the spelling of --server, and at /etc/hosts and the name service"};
  }
  addresses = *std::move(found);
  return {Check::kName, Outcome::kOk, endpoint.host() + " resolves"};
}

Result<void> knock(const Endpoint& endpoint, Door door, const std::vector<SocketAddress>& hosts) {
  constexpr std::string_view kIpc = "ipc://";
  if (endpoint.host().empty()) {
    return try_socket_file(endpoint.address(door).substr(kIpc.size()), kPatience);
  }
  Result<void> last = Error{Errc::kNotFound, "the name has no address"};
  for (const SocketAddress& host : hosts) {
    last = try_port(host, endpoint.port(door), kPatience);
    if (last.ok() || last.error().code == Errc::kTimeout) {
      break;  // one that is silent has cost the time there is
    }
  }
  return last;
}

Finding check_port(const Endpoint& endpoint,
                   const NamedDoor& door,
                   const std::vector<SocketAddress>& hosts) {
  const std::string address = endpoint.address(door.door);
  const Result<void> reached = knock(endpoint, door.door, hosts);
  if (reached.ok()) {
    return {door.port, Outcome::kOk, address + " is open"};
  }
  const bool silent = reached.error().code == Errc::kTimeout;
  return {door.port,
          Outcome::kFailed,
          fmt::format("{} cannot be reached: {}", address, reached.error().message),
          silent
              ? "a firewall on the way may swallow it: all three ports have to be open"
              : "start sweepd there, or say where it listens with --server; through a tunnel all "
                "three ports have to be forwarded"};
}

// ---- the daemon

// The first answer at the door. kTimeout when there is none by then.
Result<std::string> ask(const std::string& address,
                        const wire::SocketOptions& options,
                        const std::string& question,
                        steady_clock::time_point end) {
  wire::Context context;
  SWEEPD_TRY(wire::Dealer dealer, wire::Dealer::connect(context, address, options));
  const std::chrono::duration<double> given = end - steady_clock::now();
  bool sent = false;
  while (steady_clock::now() < end) {
    sent = sent || dealer.send(question) == wire::Sent::kYes;
    if (std::optional<std::string> answer = dealer.receive()) {
      return *std::move(answer);
    }
    std::array<wire::PollItem, 1> items{{{.dealer = &dealer}}};
    wire::poll(items, kRetryPeriod);
  }
  return Error{Errc::kTimeout,
               fmt::format("{} is open, and no sweepd answered there in {:.1f} s",
                           address,
                           std::max(given.count(), 0.0))};
}

Error stranger(const std::string& address) {
  return {Errc::kUnexpected, fmt::format("what answers at {} is no sweepd's door", address)};
}

// A word of no session is answered with the question who that is.
Result<void> ask_control(const std::string& address, steady_clock::time_point end) {
  pb::AgentMessage question;
  question.mutable_heartbeat();
  SWEEPD_TRY(const std::string answer,
             ask(address, {limits::kControlMessageBytesMax, 10}, wire::encode(question), end));
  pb::DaemonMessage message;
  return wire::decode(answer, limits::kControlMessageBytesMax, message).ok() &&
                 message.has_who_are_you()
             ? Result<void>()
             : Result<void>(stranger(address));
}

// Which of no files are missing.
Result<void> ask_bulk(const std::string& address, steady_clock::time_point end) {
  pb::BulkRequest question;
  question.set_tag(1);
  question.mutable_has();
  SWEEPD_TRY(const std::string answer,
             ask(address, blobs::bulk_socket_options(), wire::encode(question), end));
  pb::BulkReply reply;
  return wire::decode(answer, limits::kBulkMessageBytesMax, reply).ok() && reply.has_missing()
             ? Result<void>()
             : Result<void>(stranger(address));
}

Result<pb::ServerDetail> ask_client(const std::string& address) {
  pb::ClientRequest question;
  question.set_id_high(static_cast<std::uint64_t>(::getpid()));
  question.set_id_low(static_cast<std::uint64_t>(read_clocks().wall.us));
  question.set_protocol(wire::kProtocolVersion);
  question.mutable_server_info();
  SWEEPD_TRY(const std::string answer,
             ask(address,
                 {limits::kClientMessageBytesMax, 10},
                 wire::encode(question),
                 steady_clock::now() + kPatience));
  pb::ClientReply reply;
  if (!wire::decode(answer, limits::kClientMessageBytesMax, reply).ok()) {
    return stranger(address);
  }
  if (reply.code() != 0) {
    return Error{static_cast<Errc>(reply.code()), reply.message()};
  }
  return reply.server();
}

Finding check_answers(const Endpoint& endpoint) {
  const auto end = steady_clock::now() + kPatience;  // of both: it is one check
  Result<void> answered = ask_control(endpoint.address(Door::kControl), end);
  if (answered.ok()) {
    answered = ask_bulk(endpoint.address(Door::kBulk), end);
  }
  if (answered.ok()) {
    return {Check::kDaemon, Outcome::kOk, "it answers on the control and the bulk port"};
  }
  return {Check::kDaemon,
          Outcome::kFailed,
          answered.error().message,
          "--server names the first of sweepd's three ports; if it does, look at sweepd's log"};
}

Finding version_finding(const Result<pb::ServerDetail>& server) {
  const std::string same = "install the same version on both machines";
  if (!server.ok()) {
    return {Check::kVersion, Outcome::kFailed, server.error().message, same};
  }
  const std::string both =
      fmt::format("the daemon is sweepd {} (protocol {}), this is sweep-agent {} (protocol {})",
                  server->version(),
                  server->protocol(),
                  SWEEPD_VERSION,
                  wire::kProtocolVersion);
  if (server->protocol() != wire::kProtocolVersion) {
    return {Check::kVersion, Outcome::kFailed, both, same};
  }
  const bool equal = server->version() == SWEEPD_VERSION;
  return {Check::kVersion, equal ? Outcome::kOk : Outcome::kWarning, both, equal ? "" : same};
}

Finding clock_finding(WallTime there, WallTime here) {
  if (there.us == 0) {
    return {Check::kClock, Outcome::kNotTried, "the daemon does not tell its time"};
  }
  const std::string off = clock_difference(there, here);
  if (off.empty()) {
    return {Check::kClock, Outcome::kOk, "the clocks of both machines agree"};
  }
  return {Check::kClock,
          Outcome::kWarning,
          fmt::format("the daemon's clock is {}: times in lists are off by as much", off),
          "let NTP set the clocks of both machines"};
}

void check_version(const Endpoint& endpoint, const Told& told) {
  const WallTime asked = read_clocks().wall;
  const Result<pb::ServerDetail> server = ask_client(endpoint.address(Door::kClient));
  const WallTime here{asked.us + (read_clocks().wall.us - asked.us) / 2};
  told(version_finding(server));
  told(server.ok() ? clock_finding({server->wall_us()}, here) : not_tried(Check::kClock));
}

}  // namespace

void check_daemon(const std::string& server, const Told& told) {
  const Result<Endpoint> endpoint = Endpoint::parse(server);
  if (!endpoint.ok()) {
    told({Check::kAddress,
          Outcome::kFailed,
          endpoint.error().message,
          "say where sweepd listens with --server or $SWEEPD_SERVER"});
    skip_from(Check::kName, told);
    return;
  }
  told({Check::kAddress, Outcome::kOk, endpoint->text()});
  std::vector<SocketAddress> hosts;
  const Finding name = check_name(*endpoint, hosts);
  const Finding tunnel = check_tunnel(*endpoint);
  told(name);
  told(tunnel);
  if (failed(name) || failed(tunnel)) {
    skip_from(Check::kControlPort, told);
    return;
  }
  std::vector<Finding> ports;
  for (const NamedDoor& door : kDoors) {
    ports.push_back(check_port(*endpoint, door, hosts));
    told(ports.back());
  }
  if (failed(ports[0]) || failed(ports[1])) {
    skip_from(Check::kDaemon, told);
    return;
  }
  const Finding answers = check_answers(*endpoint);
  told(answers);
  if (failed(answers) || failed(ports[2])) {
    skip_from(Check::kVersion, told);
    return;
  }
  check_version(*endpoint, told);
}

}  // namespace sweepd::agent
