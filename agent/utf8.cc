// Text of unknown origin made fit for the `string` fields of messages.
#include "agent/utf8.h"

#include <cstddef>

namespace sweepd::agent {

namespace {

// What a sequence is made of: how many bytes follow the first, and the smallest code point that
// needs so many.
struct Shape {
  std::size_t more = 0;
  unsigned least = 0;
  unsigned bits = 0;  // of the code point that are in the first byte
  bool valid = false;
};

Shape shape_of(unsigned char first) {
  if (first < 0x80) {
    return {0, 0, first, true};
  }
  if ((first & 0xe0U) == 0xc0U) {
    return {1, 0x80, first & 0x1fU, true};
  }
  if ((first & 0xf0U) == 0xe0U) {
    return {2, 0x800, first & 0x0fU, true};
  }
  if ((first & 0xf8U) == 0xf0U) {
    return {3, 0x10000, first & 0x07U, true};
  }
  return {};
}

// The bytes of the valid sequence that begins the text; 0: none does.
std::size_t sequence_size(std::string_view text) {
  const Shape shape = shape_of(static_cast<unsigned char>(text.front()));
  if (!shape.valid || text.size() <= shape.more) {
    return 0;
  }
  unsigned code = shape.bits;
  for (std::size_t i = 1; i <= shape.more; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80U) {
      return 0;
    }
    code = code << 6U | (byte & 0x3fU);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code >= shape.least && code <= 0x10ffff && !surrogate ? shape.more + 1 : 0;
}

}  // namespace

std::string as_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = sequence_size(text);
    if (size == 0) {
      out.push_back('?');
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace sweepd::agent
