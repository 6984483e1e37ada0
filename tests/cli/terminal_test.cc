#include "cli/terminal.h"

#include <doctest/doctest.h>

namespace sweepd::cli {

TEST_CASE("terminal: colour is for terminals, unless a variable says otherwise") {
  CHECK(describe_terminal(true, {}).color);
  CHECK_FALSE(describe_terminal(false, {}).color);
  TerminalVariables variables;
  variables.no_color = "1";
  CHECK_FALSE(describe_terminal(true, variables).color);
  variables.clicolor_force = "1";
  CHECK_FALSE(describe_terminal(true, variables).color);  // NO_COLOR wins
  variables.no_color = "";
  CHECK(describe_terminal(false, variables).color);
  variables.clicolor_force = "0";
  CHECK_FALSE(describe_terminal(false, variables).color);
}

TEST_CASE("terminal: COLUMNS is the width of a terminal where it is one, and of no pipe") {
  TerminalVariables variables;
  variables.columns = "40";
  CHECK(describe_terminal(true, variables).width == 40);
  CHECK(describe_terminal(false, variables).width == 0);
  for (const char* text : {"", "-1", "x", "40x", "99999999999999999999999"}) {
    CAPTURE(text);
    variables.columns = text;
    CHECK(describe_terminal(true, variables).width == 0);
  }
}

TEST_CASE("terminal: block characters need a UTF-8 locale and no dumb terminal") {
  TerminalVariables variables;
  CHECK_FALSE(describe_terminal(true, variables).unicode);
  variables.locale = "en_US.UTF-8";
  CHECK(describe_terminal(true, variables).unicode);
  variables.locale = "C.utf8";
  CHECK(describe_terminal(true, variables).unicode);
  variables.term = "dumb";
  CHECK_FALSE(describe_terminal(true, variables).unicode);
  CHECK_FALSE(describe_terminal(true, variables).color);
  variables.term = "xterm";
  variables.locale = "C";
  CHECK_FALSE(describe_terminal(true, variables).unicode);
}

}  // namespace sweepd::cli
