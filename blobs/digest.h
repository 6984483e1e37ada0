// SHA-256 of bytes and files, in lower-case hex: the name of a blob.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sweepd::blobs {

constexpr std::size_t kDigestChars = 64;

// Whether the text is 64 lower-case hex digits. Everything that makes a path of a digest asks
// first.
bool is_digest(std::string_view text);

// The digest of a stream of bytes.
class Digester {
 public:
  Digester();
  ~Digester();
  Digester(Digester&&) noexcept;
  Digester& operator=(Digester&&) noexcept;

  void add(std::string_view bytes);
  std::string finish();  // once; nothing can be added afterwards

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string digest_of(std::string_view bytes);

struct FileDigest {
  std::string digest;
  std::uint64_t size = 0;

  bool operator==(const FileDigest&) const = default;
};

Result<FileDigest> digest_of_file(const std::string& path);

}  // namespace sweepd::blobs
