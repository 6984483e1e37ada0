// sweepctl: the command line of sweepd.
#include "cli/cli.h"

#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  using namespace sweepd::cli;
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  Console console{
      std::cin, std::cout, std::cerr, terminal_of(STDOUT_FILENO), terminal_of(STDERR_FILENO)};
  return run_cli(std::vector<std::string>(argv + 1, argv + argc), console);
}
