// Follows a file that a program appends to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sweepd::agent {

// Whole lines of a growing file, from its beginning. The file need not exist yet. Never blocks.
class Tail {
 public:
  explicit Tail(std::string path);
  ~Tail();
  Tail(Tail&& other) noexcept;
  Tail& operator=(Tail&& other) noexcept;

  // The lines that became whole since the last call, without their ends; at most about `bytes_max`
  // bytes are read. Of a line that is longer than kTailLineBytesMax only the end is given, which
  // for a redrawn progress bar is what is on the screen.
  std::vector<std::string> read_lines(std::size_t bytes_max);

  // The line that the file ends in the middle of; to be asked when no more will be written.
  std::string take_rest();

  // Whether the last read stopped at `bytes_max`.
  bool more() const { return more_; }

  const std::string& path() const { return path_; }

 private:
  void take(char c, std::vector<std::string>& lines);
  bool open();

  std::string path_;
  int fd_ = -1;
  std::uint64_t offset_ = 0;
  std::string line_;  // begun, not ended
  bool more_ = false;
};

constexpr std::size_t kTailLineBytesMax = 64 * 1024;

// The end of a file: at most `lines_max` lines and `bytes_max` bytes; empty when it cannot be read.
struct TailLimits {
  std::size_t lines_max = 0;
  std::size_t bytes_max = 0;
};

std::string last_lines(const std::string& path, const TailLimits& limits);

}  // namespace sweepd::agent
