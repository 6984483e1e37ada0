// Rasterising of a curve into a grid of dots, and the grid into characters.
#include "cli/plot.h"

#include "cli/format.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

namespace sweepd::cli {

namespace {

constexpr std::size_t kTicksMax = 5;

struct Bounds {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  bool empty() const { return low > high; }
};

Bounds bounds_of(std::span<const double> values) {
  Bounds bounds;
  for (const double value : values) {
    if (std::isfinite(value)) {
      bounds.low = std::min(bounds.low, value);
      bounds.high = std::max(bounds.high, value);
    }
  }
  return bounds;
}

// Where a value lies in [0, 1]; a flat curve lies in the middle.
double height_of(double value, const Bounds& bounds) {
  const double span = bounds.high - bounds.low;
  return span > 0 && std::isfinite(span) ? (value - bounds.low) / span : 0.5;
}

// A grid of dots, row 0 on top.
class Dots {
 public:
  Dots(std::size_t columns, std::size_t rows) : columns_(columns), dots_(columns * rows, false) {}

  void set(std::size_t column, std::size_t row) { dots_[row * columns_ + column] = true; }

  bool at(std::size_t column, std::size_t row) const { return dots_[row * columns_ + column]; }

 private:
  std::size_t columns_;
  std::vector<bool> dots_;
};

struct Grid {
  std::size_t columns;
  std::size_t rows;
};

// The value at a column: the nearest of the values, which stand at equal distances.
std::size_t index_at(std::size_t column, std::size_t columns, std::size_t values) {
  if (columns <= 1 || values <= 1) {
    return 0;
  }
  return (column * (values - 1) + (columns - 1) / 2) / (columns - 1);
}

Dots rasterise(std::span<const double> values, const Bounds& bounds, const Grid& grid) {
  Dots dots(grid.columns, grid.rows);
  std::size_t last = grid.rows;  // the row of the column before; rows: none
  for (std::size_t column = 0; column < grid.columns; ++column) {
    const double value = values[index_at(column, grid.columns, values.size())];
    if (!std::isfinite(value)) {
      last = grid.rows;
      continue;
    }
    const double up = height_of(value, bounds) * static_cast<double>(grid.rows - 1);
    const std::size_t row = grid.rows - 1 - static_cast<std::size_t>(std::lround(up));
    // A steep part is drawn as a vertical stroke, so that the curve has no holes.
    const std::size_t from = last == grid.rows ? row : std::min(row, last);
    const std::size_t to = last == grid.rows ? row : std::max(row, last);
    for (std::size_t r = from; r <= to; ++r) {
      dots.set(column, r);
    }
    last = row;
  }
  return dots;
}

void append_utf8(std::string& out, std::uint32_t value) {
  out += static_cast<char>(0xE0U | (value >> 12U));
  out += static_cast<char>(0x80U | ((value >> 6U) & 0x3FU));
  out += static_cast<char>(0x80U | (value & 0x3FU));
}

std::string braille_line(const Dots& dots, std::size_t line, std::size_t width) {
  // Bits of U+2800 by [row][column] of a cell.
  constexpr std::array<std::array<std::uint32_t, 2>, 4> kBits = {
      {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};
  std::string out;
  for (std::size_t cell = 0; cell < width; ++cell) {
    std::uint32_t bits = 0;
    for (std::size_t row = 0; row < 4; ++row) {
      for (std::size_t column = 0; column < 2; ++column) {
        bits |= dots.at(cell * 2 + column, line * 4 + row) ? kBits.at(row).at(column) : 0;
      }
    }
    append_utf8(out, 0x2800 + bits);
  }
  return out;
}

// Two dots a character: '\'' above, '.' below, ':' both.
std::string ascii_line(const Dots& dots, std::size_t line, std::size_t width) {
  std::string out;
  for (std::size_t cell = 0; cell < width; ++cell) {
    const bool above = dots.at(cell, line * 2);
    const bool below = dots.at(cell, line * 2 + 1);
    out += above && below ? ':' : above ? '\'' : below ? '.' : ' ';
  }
  return out;
}

}  // namespace

std::vector<std::string> plot_curve(std::span<const double> values,
                                    const PlotSize& size,
                                    bool unicode) {
  const Bounds bounds = bounds_of(values);
  if (bounds.empty() || size.width == 0 || size.height == 0) {
    return {};
  }
  const Grid grid =
      unicode ? Grid{size.width * 2, size.height * 4} : Grid{size.width, size.height * 2};
  const Dots dots = rasterise(values, bounds, grid);
  std::vector<std::string> lines;
  std::string above;
  for (std::size_t line = 0; line < size.height; ++line) {
    const double share =
        size.height == 1 ? 0.5
                         : 1.0 - static_cast<double>(line) / static_cast<double>(size.height - 1);
    const std::string label = number_text(bounds.low + (bounds.high - bounds.low) * share);
    lines.push_back(fmt::format(
        "{} {}{}",
        padded(label == above ? "" : label, kPlotAxisColumns - 2, Align::kRight),
        unicode ? "┤" : "|",
        unicode ? braille_line(dots, line, size.width) : ascii_line(dots, line, size.width)));
    above = label;
  }
  return lines;
}

std::vector<std::string> plot_axis(std::size_t values, std::size_t width, bool unicode) {
  if (values == 0 || width == 0) {
    return {};
  }
  // A label and the gap to the next one are never wider than half of what a tick has.
  const std::size_t room = std::to_string(values).size() * 2 + 2;
  const std::size_t ticks = std::min({values, std::max<std::size_t>(1, width / room), kTicksMax});
  std::vector<bool> marked(width, false);
  std::string labels;
  for (std::size_t tick = 0; tick < ticks; ++tick) {
    const std::size_t value = ticks == 1 ? 0 : tick * (values - 1) / (ticks - 1);
    const std::size_t column = values == 1 ? 0 : value * (width - 1) / (values - 1);
    marked[column] = true;
    const std::string label = std::to_string(value + 1);
    const std::size_t centred = column - std::min(column, label.size() / 2);
    const std::size_t begin = std::min(centred, width - std::min(width, label.size()));
    labels += std::string(begin - std::min(begin, labels.size()), ' ') + label;
  }
  std::string line;
  for (const bool tick : marked) {
    line += unicode ? (tick ? "┬" : "─") : (tick ? "+" : "-");
  }
  const std::string margin(kPlotAxisColumns - 1, ' ');
  return {margin + (unicode ? "└" : "+") + line, margin + " " + labels};
}

std::string sparkline(std::span<const double> values, std::size_t width, bool unicode) {
  static constexpr std::array<std::string_view, 8> kBlocks = {
      "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<std::string_view, 8> kAscii = {
      "_", ".", ",", "-", "=", "+", "*", "#"};
  const Bounds bounds = bounds_of(values);
  if (bounds.empty()) {
    return {};
  }
  const std::size_t cells = std::min(width, values.size());
  std::string out;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const double value = values[index_at(cell, cells, values.size())];
    if (!std::isfinite(value)) {
      out += ' ';
      continue;
    }
    const auto level = static_cast<std::size_t>(std::lround(height_of(value, bounds) * 7));
    out += unicode ? kBlocks.at(level) : kAscii.at(level);
  }
  return out;
}

std::vector<double> best_so_far(std::span<const double> values, bool maximize) {
  std::vector<double> best;
  double record = std::numeric_limits<double>::quiet_NaN();
  for (const double value : values) {
    const bool first = std::isnan(record);
    if (std::isfinite(value) && (first || (maximize ? value > record : value < record))) {
      record = value;
    }
    best.push_back(record);
  }
  return best;
}

}  // namespace sweepd::cli
