// Follows a file that a program appends to.
#include "agent/doors/tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

}  // namespace

Tail::Tail(std::string path) : path_(std::move(path)) {}

Tail::~Tail() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Tail::Tail(Tail&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      offset_(other.offset_),
      line_(std::move(other.line_)),
      more_(other.more_) {}

Tail& Tail::operator=(Tail&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(offset_, other.offset_);
  std::swap(line_, other.line_);
  std::swap(more_, other.more_);
  return *this;
}

bool Tail::open() {
  if (fd_ < 0) {
    // Without waiting: the program may have put a FIFO there.
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    struct stat status {};

    if (fd_ >= 0 && (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode))) {
      ::close(std::exchange(fd_, -1));
    }
  }
  return fd_ >= 0;
}

void Tail::take(char c, std::vector<std::string>& lines) {
  if (c == '\n') {
    lines.push_back(std::exchange(line_, {}));
    return;
  }
  if (line_.size() >= kTailLineBytesMax) {
    line_.erase(0, line_.size() / 2);
  }
  line_.push_back(c);
}

std::vector<std::string> Tail::read_lines(std::size_t bytes_max) {
  std::vector<std::string> lines;
  more_ = false;
  if (!open()) {
    return lines;
  }
  std::array<char, kPieceBytes> piece;
  for (std::size_t taken = 0; taken < bytes_max;) {
    const ssize_t got = ::pread(fd_, piece.data(), piece.size(), static_cast<off_t>(offset_));
    if (got <= 0) {
      return lines;
    }
    const auto size = static_cast<std::size_t>(got);
    std::for_each(piece.begin(), piece.begin() + got, [&](char c) { take(c, lines); });
    offset_ += size;
    taken += size;
    if (size < piece.size()) {
      return lines;
    }
  }
  more_ = true;
  return lines;
}

std::string Tail::take_rest() {
  return std::exchange(line_, {});
}

std::string last_lines(const std::string& path, const TailLimits& limits) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  struct stat status {};

  if (fd < 0 || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    if (fd >= 0) {
      ::close(fd);
    }
    return {};
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  std::string text(std::min(size, limits.bytes_max), '\0');
  const ssize_t got = ::pread(fd, text.data(), text.size(), static_cast<off_t>(size - text.size()));
  ::close(fd);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  std::size_t at = text.size();
  for (std::size_t lines = 0; at > 0; --at) {
    // The line end at the very end begins no line.
    lines += text[at - 1] == '\n' && at != text.size() ? 1U : 0U;
    if (lines == limits.lines_max) {
      break;
    }
  }
  return text.substr(at);
}

}  // namespace sweepd::agent
