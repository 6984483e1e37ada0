// The picture of watch keeps within the terminal.
#include "cli/screen.h"

#include "cli/text.h"
#include "tests/cli/canned.h"

#include <doctest/doctest.h>

namespace sweepd::cli {

TEST_CASE("screen: never higher or wider than the terminal, whatever is shown") {
  WatchView view;
  view.sweep = sweep("running");
  view.sweep.set_name(std::string(300, 'n') + "\x1b[2J");
  for (std::uint32_t i = 0; i < 50; ++i) {
    view.values.push_back(i);
    view.running.push_back(trial(i, "running", i));
    view.events.push_back(std::string(200, 'e'));
  }
  view.resource_max = 20;
  Terminal terminal;
  terminal.tty = true;
  terminal.unicode = true;
  for (const std::size_t width : {20U, 80U, 200U}) {
    for (const std::size_t height : {1U, 5U, 24U, 60U}) {
      terminal.width = width;
      terminal.height = height;
      const std::vector<std::string> lines = draw(view, terminal);
      CHECK(lines.size() <= height);
      for (const std::string& line : lines) {
        CHECK(display_width(line) <= width);
        CHECK_FALSE(contains(line, "\x1b"));
      }
    }
  }
}

}  // namespace sweepd::cli
