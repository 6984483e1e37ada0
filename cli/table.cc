// Column widths first, then lines; colour is put on after padding, so that it takes no columns.
#include "cli/table.h"

#include <algorithm>
#include <numeric>

namespace sweepd::cli {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 6;  // of a column that gives way

std::vector<std::size_t> natural_widths(const Table& table, bool header) {
  std::vector<std::size_t> widths(table.headings.size(), 0);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    widths[i] = header ? display_width(table.headings[i].title) : 0;
    for (const std::vector<std::string>& row : table.rows) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  return widths;
}

// Takes columns of the terminal from the widest until the line fits or every one is narrow.
void fit(std::vector<std::size_t>& widths, std::size_t columns) {
  if (columns == 0 || widths.empty()) {
    return;
  }
  const std::size_t gaps = kGap * (widths.size() - 1);
  std::size_t total = std::accumulate(widths.begin(), widths.end(), gaps);
  while (total > columns) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowest) {
      return;
    }
    --*widest;
    --total;
  }
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
        const Style style = title                      ? Style::kDim
                            : table_.headings[i].state ? state_style(cells[i])
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

std::string render_table(const Table& raw, bool header, const Terminal& terminal) {
  const Table table = made_printable(raw);
  std::vector<std::size_t> widths = natural_widths(table, header);
  fit(widths, terminal.width);
  Lines lines(table, std::move(widths), terminal);
  if (header) {
    lines.header();
  }
  for (const std::vector<std::string>& row : table.rows) {
    lines.row(row);
  }
  return lines.take();
}

}  // namespace sweepd::cli
