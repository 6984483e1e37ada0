// The door stdout: metrics in the lines that training scripts print.
#pragma once

#include "agent/doors/points.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::agent {

// A pattern of the sweep file. With the groups `name` and `value` it finds any metric; any other
// named group is the value of the metric of that name; without named groups the first group is the
// value of the metric `name`.
struct UserRule {
  std::string pattern;  // RE2
  std::string name;
};

struct StdoutOptions {
  bool built_in = true;   // the rules below
  std::string objective;  // found in any spelling that people print it in; may be empty
  std::vector<UserRule> rules;
  // The hyperparameters of the trial as SWEEPD_PARAM_<name> has them: what a script prints back of
  // them is no result.
  Points given = {};
};

// Reads the lines of one stream. Built-in rules:
//   name: value   name=value   'name': value   "name": value     names are plausible identifiers
//   the objective also as `name value`, `name is value`, in any case, and as `name: 9/10`, a ratio
//   epoch, step, iter, batch, global_step also as `Epoch 3`, `Epoch 3/10`, `Epoch [3/10]`
//   `Attempted to log scalar metric NAME:` and the value on the next line (azureml away from Azure)
// A value is a decimal number, nan or inf, with an optional percent sign, and nothing glued to it
// but punctuation: `3s`, `10:30` and `1.2.3` are none, and `3 s` is none but of the objective. Not
// taken, unless they are the objective: arguments of a call, as in `Namespace(lr=0.1)`, and
// hyperparameters with their value, rounded as it is printed; but the counts above always say how
// far the trial is. A line may be a progress bar that was redrawn: only what stood after the last
// carriage return counts, and `42%|` never does.
class StdoutRules {
 public:
  // Patterns that RE2 refuses are an error that names them.
  static Result<StdoutRules> make(StdoutOptions options);

  ~StdoutRules();
  StdoutRules(StdoutRules&& other) noexcept;
  StdoutRules& operator=(StdoutRules&& other) noexcept;

  // What the line reports. A line that only counts progress (`Epoch 3/10`) reports nothing, and its
  // counts accompany what follows until they are counted on.
  Points read_line(std::string_view line);

 private:
  struct Impl;
  explicit StdoutRules(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The line as a terminal would show it: without colours and cursor movements, after the last
// carriage return that something follows.
std::string as_shown(std::string_view line);

}  // namespace sweepd::agent
