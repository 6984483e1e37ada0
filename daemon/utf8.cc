// Text of unknown encoding made fit to be sent as text.
#include "daemon/utf8.h"

#include <cstddef>
#include <cstdint>

namespace sweepd::daemon {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned byte_at(std::string_view text, std::size_t place) {
  return static_cast<unsigned char>(text[place]);
}

// What a first byte promises: the bytes of the sequence, and the bits it contributes; 0 bytes: it
// starts none.
struct Lead {
  std::size_t size = 0;
  std::uint32_t bits = 0;
  std::uint32_t least = 0;  // smaller code points are spelled too long
};

Lead lead_of(unsigned byte) {
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

// The size of the valid sequence at `place`; 0 when there is none.
std::size_t sequence_at(std::string_view text, std::size_t place) {
  const Lead lead = lead_of(byte_at(text, place));
  if (lead.size == 0 || place + lead.size > text.size()) {
    return 0;
  }
  std::uint32_t point = lead.bits;
  for (std::size_t i = 1; i < lead.size; ++i) {
    const unsigned byte = byte_at(text, place + i);
    if ((byte & 0xC0U) != 0x80U) {
      return 0;
    }
    point = point << 6U | (byte & 0x3FU);
  }
  const bool surrogate = point >= 0xD800U && point <= 0xDFFFU;
  return point < lead.least || point > 0x10FFFFU || surrogate ? 0 : lead.size;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (std::size_t place = 0; place < text.size();) {
    const std::size_t size = sequence_at(text, place);
    valid += size == 0 ? kReplacement : text.substr(place, size);
    place += size == 0 ? 1 : size;
  }
  return valid;
}

}  // namespace sweepd::daemon
