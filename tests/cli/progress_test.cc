#include "cli/progress.h"

#include <doctest/doctest.h>

#include <limits>
#include <sstream>

namespace sweepd::cli {

TEST_CASE("progress: a bar is full only when everything is done, and survives nonsense") {
  CHECK(bar_text(0, 4, false) == "[----]");
  CHECK(bar_text(0.5, 4, false) == "[##--]");
  CHECK(bar_text(0.999, 4, false) == "[###-]");
  CHECK(bar_text(1, 4, true) == "▕████▏");
  CHECK(bar_text(7, 4, false) == "[####]");
  CHECK(bar_text(std::numeric_limits<double>::quiet_NaN(), 2, false) == "[--]");
}

TEST_CASE("progress: rate and time left appear once there is a rate") {
  CHECK(progress_text({"uploading", 5, 10, false, 100'000}, false) ==
        "uploading  [##########----------] 5 of 10");
  CHECK(progress_text({"uploading", 1024 * 1024, 4 * 1024 * 1024, true, 2'000'000}, false) ==
        "uploading  [#####---------------] 1.0 MiB of 4.0 MiB, 512 KiB/s, 6s left");
  CHECK(progress_text({"x", 10, 10, false, 1'000'000}, false).find("left") == std::string::npos);
}

TEST_CASE("progress: a pipe gets a line at each tenth, on stderr alone") {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err, Terminal{}, Terminal{}};
  {
    Progress progress(console, "sweep 12", false);
    for (std::uint64_t done = 0; done <= 100; ++done) {
      progress.update(done, 100);
    }
  }
  CHECK(out.str().empty());
  CHECK(err.str().find("sweep 12: 10 of 100\nsweep 12: 20 of 100\n") == 0);
  CHECK(err.str().find('\r') == std::string::npos);
  CHECK(err.str().find("sweep 12: 100 of 100\n") != std::string::npos);
}

TEST_CASE("progress: a terminal gets one line that is drawn over, no wider than it is") {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal;
  terminal.tty = true;
  terminal.width = 20;
  Console console{in, out, err, Terminal{}, terminal};
  {
    Progress progress(console, "uploading a folder", false);
    progress.update(3, 3);
  }
  CHECK(err.str() == "\ruploading a folder~\x1b[K\ruploading a folder~\x1b[K\n");
}

}  // namespace sweepd::cli
