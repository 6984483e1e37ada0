// Sweep files that say less than they seem to: few assignments, and conditions that never hold.
#include "tests/sweeps/sweep_file_faults.h"

#include <doctest/doctest.h>

#include <string>

using namespace sweepd::sweeps;

namespace {

// The warnings of a good file whose tables from [space] on are these, after three lines.
std::string told(const std::string& tables) {
  return faults_of("metric = \"loss\"\ncommand = \"p\"\n\n" + tables);
}

const std::string kNothing = "no fault, warnings: ";

}  // namespace

TEST_CASE("sweep file: a grid with fewer points than trials says how many there will be") {
  CHECK(
      told("[space]\na = [1, 2, 3]\n[search]\nsampler = \"grid\"\ntrials = 50\n") ==
      R"(no fault, warnings: a.toml:8:10: warning: the grid has only 3 points: there will be 3 trials
    8 | trials = 50
      |          ^^
      = help: without `trials` it is the whole grid
)");
  CHECK(told("[space]\na = [1]\n[search]\nsampler = \"grid\"\ntrials = 9\nrepeats = 2\n")
            .find("the grid has only 1 point, 2 times each: there will be 2 trials") !=
        std::string::npos);
  CHECK(told("[space]\na = [1, 2, 3]\n[search]\nsampler = \"grid\"\ntrials = 3\n") == kNothing);
  CHECK(told("[space]\na = [1, 2, 3]\n[search]\nsampler = \"grid\"\n") == kNothing);
  CHECK(told("[space]\na = [1, 2]\n[search]\nsampler = \"grid\"\ntrials = 3\n"
             "try_first = [{ a = 2 }]\n") == kNothing);
}

TEST_CASE("sweep file: other samplers try the assignments of a small space again") {
  CHECK(
      told("[space]\na = [1, 2, 3]\n") ==
      R"(no fault, warnings: a.toml:4:2: warning: the space has only 3 assignments: 50 trials (the default) will try some of them again
    4 | [space]
      |  ^^^^^
      = help: sampler = "grid" in [search] tries each once
)");
  CHECK(told("[space]\na = 1\n[search]\nsampler = \"random\"\ntrials = 2\n")
            .find("a.toml:8:10: warning: the space has only 1 assignment: 2 trials will try") !=
        std::string::npos);
  CHECK(told("[space]\na = [1, 2]\n[search]\nsampler = \"random\"\ntrials = 2\n") == kNothing);
  CHECK(told("[space]\na = { uniform = [0, 1] }\n") == kNothing);
}

TEST_CASE("sweep file: values that a condition waits for in vain are told with the nearest") {
  CHECK(told(R"([space]
opt = ["sgd", "adam"]
layers = { int = [1, 4] }
m = { uniform = [0, 1], when = "opt == 'sdg' and layers in [2, 9]" }
b = { uniform = [0, 1], when = "opt != \"adem\"" }
w = [32, 64]
lr = { uniform = [0, 1] }
[search]
constraints = ["w != 65", "'lion' != opt", "lr != 2"]
)") ==
        R"(no fault, warnings: a.toml:7:40: warning: `opt` is never 'sdg'
    7 | m = { uniform = [0, 1], when = "opt == 'sdg' and layers in [2, 9]" }
      |                                        ^^^^^
      = help: did you mean 'sgd'?
a.toml:7:64: warning: `layers` is never 9
    7 | m = { uniform = [0, 1], when = "opt == 'sdg' and layers in [2, 9]" }
      |                                                                ^
      = help: it is a whole number from 1 to 4
a.toml:8:40: warning: `opt` is never 'adem'
    8 | b = { uniform = [0, 1], when = "opt != \"adem\"" }
      |                                        ^^^^^^^^
      = help: did you mean 'adam'?
a.toml:12:22: warning: `w` is never 65
   12 | constraints = ["w != 65", "'lion' != opt", "lr != 2"]
      |                      ^^
      = help: the nearest that it can be is 64
a.toml:12:28: warning: `opt` is never 'lion'
   12 | constraints = ["w != 65", "'lion' != opt", "lr != 2"]
      |                            ^^^^^^
      = help: it is 'sgd', 'adam'
a.toml:12:51: warning: `lr` is never 2
   12 | constraints = ["w != 65", "'lion' != opt", "lr != 2"]
      |                                                   ^
      = help: it is from 0 to 1
)");
}

