// Pieces of an append-only file: length, checksum, bytes. What a crash tore is told from what is
// whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sweepd {

// Length of the body and its CRC-32C, four bytes each, little-endian.
constexpr std::size_t kFrameHeadBytes = 8;

// Larger than anything that is written; a larger length is damage.
constexpr std::size_t kFrameBodyBytesMax = 4 << 20;

// CRC-32C (Castagnoli), as in iSCSI and RocksDB.
std::uint32_t crc32c(std::string_view bytes);

// Appends a frame to `out`. The body is not empty: a run of zeros, as a file system may leave it
// behind a crash, is no frame.
void put_frame(std::string& out, std::string_view body);

// The body of the frame at `at`, which is moved behind it; none when what is there is not whole.
std::optional<std::string_view> next_frame(std::string_view bytes, std::size_t& at);

}  // namespace sweepd
