// Tables in aligned columns that fit the terminal; in a pipe nothing is cut.
#pragma once

#include "cli/terminal.h"
#include "cli/text.h"

#include <string>
#include <vector>

namespace sweepd::cli {

// What a column holds decides what becomes of it where a terminal has no room for all.
enum class Cells {
  kExact,  // ids and numbers: never cut
  kState,  // as those, and shown in the colours of states
  kText,   // free text: shortened
  kSpare,  // never cut, but left out when shortening is not enough: what can be missed first, as
           // one column a parameter or metric
  kSpareText,  // shortened, and then left out like those
};

struct Heading {
  std::string title;
  Align align = Align::kLeft;
  Cells cells = Cells::kExact;
};

struct Table {
  std::vector<Heading> headings;
  std::vector<std::vector<std::string>> rows;  // [rows][headings]
};

// One line a row, columns two spaces apart, each line ending in a newline and never in spaces. On a
// terminal that is too narrow the widest free text gives way first, then titles that are wider than
// their cells. Where that is not enough, spare columns are left out from the right, then others
// from the right but the first two, and counted in a title `+3`. What is exact is written whole or
// not at all, the first two columns even where they take more than the width.
std::string render_table(const Table& table, bool header, const Terminal& terminal);

}  // namespace sweepd::cli