TEST_CASE("sweep file: values that a parameter can have are none of our business") {
  CHECK(told(R"([space]
batch = [32, 64.0]
q = { uniform = [0, 1], step = 0.1 }
lr = { uniform = [0, 1] }
m = { uniform = [0, 1], when = "batch == 64 and q == 0.3 and lr == 1" }
n = { normal = [0, 1] }
k = { uniform = [0, 1], when = "n == 17 or batch + 1 == 33 or batch == -1" }
)") == kNothing);
}

TEST_CASE("sweep file: a condition that never holds is told where it stands") {
  CHECK(told(R"([space]
opt = ["sgd", "adam"]
m = { uniform = [0, 1], when = "opt == 'sgd' and opt == 'adam'" }
lr = { uniform = [0, 1] }
)") ==
        R"(no fault, warnings: a.toml:6:32: warning: this never holds: no trial has `m`
    6 | m = { uniform = [0, 1], when = "opt == 'sgd' and opt == 'adam'" }
      |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: it speaks about values that do not occur together
)");
}

TEST_CASE("sweep file: of a large file only so much is told as can be found out at once") {
  std::string tables = "[space]\nc = [";
  for (int i = 0; i < 10'000; ++i) {
    tables += std::to_string(i * 1'000) + ", ";
  }
  tables += "]\n";
  for (int i = 0; i < 250; ++i) {
    const std::string number = std::to_string(i);
    tables += "p" + number + " = { uniform = [0, 1], when = \"c + " + number + " < 0\" }\n";
  }
  const std::string said = told(tables);
  CHECK(said.find("no trial has `p0`") != std::string::npos);
  CHECK(said.find("no trial has `p80`") != std::string::npos);
  CHECK(said.find("no trial has `p249`") == std::string::npos);
}

TEST_CASE("sweep file: constraints that leave nothing are an error at the one that does") {
  CHECK(told(R"([space]
a = [1, 2, 3]
lr = { uniform = [0, 1] }
[search]
constraints = ["a > 1", "lr < 0.5", "a < 2"]
)") ==
        R"(a.toml:8:37: error: no assignment satisfies this and what stands before it
    8 | constraints = ["a > 1", "lr < 0.5", "a < 2"]
      |                                     ^^^^^^^
      = help: the values of the parameters are in [space]
)");
  CHECK(told("[space]\na = [1, 2]\n[search]\nsampler = \"grid\"\nconstraints = [\"a > 2\"]\n")
            .find("a.toml:8:16: error: no assignment satisfies this\n") != std::string::npos);
}

TEST_CASE("sweep file: what only the whole shows has a place as well") {
  CHECK(told("[space]\na = { uniform = [0, 1] }\n[search]\nconstraints = [\"a > 2\"]\n") ==
        R"(a.toml:7:15: error: search.constraints: hardly any assignment satisfies them
    7 | constraints = ["a > 2"]
      |               ^^^^^^^^^
)");
  CHECK(told("[space]\na = { uniform = [0, 1] }\n[search]\ntrials = 1\n"
             "try_first = [{ a = 0 }, { a = 1 }]\n") ==
        R"(a.toml:8:13: error: search.try_first: 2 entries are more than 1 trial
    8 | try_first = [{ a = 0 }, { a = 1 }]
      |             ^^^^^^^^^^^^^^^^^^^^^^
)");
  CHECK(told("[space]\na = { int = [1, 1000] }\nb = { int = [1, 100000] }\n[search]\n"
             "sampler = \"grid\"\n")
            .find("a.toml:7:2: error: search.trials: the grid has more than") == 0);
}

TEST_CASE("sweep file: an empty expression, and one over several lines") {
  CHECK(told("[space]\na = [1, 2]\n[search]\nconstraints = [\"\"]\n") ==
        R"(a.toml:7:17: error: expected a value, not the end
    7 | constraints = [""]
      |                 ^
)");
  CHECK(told("[space]\na = [1, 2]\n[search]\nconstraints = [\"\"\"\na < \"\"\"]\n")
            .find("a.toml:7:16: error: expected a value, not the end") == 0);
}

TEST_CASE("sweep file: a fault in an expression is shown at its word, escapes or not") {
  CHECK(told(R"([space]
opt = ["sgd", "adam"]
a = { uniform = [0, 1], when = "\u006fpt == \"sgd\" && true" }
b = { uniform = [0, 1], when = "opt == 'a' or optt == 'b'" }
[search]
constraints = ['opt == "sgd" or opt < 1', "a and b"]
)") ==
        R"(a.toml:6:53: error: write 'and' here
    6 | a = { uniform = [0, 1], when = "\u006fpt == \"sgd\" && true" }
      |                                                     ^
a.toml:7:47: error: unknown parameter `optt`
    7 | b = { uniform = [0, 1], when = "opt == 'a' or optt == 'b'" }
      |                                               ^^^^
      = help: did you mean `opt`?
a.toml:9:37: error: cannot compare text with a number
    9 | constraints = ['opt == "sgd" or opt < 1', "a and b"]
      |                                     ^
a.toml:9:46: error: needs true or false here, not a number
    9 | constraints = ['opt == "sgd" or opt < 1', "a and b"]
      |                                              ^^^
)");
}
