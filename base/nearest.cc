// The known word that a mistyped one most likely meant.
#include "base/nearest.h"

#include <algorithm>
#include <cstddef>

namespace sweepd {

namespace {

// The form in which spellings are compared.
std::string folded(std::string_view word) {
  std::string out;
  for (const char c : word) {
    const bool upper = c >= 'A' && c <= 'Z';
    out.push_back(upper ? static_cast<char>(c - 'A' + 'a') : c == '-' ? '_' : c);
  }
  return out;
}

// The least number of letters missing, added, replaced or swapped with their neighbour (optimal
// string alignment) between two words.
std::size_t typing_errors(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1);  // the row two above
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    above[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  // Nothing that long is a name, and the comparison is quadratic.
  constexpr std::size_t kWordBytesMax = 256;
  if (word.size() > kWordBytesMax) {
    return std::nullopt;
  }
  const std::string meant = folded(word);
  std::optional<std::string> best;
  std::size_t best_errors = std::max<std::size_t>(1, meant.size() / 3) + 1;
  for (const std::string& candidate : known) {
    if (candidate.size() > kWordBytesMax) {
      continue;
    }
    const std::size_t errors = typing_errors(meant, folded(candidate));
    if (errors < best_errors) {
      best_errors = errors;
      best = candidate;
    }
  }
  return best;
}

}  // namespace sweepd
