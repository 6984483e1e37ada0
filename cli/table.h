// Tables in aligned columns that fit the terminal; in a pipe nothing is cut.
#pragma once

#include "cli/terminal.h"
#include "cli/text.h"

#include <string>
#include <vector>

namespace sweepd::cli {

struct Heading {
  std::string title;
  Align align = Align::kLeft;
  bool state = false;  // cells are states and are shown in their colours
};

struct Table {
  std::vector<Heading> headings;
  std::vector<std::vector<std::string>> rows;  // [rows][headings]
};

// One line a row, columns two spaces apart, each line ending in a newline and never in spaces. On a
// terminal that is too narrow the widest column gives way first.
std::string render_table(const Table& table, bool header, const Terminal& terminal);

}  // namespace sweepd::cli
