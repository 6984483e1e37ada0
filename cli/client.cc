// The loop of sending, waiting and repeating; ZeroMQ delivers at most once, so silence means
// nothing.
#include "cli/client.h"

#include "base/ids.h"
#include "base/limits.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sweepd::cli {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often a socket without a connection is tried again; connecting gives no signal to wait for.
constexpr milliseconds kRetryPeriod{10};

Result<RequestId> draw_request_id() {
  std::array<std::uint64_t, 2> words{};
  if (::getrandom(words.data(), sizeof words, 0) != static_cast<ssize_t>(sizeof words)) {
    return Error{Errc::kUnexpected, "the system gave no random bytes (getrandom)"};
  }
  return RequestId{words[0], words[1]};
}

std::optional<pb::ClientReply> answer_to(const pb::ClientRequest& request,
                                         const std::string& bytes) {
  pb::ClientReply reply;
  if (!wire::decode(bytes, limits::kClientMessageBytesMax, reply).ok()) {
    return std::nullopt;
  }
  // An answer to an earlier question that was repeated once too often may still arrive.
  const bool ours = reply.id_high() == request.id_high() && reply.id_low() == request.id_low();
  return ours ? std::optional(std::move(reply)) : std::nullopt;
}

}  // namespace

Client::Client(wire::Endpoint endpoint,
               const Patience& patience,
               std::unique_ptr<wire::Context> context,
               wire::Dealer dealer)
    : endpoint_(std::move(endpoint)),
      patience_(patience),
      context_(std::move(context)),
      dealer_(std::move(dealer)) {}

Result<Client> Client::connect(const wire::Endpoint& endpoint, const Patience& patience) {
  auto context = std::make_unique<wire::Context>();
  wire::SocketOptions options;
  options.message_bytes_max = limits::kClientMessageBytesMax;
  SWEEPD_TRY(wire::Dealer dealer,
             wire::Dealer::connect(*context, endpoint.address(wire::Door::kClient), options));
  return Client(endpoint, patience, std::move(context), std::move(dealer));
}

Result<pb::ClientReply> Client::ask(pb::ClientRequest request) {
  SWEEPD_TRY(const RequestId id, draw_request_id());
  request.set_id_high(id.high);
  request.set_id_low(id.low);
  request.set_protocol(wire::kProtocolVersion);
  const std::string bytes = wire::encode(request);
  if (bytes.size() > limits::kClientMessageBytesMax) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("the request takes {} bytes, and {} are allowed",
                             bytes.size(),
                             limits::kClientMessageBytesMax)};
  }
  SWEEPD_TRY(pb::ClientReply reply, wait_for_answer(request, bytes));
  if (reply.code() != 0) {
    return Error{static_cast<Errc>(reply.code()), reply.message()};
  }
  return reply;
}

Result<pb::ClientReply> Client::wait_for_answer(const pb::ClientRequest& request,
                                                const std::string& bytes) {
  const Clock::time_point begin = Clock::now();
  std::optional<Clock::time_point> taken;  // when a daemon first took the question
  Clock::time_point repeat = begin;
  for (;;) {
    while (const std::optional<std::string> incoming = dealer_.receive()) {
      if (std::optional<pb::ClientReply> reply = answer_to(request, *incoming)) {
        return *std::move(reply);
      }
    }
    const Clock::time_point now = Clock::now();
    if (!taken && now - begin > patience_.to_connect) {
      const std::string listen =
          endpoint_.text() == wire::kDefaultEndpoint ? "" : " --listen " + endpoint_.text();
      return Error{Errc::kUnavailable,
                   fmt::format("no daemon answers at {}; start one with `sweepd{}`, or name "
                               "another with --server or $SWEEPD_SERVER",
                               endpoint_.text(),
                               listen)};
    }
    if (taken && now - *taken > patience_.to_answer) {
      return Error{
          Errc::kTimeout,
          fmt::format(
              "the daemon at {} took the request and did not answer in {} s",
              endpoint_.text(),
              std::chrono::duration_cast<std::chrono::seconds>(patience_.to_answer).count())};
    }
    bool connected = true;
    if (now >= repeat) {
      connected = dealer_.send(bytes) == wire::Sent::kYes;
      if (connected) {
        taken = taken ? taken : now;
        repeat = now + patience_.between_repeats;
      }
    }
    std::array<wire::PollItem, 1> items{{{nullptr, &dealer_, -1, false}}};
    const auto until_repeat = std::chrono::ceil<milliseconds>(repeat - now);
    wire::poll(items, connected ? std::max(milliseconds(1), until_repeat) : kRetryPeriod);
  }
}

}  // namespace sweepd::cli
