// Curves out of braille characters, two by four dots a cell, or out of dots in ASCII.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sweepd::cli {

// What the value axis takes of a line, on the left of the drawing.
constexpr std::size_t kPlotAxisColumns = 13;

struct PlotSize {
  std::size_t width = 60;  // columns of the drawing, without its axis
  std::size_t height = 8;  // lines
};

// A curve through `values` at equal distances, with the value axis on the left: `height` lines
// without newlines. Values that are not finite leave a gap. Empty when no value is finite. A label
// stands once, where the lines are nearer to each other than the labels tell.
std::vector<std::string> plot_curve(std::span<const double> values,
                                    const PlotSize& size,
                                    bool unicode);

// What goes below a curve of so many values: a line with ticks, and the numbers of the values
// there, counted from 1. As wide as the curve; no more ticks than there are values, or room for.
std::vector<std::string> plot_axis(std::size_t values, std::size_t width, bool unicode);

// One line of up to `width` blocks, "▁▃▅▇█", the lowest value the lowest block; `.:-=#` in ASCII.
std::string sparkline(std::span<const double> values, std::size_t width, bool unicode);

// The best value so far at each place: the running minimum or maximum; values that are not finite
// never win.
std::vector<double> best_so_far(std::span<const double> values, bool maximize);

}  // namespace sweepd::cli
