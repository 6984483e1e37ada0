// Bytes and back: limits, truncation, garbage.
#include "wire/protocol.h"

#include "base/log.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <cstdio>
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

// What the process writes to stderr while the work is done.
template <typename Work>
std::string stderr_of(Work work) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int before = dup(STDERR_FILENO);
  REQUIRE(dup2(fileno(file), STDERR_FILENO) >= 0);
  work();
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  std::rewind(file);
  std::array<char, 4096> bytes{};
  const std::size_t size = std::fread(bytes.data(), 1, bytes.size(), file);
  std::string text(bytes.data(), size);
  std::fclose(file);
  return text;
}

void decode_text_that_is_no_utf8() {
  pb::Reason read;
  CHECK_FALSE(wire::decode("\x12\x02\xc3\x28", 100, read).ok());
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
  decode_text_that_is_no_utf8();
}

TEST_CASE("protocol: what libprotobuf complains about is in the log at debug level only") {
  wire::quiet_protobuf();
  log_setup("protocol-debug", LogLevel::kDebug);
  const std::string line = stderr_of(decode_text_that_is_no_utf8);
  CHECK(line.find(" protocol-debug debug protobuf: ") != std::string::npos);
  CHECK(line.find("invalid UTF-8") != std::string::npos);
  CHECK(line.find('\n') == line.size() - 1);
  log_setup("protocol-info", LogLevel::kInfo);
  CHECK(stderr_of(decode_text_that_is_no_utf8) == "");
}
