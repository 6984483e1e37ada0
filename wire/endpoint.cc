// Where a daemon listens: the reading and the judging of addresses.
#include "wire/endpoint.h"

#include <fmt/format.h>

#include <arpa/inet.h>

#include <charconv>
#include <cstdint>
#include <optional>

namespace sweepd::wire {

namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";
constexpr int kDoors = 3;
constexpr int kPortMax = 65535 - (kDoors - 1);
// sun_path holds 108 bytes with its final zero; the longest door is "/control".
constexpr std::size_t kFolderBytesMax = 107 - 8;

Error refusal(std::string_view text, std::string_view why) {
  return {Errc::kInvalidArgument, fmt::format("the endpoint '{}' {}", text, why)};
}

std::optional<int> read_port(std::string_view digits) {
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return port;
}

bool is_host_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_' || byte == '*';
}

// A name, an IPv4 address, `*`, or an IPv6 address in brackets.
bool is_host(const std::string& host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    in6_addr address{};
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) == 1;
  }
  for (const char byte : host) {
    if (!is_host_byte(byte)) {
      return false;
    }
  }
  return !host.empty();
}

bool is_loopback(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return (ntohl(address.s_addr) >> 24U) == 127;
  }
  return host == "localhost" || host == "[::1]";
}

// As ssh takes it: an address that means "everywhere" names no machine, and brackets are for URLs.
std::string ssh_host(const std::string& host) {
  if (host == "*" || host == "0.0.0.0" || host == "[::]") {
    return "HOST";
  }
  return host.front() == '[' ? host.substr(1, host.size() - 2) : host;
}

// ZeroMQ binds addresses only, never names, and both sides have to mean the same one.
std::string_view dialled(std::string_view host) {
  return host == "localhost" ? "127.0.0.1" : host;
}

std::string_view door_name(Door door) {
  switch (door) {
    case Door::kControl:
      return "control";
    case Door::kBulk:
      return "bulk";
    case Door::kClient:
      return "client";
  }
  return "";
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
  Endpoint endpoint;
  if (text.substr(0, kIpc.size()) == kIpc) {
    endpoint.scheme_ = "ipc";
    endpoint.host_ = text.substr(kIpc.size());
    if (endpoint.host_.empty() || endpoint.host_.front() != '/' ||
        endpoint.host_.find('\0') != std::string::npos) {
      return refusal(text, "must name an absolute folder, like ipc:///run/sweepd");
    }
    if (endpoint.host_.size() > kFolderBytesMax) {
      return refusal(text, fmt::format("names a folder of more than {} bytes", kFolderBytesMax));
    }
    return endpoint;
  }
  const bool schemed = text.substr(0, kTcp.size()) == kTcp;
  const bool bare = text.find("://") == std::string_view::npos && text.find(':') != text.npos;
  if (!schemed && !bare && !text.empty() && text.find_first_of(":/") == text.npos) {
    return refusal(text, "has no port, like 127.0.0.1:7700");
  }
  if (!schemed && (!bare || text.starts_with("tcp:") || text.starts_with("ipc:"))) {
    return refusal(text, "must begin with tcp:// or ipc://");
  }
  const std::string_view rest = text.substr(schemed ? kTcp.size() : 0);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.back() == ']') {
    return refusal(text, "has no port, like tcp://127.0.0.1:7700");
  }
  const std::optional<int> port = read_port(rest.substr(colon + 1));
  if (!port || *port < 1 || *port > kPortMax) {
    return refusal(
        text, fmt::format("needs a port from 1 to {}: it and the next two are used", kPortMax));
  }
  endpoint.scheme_ = "tcp";
  endpoint.host_ = rest.substr(0, colon);
  endpoint.port_ = *port;
  if (!is_host(endpoint.host_)) {
    return refusal(text, "has no host name or address that can be read (IPv6 goes in brackets)");
  }
  return endpoint;
}

Result<void> Endpoint::check_local() const {
  if (scheme_ == "ipc" || is_loopback(host_)) {
    return {};
  }
  std::string tunnel;
  for (int door = 0; door < kDoors; ++door) {
    tunnel += fmt::format("-L {0}:127.0.0.1:{0} ", port_ + door);
  }
  return Error{Errc::kInvalidArgument,
               fmt::format("'{}' is not an address of this machine alone, and connections are not "
                           "encrypted yet: only 127.0.0.1, ::1, localhost and ipc:// are listened "
                           "on and dialled; from one machine to another, tunnel: ssh -N {}{}",
                           text(),
                           tunnel,
                           ssh_host(host_))};
}

std::string Endpoint::address(Door door) const {
  if (scheme_ == "ipc") {
    const bool slash = host_.back() == '/';
    return fmt::format("ipc://{}{}{}", host_, slash ? "" : "/", door_name(door));
  }
  return fmt::format("tcp://{}:{}", dialled(host_), port(door));
}

std::string Endpoint::host() const {
  if (scheme_ == "ipc") {
    return {};
  }
  const std::string_view host = dialled(host_);
  return std::string(host.front() == '[' ? host.substr(1, host.size() - 2) : host);
}

int Endpoint::port(Door door) const {
  return scheme_ == "ipc" ? 0 : port_ + static_cast<int>(door);
}

std::string Endpoint::text() const {
  return scheme_ == "ipc" ? fmt::format("ipc://{}", host_)
                          : fmt::format("tcp://{}:{}", host_, port_);
}

}  // namespace sweepd::wire
