// Bars as text, and the rules of when to draw one.
#include "cli/progress.h"

#include "cli/format.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

namespace sweepd::cli {

namespace {

constexpr std::size_t kBarCells = 20;
constexpr std::chrono::milliseconds kDrawPeriod{100};
constexpr std::chrono::milliseconds kBytesQuiet{500};

std::string amount(std::uint64_t count, bool bytes) {
  return bytes ? bytes_text(count) : fmt::format("{}", count);
}

double fraction_of(const ProgressState& state) {
  return state.total == 0 ? 1.0
                          : static_cast<double>(state.done) / static_cast<double>(state.total);
}

}  // namespace

std::string bar_text(double fraction, std::size_t cells, bool unicode) {
  const double bounded = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
  // Full only when everything is done.
  const auto full = static_cast<std::size_t>(bounded * static_cast<double>(cells));
  std::string text = unicode ? "▕" : "[";
  for (std::size_t i = 0; i < cells; ++i) {
    text += unicode ? (i < full ? "█" : "░") : (i < full ? "#" : "-");
  }
  return text + (unicode ? "▏" : "]");
}

std::string progress_text(const ProgressState& state, bool unicode) {
  std::string text = fmt::format("{}  {} {} of {}",
                                 state.what,
                                 bar_text(fraction_of(state), kBarCells, unicode),
                                 amount(state.done, state.bytes),
                                 amount(state.total, state.bytes));
  if (state.elapsed_us < 500'000 || state.done == 0) {
    return text;  // too early for a rate
  }
  const double rate = static_cast<double>(state.done) * 1e6 / static_cast<double>(state.elapsed_us);
  text += state.bytes ? fmt::format(", {}/s", bytes_text(static_cast<std::uint64_t>(rate)))
                      : fmt::format(", {}/s", number_text(rate));
  if (state.done < state.total) {
    const double left = static_cast<double>(state.total - state.done) / rate;
    text += fmt::format(", {} left", span_text(static_cast<std::int64_t>(left * 1e6)));
  }
  return text;
}

Progress::Progress(Console& console, std::string what, bool bytes) : console_(console) {
  state_.what = std::move(what);
  state_.bytes = bytes;
}

Progress::~Progress() {
  if (visible_) {
    draw();
    console_.err << '\n' << std::flush;
  }
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  const Clock::time_point now = Clock::now();
  state_.done = done;
  state_.total = total;
  state_.elapsed_us = std::chrono::duration_cast<std::chrono::microseconds>(now - begin_).count();
  if (state_.bytes && now - begin_ < kBytesQuiet) {
    return;  // over before anybody wonders
  }
  if (console_.err_terminal.tty) {
    if (now - drawn_ >= kDrawPeriod || done >= total) {
      drawn_ = now;
      draw();
    }
    return;
  }
  const auto tenths = static_cast<std::uint64_t>(fraction_of(state_) * 10);
  if (tenths > tenths_) {
    tenths_ = tenths;
    console_.err << fmt::format("{}: {} of {}\n",
                                state_.what,
                                amount(done, state_.bytes),
                                amount(total, state_.bytes))
                 << std::flush;
  }
}

void Progress::draw() {
  const Terminal& terminal = console_.err_terminal;
  const std::string text = progress_text(state_, terminal.unicode);
  const std::size_t width = terminal.width > 1 ? terminal.width - 1 : 80;
  console_.err << '\r' << truncated(text, width, terminal.unicode) << "\x1b[K" << std::flush;
  visible_ = true;
}

void Progress::clear() {
  if (visible_) {
    console_.err << "\r\x1b[K" << std::flush;
    visible_ = false;
  }
}

}  // namespace sweepd::cli
