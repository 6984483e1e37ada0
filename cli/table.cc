// Columns and their widths first, then lines; colour is put on after padding, so that it takes no
// columns.
#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

namespace sweepd::cli {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kTextNarrowest = 6;   // of free text that gives way
constexpr std::size_t kTitleNarrowest = 4;  // of a title over narrower cells
constexpr std::size_t kNamingColumns = 2;   // at the left, that are never left out
constexpr std::size_t kMarkWidth = 3;       // of the title that counts what was left out

struct Width {
  std::size_t natural = 0;
  std::size_t least = 0;  // what it can be cut to
};

bool is_text(const Heading& heading) {
  return heading.cells == Cells::kText || heading.cells == Cells::kSpareText;
}

bool is_spare(const Heading& heading) {
  return heading.cells == Cells::kSpare || heading.cells == Cells::kSpareText;
}

std::vector<Width> measured(const Table& table, bool header) {
  std::vector<Width> widths;
  for (std::size_t i = 0; i < table.headings.size(); ++i) {
    const std::size_t title = header ? display_width(table.headings[i].title) : 0;
    std::size_t cells = 0;
    for (const std::vector<std::string>& row : table.rows) {
      cells = std::max(cells, display_width(row[i]));
    }
    const std::size_t natural = std::max(title, cells);
    const bool text = is_text(table.headings[i]);
    widths.push_back({natural,
                      text ? std::min(natural, kTextNarrowest)
                           : std::max(cells, std::min(title, kTitleNarrowest))});
  }
  return widths;
}

// Which columns stay when each of them is as narrow as it can be: the last spare ones go first,
// then whatever is last, but never what tells the rows apart.
std::vector<bool> kept_columns(const Table& table,
                               const std::vector<Width>& widths,
                               std::size_t columns) {
  std::vector<bool> kept(widths.size(), true);
  std::size_t total = 0;
  for (const Width& width : widths) {
    total += width.least + kGap;
  }
  const std::size_t room = columns + kGap;  // the last column needs no gap
  bool marked = false;
  for (const bool spare : {true, false}) {
    for (std::size_t i = widths.size(); i-- > (spare ? 0 : kNamingColumns) && total > room;) {
      if (kept[i] && is_spare(table.headings[i]) == spare) {
        total += marked ? 0 : kMarkWidth + kGap;
        marked = true;
        kept[i] = false;
        total -= widths[i].least + kGap;
      }
    }
  }
  return kept;
}

// The table without the others; a title in their place says how many they were.
Table with_columns(const Table& table, const std::vector<bool>& kept) {
  const auto left_out = std::count(kept.begin(), kept.end(), false);
  const auto mark = static_cast<std::size_t>(
      std::distance(kept.begin(), std::find(kept.begin(), kept.end(), false)));
  Table smaller{{}, std::vector<std::vector<std::string>>(table.rows.size())};
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] || i == mark) {
      smaller.headings.push_back(kept[i] ? table.headings[i]
                                         : Heading{fmt::format("+{}", left_out)});
      for (std::size_t row = 0; row < table.rows.size(); ++row) {
        smaller.rows[row].push_back(kept[i] ? table.rows[row][i] : std::string());
      }
    }
  }
  return smaller;
}

enum class Gives { kText, kTitles };

// Takes columns of the terminal from the widest that gives way until the line fits or none does.
void shorten(std::vector<std::size_t>& widths,
             const Table& table,
             const std::vector<Width>& measures,
             Gives gives,
             std::size_t columns) {
  const auto spare = [&](std::size_t i) {
    const bool text = is_text(table.headings[i]);
    return text == (gives == Gives::kText) && widths[i] > measures[i].least ? widths[i] : 0;
  };
  std::size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  while (total > columns) {
    std::size_t widest = 0;
    for (std::size_t i = 1; i < widths.size(); ++i) {
      widest = spare(i) > spare(widest) ? i : widest;
    }
    if (spare(widest) == 0) {
      return;
    }
    --widths[widest];
    --total;
  }
}

std::vector<std::size_t> fitted(const Table& table, bool header, std::size_t columns) {
  const std::vector<Width> measures = measured(table, header);
  std::vector<std::size_t> widths;
  for (const Width& measure : measures) {
    widths.push_back(measure.natural);
  }
  if (columns > 0 && !widths.empty()) {
    shorten(widths, table, measures, Gives::kText, columns);
    shorten(widths, table, measures, Gives::kTitles, columns);
  }
  return widths;
}

Table made_printable(Table table) {
  for (Heading& heading : table.headings) {
    heading.title = printable(heading.title);
  }
  for (std::vector<std::string>& row : table.rows) {
    for (std::string& cell : row) {
      cell = printable(cell);
    }
  }
  return table;
}

class Lines {
 public:
  Lines(const Table& table, std::vector<std::size_t> widths, const Terminal& terminal)
      : table_(table), widths_(std::move(widths)), terminal_(terminal) {}

  void header() {
    std::vector<std::string> titles;
    for (const Heading& heading : table_.headings) {
      titles.push_back(heading.title);
    }
    line(titles, true);
  }

  void row(const std::vector<std::string>& cells) { line(cells, false); }

  std::string take() { return std::move(out_); }

 private:
  void line(const std::vector<std::string>& cells, bool title) {
    std::size_t owed = 0;  // spaces that are written only when something follows
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string text = truncated(cells[i], widths_[i], terminal_.unicode);
      const std::size_t pad = widths_[i] - std::min(widths_[i], display_width(text));
      const bool right = table_.headings[i].align == Align::kRight;
      owed += right ? pad : 0;
      if (!text.empty()) {
        out_.append(owed, ' ');
        owed = 0;
        const Style style = title                                       ? Style::kDim
                            : table_.headings[i].cells == Cells::kState ? state_style(cells[i])
                                                                        : Style::kPlain;
        out_ += styled(text, style, terminal_);
      }
      owed += (right ? 0 : pad) + kGap;
    }
    out_ += '\n';
  }

  const Table& table_;
  std::vector<std::size_t> widths_;
  const Terminal& terminal_;
  std::string out_;
};

}  // namespace

std::string render_table(const Table& table, bool header, const Terminal& terminal) {
  Table shown = made_printable(table);
  if (terminal.width > 0) {
    const std::vector<bool> kept = kept_columns(shown, measured(shown, header), terminal.width);
    shown = with_columns(shown, kept);
  }
  Lines lines(shown, fitted(shown, header, terminal.width), terminal);
  if (header) {
    lines.header();
  }
  for (const std::vector<std::string>& row : shown.rows) {
    lines.row(row);
  }
  return lines.take();
}

}  // namespace sweepd::cli
