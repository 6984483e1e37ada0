// Frames: what was written whole is read back, and nothing else is.
#include "base/frame.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sweepd;

namespace {

std::vector<std::string> bodies(std::string_view bytes) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (const auto body = next_frame(bytes, at)) {
    out.emplace_back(*body);
  }
  return out;
}

}  // namespace

TEST_CASE("frame: the checksum is CRC-32C") {
  CHECK_EQ(crc32c("123456789"), 0xe3069283U);  // the check value of the polynomial
  CHECK_EQ(crc32c(""), 0U);
}

TEST_CASE("frame: golden bytes") {
  std::string out;
  put_frame(out, "ab");
  CHECK_EQ(out, std::string("\x02\x00\x00\x00\x36\x29\xa2\xe2\x61\x62", 10));
}

TEST_CASE("frame: a file cut at any byte gives exactly the frames that are whole") {
  std::string out;
  std::vector<std::size_t> ends = {0};
  const std::vector<std::string> all = {"a", std::string("\0\xff", 2), std::string(300, 'x')};
  for (const std::string& body : all) {
    put_frame(out, body);
    ends.push_back(out.size());
  }
  CHECK_EQ(bodies(out), all);
  for (std::size_t size = 0; size <= out.size(); ++size) {
    CAPTURE(size);
    std::size_t whole = 0;
    while (whole < all.size() && ends[whole + 1] <= size) {
      ++whole;
    }
    CHECK_EQ(bodies(std::string_view(out).substr(0, size)).size(), whole);
  }
}

TEST_CASE("frame: no damaged byte goes unnoticed, and zeros are no frame") {
  std::string out;
  put_frame(out, "some bytes");
  for (std::size_t at = 0; at < out.size(); ++at) {
    CAPTURE(at);
    std::string damaged = out;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    CHECK(bodies(damaged).empty());
  }
  CHECK(bodies(std::string(64, '\0')).empty());
}
