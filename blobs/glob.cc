// The compiler and the matcher of glob patterns.
#include "blobs/glob.h"

#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace sweepd::blobs {

namespace {

using Bytes = std::bitset<256>;

struct NamedClass {
  std::string_view name;
  int (*contains)(int);
};

// In the C locale, which no program of ours leaves.
constexpr std::array<NamedClass, 12> kNamedClasses = {{{"alnum", std::isalnum},
                                                       {"alpha", std::isalpha},
                                                       {"blank", std::isblank},
                                                       {"cntrl", std::iscntrl},
                                                       {"digit", std::isdigit},
                                                       {"graph", std::isgraph},
                                                       {"lower", std::islower},
                                                       {"print", std::isprint},
                                                       {"punct", std::ispunct},
                                                       {"space", std::isspace},
                                                       {"upper", std::isupper},
                                                       {"xdigit", std::isxdigit}}};

Bytes one(char byte) {
  Bytes bytes;
  bytes.set(static_cast<unsigned char>(byte));
  return bytes;
}

// Takes "[:digit:]" off the front of the text.
std::optional<Bytes> take_named_class(std::string_view& text) {
  const std::size_t end = text.find(":]");
  if (!text.starts_with("[:") || end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view name = text.substr(2, end - 2);
  for (const NamedClass& known : kNamedClasses) {
    if (known.name == name) {
      Bytes bytes;
      for (int byte = 0; byte < 256; ++byte) {
        bytes.set(static_cast<std::size_t>(byte), known.contains(byte) != 0);
      }
      text.remove_prefix(end + 2);
      return bytes;
    }
  }
  return std::nullopt;
}

// Takes one byte off the front, a `\` before it too.
std::optional<unsigned char> take_byte(std::string_view& text) {
  if (text.starts_with('\\')) {
    text.remove_prefix(1);
  }
  if (text.empty()) {
    return std::nullopt;
  }
  const auto byte = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  return byte;
}

// Takes `x` or `x-y` off the front.
std::optional<Bytes> take_range(std::string_view& text) {
  const std::optional<unsigned char> first = take_byte(text);
  if (!first) {
    return std::nullopt;
  }
  std::optional<unsigned char> last = first;
  if (text.size() >= 2 && text[0] == '-' && text[1] != ']') {
    text.remove_prefix(1);
    last = take_byte(text);
    if (!last) {
      return std::nullopt;
    }
  }
  Bytes bytes;
  for (unsigned byte = *first; byte <= *last; ++byte) {
    bytes.set(byte);
  }
  return bytes;
}

// Takes "a-z]" or "!a-z]" off the front: what follows a `[`. Nothing when it never closes.
std::optional<Bytes> take_set(std::string_view& text) {
  const bool negated = text.starts_with('!') || text.starts_with('^');
  if (negated) {
    text.remove_prefix(1);
  }
  Bytes bytes;
  bool first = true;  // a `]` in the first place is a member
  while (!text.empty() && (first || text.front() != ']')) {
    first = false;
    std::optional<Bytes> some = take_named_class(text);
    if (!some) {
      some = take_range(text);
    }
    if (!some) {
      return std::nullopt;
    }
    bytes |= *some;
  }
  if (text.empty()) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  return negated ? ~bytes : bytes;
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  possible_ = compile(pattern);
}

bool Glob::compile(std::string_view pattern) {
  while (!pattern.empty()) {
    const char head = pattern.front();
    if (head == '*') {
      pattern.remove_prefix(1);
      if (tokens_.empty() || !tokens_.back().star) {
        tokens_.push_back({.star = true, .bytes = {}});
      }
    } else if (head == '?') {
      pattern.remove_prefix(1);
      tokens_.push_back({.star = false, .bytes = Bytes().set()});
    } else if (head == '[') {
      pattern.remove_prefix(1);
      const std::optional<Bytes> bytes = take_set(pattern);
      if (!bytes) {
        return false;
      }
      tokens_.push_back({.star = false, .bytes = *bytes});
    } else {
      const std::optional<unsigned char> byte = take_byte(pattern);
      if (!byte) {
        return false;
      }
      tokens_.push_back({.star = false, .bytes = one(static_cast<char>(*byte))});
    }
  }
  return true;
}

bool Glob::matches(std::string_view text) const {
  if (!possible_) {
    return false;
  }
  // Only the last star ever needs to give back: one before it that took more could only leave less
  // to match the same tokens with.
  std::size_t token = 0;
  std::size_t at = 0;
  std::optional<std::pair<std::size_t, std::size_t>> retry;  // token after the star, its next start
  while (at < text.size()) {
    if (token < tokens_.size() && tokens_[token].star) {
      ++token;
      retry = {token, at};
    } else if (token < tokens_.size() &&
               tokens_[token].bytes.test(static_cast<unsigned char>(text[at]))) {
      ++token;
      ++at;
    } else if (retry) {
      token = retry->first;
      at = ++retry->second;
    } else {
      return false;
    }
  }
  while (token < tokens_.size() && tokens_[token].star) {
    ++token;
  }
  return token == tokens_.size();
}

}  // namespace sweepd::blobs
