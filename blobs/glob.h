// Patterns of one path part, as the shell and git know them: `*`, `?`, `[a-z]`, `\`.
#pragma once

#include <bitset>
#include <string_view>
#include <vector>

namespace sweepd::blobs {

// A compiled pattern. Matching takes at most (pattern × text) steps, whatever the pattern.
class Glob {
 public:
  // Empty when nothing can match: an open `[`, or a `\` at the end.
  explicit Glob(std::string_view pattern);

  bool matches(std::string_view text) const;

 private:
  using Bytes = std::bitset<256>;

  struct Token {
    bool star = false;  // any bytes; else exactly one of `bytes`
    Bytes bytes;
  };

  bool compile(std::string_view pattern);

  bool possible_ = false;
  std::vector<Token> tokens_;
};

}  // namespace sweepd::blobs
