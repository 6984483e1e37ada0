// Running a piece of work in a process of its own, so that its end ends nothing else.
#pragma once

#include <functional>
#include <string>

namespace sweepd::power {

struct ChildEnd {
  int exit_code = 0;
  int signal = 0;  // that ended it; 0: none

  bool good() const { return exit_code == 0 && signal == 0; }

  std::string words() const;
};

// Waits for it; ended by SIGALRM when it takes too long. The caller has one thread only.
ChildEnd run_child(const std::function<void()>& work);

}  // namespace sweepd::power
