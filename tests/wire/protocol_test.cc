// Bytes and back: limits, truncation, garbage.
#include "wire/protocol.h"

#include <doctest/doctest.h>

#include <string>

using namespace sweepd;

namespace {

pb::AgentMessage ended_message() {
  pb::AgentMessage message;
  message.set_session(7);
  pb::AttemptEnded& ended = *message.mutable_ended();
  *ended.mutable_attempt() = wire::to_proto({{12}, {7}, {2}});
  ended.set_stderr_tail("boom");
  return message;
}

}  // namespace

TEST_CASE("protocol: a message comes back from its bytes") {
  const std::string bytes = wire::encode(ended_message());
  pb::AgentMessage read;
  REQUIRE(wire::decode(bytes, bytes.size(), read).ok());
  CHECK(read.session() == 7);
  REQUIRE(read.body_case() == pb::AgentMessage::kEnded);
  CHECK(wire::from_proto(read.ended().attempt()) == AttemptKey{{12}, {7}, {2}});
  CHECK(read.ended().stderr_tail() == "boom");
}

TEST_CASE("protocol: a message longer than allowed is refused with both numbers") {
  pb::AgentMessage read;
  const auto result = wire::decode(std::string(11, '\0'), 10, read);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error() ==
        Error{Errc::kInvalidArgument, "a message of 11 bytes where 10 are allowed"});
}

TEST_CASE("protocol: a message cut anywhere is refused or read as a shorter one, never a crash") {
  const std::string bytes = wire::encode(ended_message());
  int refused = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    pb::AgentMessage read;
    refused += wire::decode(std::string_view(bytes).substr(0, size), 1000, read).ok() ? 0 : 1;
  }
  CHECK(refused > static_cast<int>(bytes.size()) / 2);
}

TEST_CASE("protocol: bytes that are no message are refused by the message's name") {
  pb::ClientRequest read;
  const auto result = wire::decode("\xff\xff\xff\xff", 100, read);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error() == Error{Errc::kCorrupt, "4 bytes that are no sweepd.pb.ClientRequest"});
}

TEST_CASE("protocol: text that is not UTF-8 in a text field is refused") {
  pb::Reason read;
  CHECK_FALSE(wire::decode("\x12\x02\xc3\x28", 100, read).ok());
}
