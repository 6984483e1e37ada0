// Addresses: what can be read, what may be bound, which door is where.
#include "wire/endpoint.h"

#include <doctest/doctest.h>

#include <string>

using namespace sweepd;
using wire::Door;
using wire::Endpoint;

namespace {

Endpoint parsed(std::string_view text) {
  Result<Endpoint> endpoint = Endpoint::parse(text);
  REQUIRE_MESSAGE(endpoint.ok(), text);
  return *endpoint;
}

std::string why_not(std::string_view text) {
  const Result<Endpoint> endpoint = Endpoint::parse(text);
  REQUIRE_MESSAGE(!endpoint.ok(), text);
  CHECK(endpoint.error().code == Errc::kInvalidArgument);
  return endpoint.error().message;
}

}  // namespace

TEST_CASE("endpoint: the doors of a tcp endpoint are on consecutive ports") {
  const Endpoint endpoint = parsed("tcp://127.0.0.1:7700");
  CHECK(endpoint.address(Door::kControl) == "tcp://127.0.0.1:7700");
  CHECK(endpoint.address(Door::kBulk) == "tcp://127.0.0.1:7701");
  CHECK(endpoint.address(Door::kClient) == "tcp://127.0.0.1:7702");
  CHECK(endpoint.text() == "tcp://127.0.0.1:7700");
}

TEST_CASE("endpoint: the doors of an ipc endpoint are sockets in its folder") {
  const Endpoint endpoint = parsed("ipc:///run/sweepd");
  CHECK(endpoint.address(Door::kControl) == "ipc:///run/sweepd/control");
  CHECK(endpoint.address(Door::kBulk) == "ipc:///run/sweepd/bulk");
  CHECK(endpoint.address(Door::kClient) == "ipc:///run/sweepd/client");
  CHECK(parsed("ipc:///run/sweepd/").address(Door::kBulk) == "ipc:///run/sweepd/bulk");
  CHECK(endpoint.text() == "ipc:///run/sweepd");
}

TEST_CASE("endpoint: who is dialled, as the system looks it up") {
  const Endpoint endpoint = parsed("tcp://gpu-a:7700");
  CHECK(endpoint.host() == "gpu-a");
  CHECK(endpoint.port(Door::kControl) == 7700);
  CHECK(endpoint.port(Door::kClient) == 7702);
  CHECK(parsed("tcp://localhost:7700").host() == "127.0.0.1");
  CHECK(parsed("tcp://[::1]:7700").host() == "::1");
  CHECK(parsed("ipc:///run/sweepd").host().empty());
  CHECK(parsed("ipc:///run/sweepd").port(Door::kBulk) == 0);
}

TEST_CASE("endpoint: a host and a port alone mean tcp") {
  CHECK(parsed("127.0.0.1:7700").text() == "tcp://127.0.0.1:7700");
  CHECK(parsed("[::1]:7700").address(Door::kClient) == "tcp://[::1]:7702");
  CHECK(why_not("localhost:") ==
        "the endpoint 'localhost:' needs a port from 1 to 65533: it and the next two are used");
}

TEST_CASE("endpoint: what is missing of a host and a port, or of a scheme, is named") {
  CHECK(why_not("localhost") == "the endpoint 'localhost' has no port, like 127.0.0.1:7700");
  CHECK(why_not("ipc:/run/x") == "the endpoint 'ipc:/run/x' must begin with tcp:// or ipc://");
  CHECK(why_not("tcp:/127.0.0.1:7700").ends_with("must begin with tcp:// or ipc://"));
}

TEST_CASE("endpoint: localhost is one address for both sides") {
  CHECK(parsed("tcp://localhost:80").address(Door::kBulk) == "tcp://127.0.0.1:81");
}

TEST_CASE("endpoint: IPv6 addresses stand in brackets") {
  CHECK(parsed("tcp://[::1]:7700").address(Door::kClient) == "tcp://[::1]:7702");
  CHECK(why_not("tcp://::1:7700").find("IPv6 goes in brackets") != std::string::npos);
}

TEST_CASE("endpoint: what cannot be read is refused in a sentence") {
  CHECK(why_not("") == "the endpoint '' must begin with tcp:// or ipc://");
  CHECK(why_not("http://a:1") == "the endpoint 'http://a:1' must begin with tcp:// or ipc://");
  CHECK(why_not("tcp://127.0.0.1") ==
        "the endpoint 'tcp://127.0.0.1' has no port, like tcp://127.0.0.1:7700");
  CHECK(why_not("tcp://[::1]") ==
        "the endpoint 'tcp://[::1]' has no port, like tcp://127.0.0.1:7700");
  for (const char* port : {"", "0", "-1", "65534", "99999999999999", "7x", " 7"}) {
    CHECK(why_not("tcp://127.0.0.1:" + std::string(port)).find("needs a port from 1 to 65533") !=
          std::string::npos);
  }
  CHECK(why_not("ipc://run") ==
        "the endpoint 'ipc://run' must name an absolute folder, like ipc:///run/sweepd");
  CHECK(why_not("ipc:///" + std::string(120, 'a')).find("more than 99 bytes") != std::string::npos);
  CHECK(why_not("tcp://a b:1").find("has no host name") != std::string::npos);
}

TEST_CASE("endpoint: only addresses of this machine are listened on and dialled") {
  for (const char* text : {"tcp://127.0.0.1:1",
                           "tcp://127.9.9.9:1",
                           "tcp://localhost:1",
                           "tcp://[::1]:1",
                           "ipc:///tmp/x"}) {
    CHECK_MESSAGE(parsed(text).check_local().ok(), text);
  }
  for (const char* text : {"tcp://0.0.0.0:1",
                           "tcp://*:1",
                           "tcp://10.0.0.1:1",
                           "tcp://[::]:1",
                           "tcp://127.evil.example:1",
                           "tcp://example.org:1"}) {
    const auto result = parsed(text).check_local();
    REQUIRE_MESSAGE(!result.ok(), text);
    CHECK(result.error().code == Errc::kInvalidArgument);
    CHECK(result.error().message.find("not encrypted yet") != std::string::npos);
  }
}

TEST_CASE("endpoint: the refusal says how to tunnel all three doors to that machine") {
  CHECK(parsed("tcp://gpu-1:7700").check_local().error().message ==
        "'tcp://gpu-1:7700' is not an address of this machine alone, and connections are not "
        "encrypted yet: only 127.0.0.1, ::1, localhost and ipc:// are listened on and dialled; "
        "from one machine to another, tunnel: ssh -N -L 7700:127.0.0.1:7700 "
        "-L 7701:127.0.0.1:7701 -L 7702:127.0.0.1:7702 gpu-1");
  CHECK(parsed("tcp://0.0.0.0:7700").check_local().error().message.ends_with(":7702 HOST"));
  CHECK(parsed("tcp://[fd00::1]:7700").check_local().error().message.ends_with(":7702 fd00::1"));
}

TEST_CASE("endpoint: the default one can be read and bound") {
  CHECK(parsed(wire::kDefaultEndpoint).check_local().ok());
}
