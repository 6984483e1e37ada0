// Faults of sampler and early-termination policy in a sweep file, as people read them.
#include "tests/sweeps/sweep_file_faults.h"

#include <doctest/doctest.h>

using namespace sweepd::sweeps;

TEST_CASE("sweep file: a bandit needs a slack, and keys of another policy are refused") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1,2]
[stop]
policy="bandit"
evaluation_interval=0
min_peers=2
)toml") ==
        R"text(a.toml:6:8: error: policy bandit needs `slack_factor` or `slack_amount`
    6 | policy="bandit"
      |        ^^^^^^^^
      = help: slack_factor = 0.1 stops what is 10 % worse than the best
a.toml:7:21: error: `evaluation_interval` must be at least 1, got 0
    7 | evaluation_interval=0
      |                     ^
a.toml:8:1: error: `min_peers` belongs to policy median, not to bandit
    8 | min_peers=2
      | ^^^^^^^^^
      = help: leave it out
)text");
}

TEST_CASE("sweep file: a bandit takes one slack, above zero") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1,2]
[stop]
policy="bandit"
slack_factor=0.1
slack_amount=-1
)toml") ==
        R"text(a.toml:8:1: error: policy bandit takes `slack_factor` or `slack_amount`, not both
    8 | slack_amount=-1
      | ^^^^^^^^^^^^
      = help: leave one of them out
a.toml:8:14: error: `slack_amount` must be above 0, got -1
    8 | slack_amount=-1
      |              ^^
)text");
}

TEST_CASE("sweep file: keys of a policy without the policy are refused") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1,2]
[stop]
slack_factor=0.1
max=3
)toml") ==
        R"text(a.toml:6:1: error: `slack_factor` belongs to policy bandit, and no policy is given
    6 | slack_factor=0.1
      | ^^^^^^^^^^^^
      = help: write policy = "bandit"
a.toml:7:1: error: `max` belongs to policy asha, and no policy is given
    7 | max=3
      | ^^^
      = help: write policy = "asha"
)text");
}

TEST_CASE("sweep file: asha needs a range to halve") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1,2]
[stop]
policy="asha"
mode="promote"
max=1
reduction=1
)toml") ==
        R"text(a.toml:7:6: error: mode "promote" is not available in this version of sweepd
    7 | mode="promote"
      |      ^^^^^^^^^
      = help: there is "stop"
a.toml:8:5: error: `max` must be above `min`, got 1 and 1
    8 | max=1
      |     ^
a.toml:9:11: error: `reduction` must be at least 2, got 1
    9 | reduction=1
      |           ^
)text");
}

TEST_CASE("sweep file: an unknown policy comes with the one that was meant") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1,2]
[stop]
policy="medain"
)toml") ==
        R"text(a.toml:6:8: error: unknown policy "medain"
    6 | policy="medain"
      |        ^^^^^^^^
      = help: did you mean "median"?
)text");
}

TEST_CASE("sweep file: truncation needs a percentage") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1,2]
[stop]
policy="truncation"
)toml") ==
        R"text(a.toml:6:8: error: policy truncation needs `truncation_percentage`
    6 | policy="truncation"
      |        ^^^^^^^^^^^^
      = help: truncation_percentage = 20 stops the worst fifth
)text");
}

TEST_CASE("sweep file: a sampler that cannot take the space says why") {
  CHECK(
      faults_of(R"toml(metric = "loss"
command = "p"
[space]
a={uniform=[0,1]}
[search]
sampler="grid"
)toml") ==
      R"text(a.toml:6:9: error: a grid needs finitely many values, and parameter 'a' has a continuous range: give it a step, or use sampler 'sobol'
    6 | sampler="grid"
      |         ^^^^^^
)text");
}

TEST_CASE("sweep file: assignments to try first are checked one by one") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
opt=["sgd","adam"]
mom={uniform=[0,1],when="opt == 'sgd'"}
lr={log_uniform=[1e-3,1]}
[search]
try_first=[{opt="sgd",lr=0.1},{opt="adam",mom=0.5,lr=0.1},{opt="adm",lr=3},{opt="adam",lrr=1}]
)toml") ==
        R"text(a.toml:8:12: error: entry 1 of `try_first` gives no value to `mom`
    8 | try_first=[{opt="sgd",lr=0.1},{opt="adam",mom=0.5,lr=0.1},{opt="adm",lr=3},{opt="adam",lrr=1}]
      |            ^^^^^^^^^^^^^^^^^^
      = help: give every active parameter a value
a.toml:8:31: error: entry 2 of `try_first` gives a value to `mom`, which is inactive there
    8 | try_first=[{opt="sgd",lr=0.1},{opt="adam",mom=0.5,lr=0.1},{opt="adm",lr=3},{opt="adam",lrr=1}]
      |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: it is active when opt == 'sgd'
a.toml:8:64: error: `opt` cannot have this value: adm is not one of the choices
    8 | try_first=[{opt="sgd",lr=0.1},{opt="adam",mom=0.5,lr=0.1},{opt="adm",lr=3},{opt="adam",lrr=1}]
      |                                                                ^^^^^
a.toml:8:73: error: `lr` cannot have this value: 3 is outside [0.001, 1]
    8 | try_first=[{opt="sgd",lr=0.1},{opt="adam",mom=0.5,lr=0.1},{opt="adm",lr=3},{opt="adam",lrr=1}]
      |                                                                         ^
a.toml:8:88: error: unknown parameter `lrr` in `try_first`
    8 | try_first=[{opt="sgd",lr=0.1},{opt="adam",mom=0.5,lr=0.1},{opt="adm",lr=3},{opt="adam",lrr=1}]
      |                                                                                        ^^^
      = help: did you mean `lr`?
)text");
}
