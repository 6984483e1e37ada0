// The decoder that all rooms share: what one takes for text, no other refuses.
#include "base/utf8.h"

#include <cstdint>

namespace sweepd {

namespace {

// What a first byte promises.
struct Lead {
  std::size_t bytes = 0;    // of the sequence; 0: it starts none
  std::uint32_t bits = 0;   // of the code point
  std::uint32_t least = 0;  // smaller code points are spelled too long
};

Lead lead_of(std::uint32_t byte) {
  if (byte < 0x80U) {
    return {1, byte, 0};
  }
  if ((byte & 0xE0U) == 0xC0U) {
    return {2, byte & 0x1FU, 0x80U};
  }
  if ((byte & 0xF0U) == 0xE0U) {
    return {3, byte & 0x0FU, 0x800U};
  }
  if ((byte & 0xF8U) == 0xF0U) {
    return {4, byte & 0x07U, 0x10000U};
  }
  return {};
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  const Lead lead = lead_of(static_cast<unsigned char>(text.front()));
  if (lead.bytes == 0 || lead.bytes > text.size()) {
    return {};
  }
  std::uint32_t point = lead.bits;
  for (const char following : text.substr(1, lead.bytes - 1)) {
    const std::uint32_t byte = static_cast<unsigned char>(following);
    if ((byte & 0xC0U) != 0x80U) {
      return {};
    }
    point = point << 6U | (byte & 0x3FU);
  }
  const bool surrogate = point >= 0xD800U && point <= 0xDFFFU;
  if (point < lead.least || point > 0x10FFFFU || surrogate) {
    return {};
  }
  return {static_cast<char32_t>(point), lead.bytes};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = first_code_point(text).bytes;
    if (bytes == 0) {
      return false;
    }
    text.remove_prefix(bytes);
  }
  return true;
}

std::string valid_utf8(std::string_view text, std::string_view replacement) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = first_code_point(text).bytes;
    valid += bytes == 0 ? replacement : text.substr(0, bytes);
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return valid;
}

}  // namespace sweepd
