// A first look at TOML text: where its statements are, and the flaws that the parser must never see
// or would explain badly.
//
// The parser recurses without a bound and reads past its input on malformed table headers, so
// depth, length of dotted keys and the first byte of a header are checked here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sweeps {

// `[header]` or `key = value`, both ends as offsets into the text.
struct TomlStatement {
  static constexpr std::size_t kNone = std::string_view::npos;

  std::size_t begin = 0;
  std::size_t end = 0;         // past the last byte, before the newline
  std::size_t equals = kNone;  // the `=` between key and value
  bool header = false;
};

struct TomlFlaw {
  std::size_t offset = 0;
  std::size_t length = 1;
  std::string message;
  std::string help;
  std::size_t statement = 0;  // index of the statement that it spoils
};

struct TomlScan {
  std::vector<TomlStatement> statements;
  std::vector<TomlFlaw> flaws;
  // The text cannot be given to the parser at all: bytes that are no text.
  bool unreadable = false;
};

TomlScan scan_toml(std::string_view text);

}  // namespace sweepd::sweeps
