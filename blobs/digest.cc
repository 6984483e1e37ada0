// SHA-256 by libsodium, the only file that knows it.
#include "blobs/digest.h"

#include "blobs/file.h"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace sweepd::blobs {

namespace {

constexpr std::size_t kReadBytes = 256UL * 1024;

bool is_hex_digit(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

}  // namespace

bool is_digest(std::string_view text) {
  return text.size() == kDigestChars && std::all_of(text.begin(), text.end(), is_hex_digit);
}

struct Digester::Impl {
  crypto_hash_sha256_state state{};
};

Digester::Digester() : impl_(std::make_unique<Impl>()) {
  crypto_hash_sha256_init(&impl_->state);
}

Digester::~Digester() = default;
Digester::Digester(Digester&&) noexcept = default;
Digester& Digester::operator=(Digester&&) noexcept = default;

void Digester::add(std::string_view bytes) {
  SWEEPD_CHECK(impl_ != nullptr);
  crypto_hash_sha256_update(
      &impl_->state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string Digester::finish() {
  SWEEPD_CHECK(impl_ != nullptr);
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256_final(&impl_->state, hash.data());
  impl_.reset();
  std::array<char, kDigestChars + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return {hex.data(), kDigestChars};
}

std::string digest_of(std::string_view bytes) {
  Digester digester;
  digester.add(bytes);
  return digester.finish();
}

Result<FileDigest> digest_of_file(const std::string& path) {
  SWEEPD_TRY(const File file, File::open_to_read(path));
  Digester digester;
  FileDigest result;
  std::string piece;
  do {
    SWEEPD_TRY(piece, file.read_at(result.size, kReadBytes));
    digester.add(piece);
    result.size += piece.size();
  } while (!piece.empty());
  result.digest = digester.finish();
  return result;
}

}  // namespace sweepd::blobs
