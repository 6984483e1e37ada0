// Faults of a sweep file on their way from where they are found to the people who read them.
#pragma once

#include "sweeps/sweep_file.h"
#include "sweeps/toml_tree.h"

#include <string>
#include <vector>

namespace sweepd::sweeps {

// Collects faults in any order and gives them back in the order of the file.
class Faults {
 public:
  // overrides: "search.trials=5", …; they name the faults whose place has an origin
  explicit Faults(std::vector<std::string> overrides = {}) : overrides_(std::move(overrides)) {}

  void error(const Place& place, std::string message, std::string help = {});
  void warning(const Place& place, std::string message, std::string help = {});
  // An error about something absent: not raised once a part of the file could not be read, because
  // the absent thing may stand there.
  void missing(const Place& place, std::string message, std::string help = {});

  void part_unreadable() { part_unreadable_ = true; }

  bool any_error() const { return errors_ > 0; }

  std::size_t errors() const { return errors_; }

  // The faults in the order of the file, those of overrides and of the whole file last.
  std::vector<Diagnostic> in_file_order() const;

 private:
  void add(const Place& place, Diagnostic diagnostic);

  std::vector<std::string> overrides_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
  bool part_unreadable_ = false;
};

}  // namespace sweepd::sweeps
