// Thins out progress bars.
#include "agent/runner/redraws.h"

#include <algorithm>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr Duration kRedrawEvery = seconds(1);
constexpr Duration kLinePatience = seconds(1);
constexpr std::size_t kLineBytesMax = 16 * 1024;  // a longer one does not wait for its end

}  // namespace

void Redraws::take(std::string_view bytes, Instant now) {
  if (line_.empty()) {
    line_at_ = now + kLinePatience;
  }
  while (!bytes.empty()) {
    const std::size_t end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    if (end == std::string_view::npos) {
      return;
    }
    end_line(bytes[end], now);
    bytes.remove_prefix(end + 1);
  }
}

void Redraws::end_line(char end, Instant now) {
  // A line of which some is given already, and an end of line alone, belong to what stands before.
  if (end == '\n' && line_.empty()) {
    out_ += std::exchange(redraw_, {});
  }
  line_ += end;
  if (end == '\r' && !begun_) {
    redraw_ = std::exchange(line_, {});
  } else {
    redraw_.clear();
    out_ += std::exchange(line_, {});
  }
  begun_ = false;
  line_at_ = now + kLinePatience;
}

std::string Redraws::give(Instant now, bool all) {
  const bool replaced = all && !line_.empty();
  if (!redraw_.empty() && !replaced && (all || now >= redraw_at_)) {
    out_ += std::exchange(redraw_, {});
    redraw_at_ = now + kRedrawEvery;
  }
  if (!line_.empty() && (all || now >= line_at_ || line_.size() >= kLineBytesMax)) {
    redraw_.clear();
    out_ += std::exchange(line_, {});
    begun_ = true;
    line_at_ = now + kLinePatience;
  }
  return std::exchange(out_, {});
}

std::optional<Instant> Redraws::next_wake() const {
  std::optional<Instant> wake;
  if (!redraw_.empty()) {
    wake = redraw_at_;
  }
  if (!line_.empty()) {
    wake = std::min(wake.value_or(line_at_), line_at_);
  }
  return wake;
}

}  // namespace sweepd::agent
