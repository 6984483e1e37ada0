// Splits text at its placeholders.
#include "sweeps/placeholders.h"

#include <fmt/format.h>

namespace sweepd::sweeps {

Result<std::vector<Piece>> split_placeholders(std::string_view text) {
  std::vector<Piece> pieces;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) {
      pieces.push_back({false, std::move(literal)});
      literal.clear();
    }
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view two = text.substr(i, 2);
    if (two == "$$") {
      literal += '$';
      ++i;
    } else if (two == "${") {
      const std::size_t close = text.find('}', i);
      if (close == std::string_view::npos) {
        return Error{Errc::kInvalidArgument,
                     fmt::format("the placeholder `{}` is not closed", text.substr(i, 24))};
      }
      flush();
      pieces.push_back({true, std::string(text.substr(i + 2, close - i - 2))});
      i = close;
    } else {
      literal += text[i];
    }
  }
  flush();
  return pieces;
}

std::string escape_placeholders(std::string_view text) {
  std::string escaped;
  for (const char byte : text) {
    escaped.append(byte == '$' ? 2 : 1, byte);
  }
  return escaped;
}

bool is_agent_placeholder(std::string_view name) {
  constexpr std::string_view kEnv = "env.";
  return name == "outputs" || name == "logs" ||
         (name.size() > kEnv.size() && name.substr(0, kEnv.size()) == kEnv);
}

}  // namespace sweepd::sweeps
