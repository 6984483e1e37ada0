// Pieces of an append-only file.
#include "base/frame.h"

#include "base/check.h"

#include <array>

namespace sweepd {

namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78U : crc >> 1;
    }
    table[i] = crc;
  }
  return table;
}

void put_word(std::string& out, std::uint32_t word) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(word >> shift)));
  }
}

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < sizeof word; ++i) {
    word |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return word;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8);
  }
  return ~crc;
}

void put_frame(std::string& out, std::string_view body) {
  SWEEPD_CHECK(!body.empty() && body.size() <= kFrameBodyBytesMax);
  put_word(out, static_cast<std::uint32_t>(body.size()));
  put_word(out, crc32c(body));
  out.append(body);
}

std::optional<std::string_view> next_frame(std::string_view bytes, std::size_t& at) {
  if (bytes.size() - at < kFrameHeadBytes) {
    return std::nullopt;
  }
  const std::uint32_t size = word_at(bytes, at);
  const std::size_t left = bytes.size() - at - kFrameHeadBytes;
  if (size == 0 || size > kFrameBodyBytesMax || size > left) {
    return std::nullopt;
  }
  const std::string_view body = bytes.substr(at + kFrameHeadBytes, size);
  if (crc32c(body) != word_at(bytes, at + sizeof(std::uint32_t))) {
    return std::nullopt;
  }
  at += kFrameHeadBytes + size;
  return body;
}

}  // namespace sweepd
