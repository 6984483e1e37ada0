#include "cli/text.h"

#include <doctest/doctest.h>

namespace sweepd::cli {

TEST_CASE("text: width counts columns, not bytes") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("é") == 1);
  CHECK(display_width("e\u0301") == 1);  // e with a combining accent
  CHECK(display_width("日本") == 4);
  CHECK(display_width("\U0001F600") == 2);
  CHECK(display_width("\xff\xfe") == 2);
  CHECK(display_width("\xe6\x97") == 2);  // a character cut in two
}

TEST_CASE("text: cutting never splits a character and never exceeds the width") {
  CHECK(truncated("abcdef", 6, true) == "abcdef");
  CHECK(truncated("abcdef", 4, true) == "abc…");
  CHECK(truncated("abcdef", 4, false) == "abc~");
  CHECK(truncated("日本語", 4, true) == "日…");
  CHECK(truncated("abc", 0, true).empty());
  for (std::size_t width = 0; width < 8; ++width) {
    CHECK(display_width(truncated("a日b本c語", width, true)) <= width);
  }
}

TEST_CASE("text: padding aligns by columns") {
  CHECK(padded("日", 4, Align::kRight) == "  日");
  CHECK(padded("ab", 4, Align::kLeft) == "ab  ");
  CHECK(padded("abcde", 4, Align::kLeft) == "abcde");
}

TEST_CASE("text: nothing that drives a terminal passes") {
  CHECK(printable("\x1b[2Jname") == "\\x1b[2Jname");
  CHECK(printable("a\nb") == "a\\nb");
  CHECK(printable("a\tb") == "a\\x09b");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");           // CSI as one character
  CHECK(printable("\u202Eabc") == "\\xe2\\x80\\xaeabc");  // right-to-left override
  CHECK(printable("\xff") == "\\xff");
  CHECK(printable("grün 日本") == "grün 日本");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");  // overlong
}

TEST_CASE("text: logs keep their lines, and a redrawn line becomes lines") {
  CHECK(printable_log("a\tb\nc") == "a\tb\nc");
  CHECK(printable_log("a\r\nb") == "a\nb");
  CHECK(printable_log("10%\r20%\r") == "10%\n20%\n");
  CHECK(printable_log("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
}

TEST_CASE("text: quoting for a shell is bare where it can be") {
  CHECK(shell_quoted("--lr=0.1") == "--lr=0.1");
  CHECK(shell_quoted("") == "''");
  CHECK(shell_quoted("a b") == "'a b'");
  CHECK(shell_quoted("it's $5") == "'it'\\''s $5'");
}

TEST_CASE("text: a fact is a line, and one that is not there is none") {
  CHECK(fact("state", "a\nb") == "  state     a\\nb\n");
  CHECK(fact("state", "").empty());
}

}  // namespace sweepd::cli
