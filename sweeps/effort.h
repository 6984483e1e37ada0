// How much may be spent on telling what a sweep file need not be told.
#pragma once

#include <cstdint>
#include <string_view>

namespace sweepd::sweeps {

// Counted rather than timed, so that a file gets the same answer everywhere. One unit is about the
// evaluation of a short expression; all of them take less than a second.
class Effort {
 public:
  static constexpr std::uint64_t kOfFile = 2'000'000;

  explicit Effort(std::uint64_t left = kOfFile) : left_(left) {}

  // Whether so much was left; then it is spent, else nothing is.
  bool take(std::uint64_t units) {
    const bool enough = units <= left_;
    left_ -= enough ? units : 0;
    return enough;
  }

 private:
  std::uint64_t left_;
};

// What an evaluation of the expression costs.
constexpr std::uint64_t effort_of(std::string_view expression) {
  return 1 + expression.size() / 32;
}

}  // namespace sweepd::sweeps
