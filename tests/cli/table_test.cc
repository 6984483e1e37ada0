#include "cli/table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

namespace sweepd::cli {

namespace {

const Table kTable{{{"#", Align::kRight},
                    {"TRIAL"},
                    {"accuracy", Align::kRight},
                    {"STATE", Align::kLeft, Cells::kState}},
                   {{"1", "12/41", "0.9871", "completed"}, {"10", "12/9", "0.99", "running"}}};

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) {
    widest = std::max(widest, display_width(line));
  }
  return widest;
}

}  // namespace

TEST_CASE("table: numbers are aligned right, text left, and no line ends in spaces") {
  CHECK(render_table(kTable, true, Terminal{}) ==
        " #  TRIAL  accuracy  STATE\n"
        " 1  12/41    0.9871  completed\n"
        "10  12/9       0.99  running\n");
}

TEST_CASE("table: without a header its titles take no room") {
  CHECK(render_table(kTable, false, Terminal{}) ==
        " 1  12/41  0.9871  completed\n"
        "10  12/9     0.99  running\n");
}

TEST_CASE("table: an empty cell keeps the columns after it in place") {
  const Table table{{{"A"}, {"B"}, {"C"}}, {{"x", "", "z"}, {"", "y", ""}}};
  CHECK(render_table(table, true, Terminal{}) == "A  B  C\nx     z\n   y\n");
}

TEST_CASE("table: a narrow terminal cuts free text, a pipe nothing") {
  const Table table{{{"NAME", Align::kLeft, Cells::kText}, {"STATE"}},
                    {{std::string(60, 'n'), "running"}}};
  Terminal narrow;
  narrow.width = 30;
  CHECK(widest_line(render_table(table, true, narrow)) == 30);
  CHECK(render_table(table, true, narrow).find("running") != std::string::npos);
  CHECK(widest_line(render_table(table, true, Terminal{})) == 69);
}

TEST_CASE("table: ids and numbers are whole, however narrow the terminal") {
  const Table table{
      {{"MODEL"}, {"learning-rate", Align::kRight}, {"PATH", Align::kLeft, Cells::kText}},
      {{"a-long-name-of-a-model:12", "0.000012345", "outputs/model/best"}}};
  Terminal narrow;
  narrow.width = 47;
  CHECK(render_table(table, true, narrow) ==
        "MODEL                      learning-ra~  PATH\n"
        "a-long-name-of-a-model:12   0.000012345  outpu~\n");
  narrow.width = 10;
  CHECK(render_table(table, true, narrow) ==
        "MODEL                      learning-r~  +1\n"
        "a-long-name-of-a-model:12  0.000012345\n");
}

TEST_CASE("table: columns that do not fit at all are left out from the right and counted") {
  const Heading spare{"p", Align::kRight, Cells::kSpare};
  const Table table{{{"TRIAL"}, spare, spare, spare, {"STATE", Align::kLeft, Cells::kState}},
                    {{"12/1", "0.1111", "0.2222", "0.3333", "completed"}}};
  Terminal narrow;
  narrow.width = 40;
  CHECK(render_table(table, true, narrow) ==
        "TRIAL       p       p       p  STATE\n"
        "12/1   0.1111  0.2222  0.3333  completed\n");
  narrow.width = 32;
  CHECK(render_table(table, true, narrow) ==
        "TRIAL       p  +2  STATE\n"
        "12/1   0.1111      completed\n");
  CHECK(render_table(table, true, Terminal{}) ==
        "TRIAL       p       p       p  STATE\n"
        "12/1   0.1111  0.2222  0.3333  completed\n");
}

TEST_CASE("table: on a very narrow terminal other columns are left out from the right, too") {
  const Heading spare{"p", Align::kRight, Cells::kSpare};
  const Heading text{"WHY", Align::kLeft, Cells::kText};
  const Table table{
      {{"#"}, {"TRIAL"}, spare, {"STATE", Align::kLeft, Cells::kState}, {"TIME"}, text},
      {{"1", "12/1", "0.1111", "completed", "6m12s", "because of something"}}};
  Terminal narrow;
  narrow.width = 30;
  CHECK(render_table(table, true, narrow) ==
        "#  TRIAL  +2  STATE      TIME\n"
        "1  12/1       completed  6m12s\n");
  narrow.width = 24;
  CHECK(render_table(table, true, narrow) ==
        "#  TRIAL  +3  STATE\n"
        "1  12/1       completed\n");
  narrow.width = 4;
  CHECK(render_table(table, true, narrow) == "#  TRI~  +4\n1  12/1\n");
  for (narrow.width = 12; narrow.width < 60; ++narrow.width) {
    CAPTURE(narrow.width);
    CHECK(widest_line(render_table(table, true, narrow)) <= narrow.width);
  }
}

TEST_CASE("table: a text that can be missed is shortened first, and left out before what cannot") {
  const Table table{{{"TRIAL"},
                     {"optimizer", Align::kLeft, Cells::kSpareText},
                     {"STATE", Align::kLeft, Cells::kState}},
                    {{"12/1", "sgd-with-momentum", "completed"}}};
  Terminal narrow;
  narrow.width = 26;
  CHECK(render_table(table, true, narrow) ==
        "TRIAL  optimiz~  STATE\n"
        "12/1   sgd-wit~  completed\n");
  narrow.width = 20;
  CHECK(render_table(table, true, narrow) ==
        "TRIAL  +1  STATE\n"
        "12/1       completed\n");
}

TEST_CASE("table: colour changes no column") {
  Terminal color;
  color.color = true;
  const std::string text = render_table(kTable, true, color);
  CHECK(text.find("\x1b[32mcompleted\x1b[0m") != std::string::npos);
  std::string bare;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else {
      bare += text[i];
    }
  }
  CHECK(bare == render_table(kTable, true, Terminal{}));
}

TEST_CASE("table: a hostile name cannot drive the terminal or break a line") {
  const Table table{{{"NAME"}}, {{"\x1b[2J\nx"}}};
  CHECK(render_table(table, false, Terminal{}) == "\\x1b[2J\\nx\n");
}

}  // namespace sweepd::cli
