// Faults of keys and their values in a sweep file, as people read them.
#include "tests/sweeps/sweep_file_faults.h"

#include <doctest/doctest.h>

using namespace sweepd::sweeps;

TEST_CASE("sweep file: a metric whose name does not tell needs a goal") {
  CHECK(
      faults_of(R"toml(metric = "flops"
command = "p"
[space]
a=[1,2]
)toml") ==
      R"text(a.toml:1:10: error: the name `flops` does not tell whether less or more of it is better
    1 | metric = "flops"
      |          ^^^^^^^
      = help: write goal = "minimize" or goal = "maximize" in [sweep]
)text");
}

TEST_CASE("sweep file: a sweep without metric and command is told about both at once") {
  CHECK(faults_of(R"toml([sweep]
name="x"
[space]
a=[1,2]
[run]
)toml") ==
        R"text(a.toml:1:2: error: the sweep has no metric
    1 | [sweep]
      |  ^^^^^
      = help: metric = "loss", as the script reports or prints it
a.toml:5:2: error: the sweep has no command
    5 | [run]
      |  ^^^
      = help: command = "python train.py"
)text");
}

TEST_CASE("sweep file: a value of the wrong kind is told what it must be") {
  CHECK(faults_of(R"toml([sweep]
name = 5
metric="loss"
tags=["a"]
priority="x"
goal=1
[run]
command=5
shell="yes"
outputs=[1]
cwd="../x"
[limits]
trial_time=45
sweep_time="1x"
grace=true
concurrent=0
[resources]
gpus=0.5
memory="16GiB"
[retry]
on=["agent-lost","exit:x","timout"]
attempts=101
)toml") ==
        R"text(a.toml:2:8: error: `name` must be text, not a whole number
    2 | name = 5
      |        ^
      = help: put it in quotes
a.toml:4:6: error: `tags` must be a table, not a list
    4 | tags=["a"]
      |      ^^^^^
      = help: write tags = { name = "text" }
a.toml:5:10: error: `priority` must be a whole number, not text
    5 | priority="x"
      |          ^^^
a.toml:6:6: error: `goal` must be text, not a whole number
    6 | goal=1
      |      ^
      = help: one of "minimize", "maximize"
a.toml:8:9: error: `command` must be text or a list of arguments, not a whole number
    8 | command=5
      |         ^
      = help: write command = "python train.py"
a.toml:9:7: error: `shell` must be true or false, not text
    9 | shell="yes"
      |       ^^^^^
a.toml:10:10: error: `outputs` must be text, not a whole number
   10 | outputs=[1]
      |          ^
      = help: put it in quotes
a.toml:11:5: error: `cwd` must stay below the working folder, got ../x
   11 | cwd="../x"
      |     ^^^^^^
      = help: each attempt has a working folder of its own
a.toml:13:12: error: `trial_time` needs a unit, got the bare number 45
   13 | trial_time=45
      |            ^^
      = help: write "45s", "45m" or "45h"
a.toml:14:12: error: `sweep_time`: 'x' is not a unit of time: ms, s, m, h, d or w
   14 | sweep_time="1x"
      |            ^^^^
      = help: units are ms, s, m, h, d and w: "90s", "1h30m"
a.toml:15:7: error: `grace` must be a span of time, not true or false
   15 | grace=true
      |       ^^^^
      = help: write it like "45m"
a.toml:16:12: error: `concurrent` must be at least 1, got 0
   16 | concurrent=0
      |            ^
a.toml:18:6: error: a fraction of a GPU is not available in this version of sweepd
   18 | gpus=0.5
      |      ^^^
      = help: write gpus = 1
a.toml:19:1: error: `memory` is not available in this version of sweepd
   19 | memory="16GiB"
      | ^^^^^^
      = help: take it out: what has no effect is refused, not ignored
a.toml:21:5: error: "agent-lost" is no reason for a retry
   21 | on=["agent-lost","exit:x","timout"]
      |     ^^^^^^^^^^^^
      = help: such a trial is always given back, and it costs no attempt: leave it out
a.toml:21:18: error: unknown reason "exit:x" for a retry
   21 | on=["agent-lost","exit:x","timout"]
      |                  ^^^^^^^^
      = help: there are "exit:N", "timeout", "signal", "no-metric", "exec", "oom", "silent"
a.toml:21:27: error: unknown reason "timout" for a retry
   21 | on=["agent-lost","exit:x","timout"]
      |                           ^^^^^^^^
      = help: did you mean "timeout"?
a.toml:22:10: error: `attempts` must be at most 100, got 101
   22 | attempts=101
      |          ^^^
)text");
}

TEST_CASE("sweep file: what a later version will do is refused by its name") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1,2]
[data]
mnist="m"
[env.python]
version="3.11"
[env.vars]
A="1"
"B-C"="2"
SWEEPD_X="1"
[search]
sampler="tpe"
startup=3
[stop]
policy="hyperband"
[distributed]
kind="torch"
[[on_log]]
pattern="x"
[register]
confirm={top=3}
[metrics]
mlflow=true
[[run.file]]
name="c"
)toml") ==
        R"text(a.toml:5:2: error: `[data]` is not available in this version of sweepd
    5 | [data]
      |  ^^^^
      = help: give the path as an argument in [run] command
a.toml:7:6: error: `[env.python]` is not available in this version of sweepd
    7 | [env.python]
      |      ^^^^^^
      = help: name the interpreter in [run] command, or start the container there
a.toml:11:1: error: `B-C` cannot be the name of a variable
   11 | "B-C"="2"
      | ^^^^^
      = help: letters, digits and _, and no digit at the begin
a.toml:12:1: error: `SWEEPD_X` is set by sweepd
   12 | SWEEPD_X="1"
      | ^^^^^^^^
      = help: choose a name that does not begin with SWEEPD_
a.toml:14:9: error: sampler "tpe" is not available in this version of sweepd
   14 | sampler="tpe"
      |         ^^^^^
      = help: there are "grid", "random", "sobol"
a.toml:15:1: error: `startup` is not available in this version of sweepd
   15 | startup=3
      | ^^^^^^^
      = help: take it out: what has no effect is refused, not ignored
a.toml:17:8: error: policy "hyperband" is not available in this version of sweepd
   17 | policy="hyperband"
      |        ^^^^^^^^^^^
      = help: there are "bandit", "median", "truncation", "asha", "none"
a.toml:18:2: error: `[distributed]` is not available in this version of sweepd
   18 | [distributed]
      |  ^^^^^^^^^^^
      = help: take it out: what has no effect is refused, not ignored
a.toml:20:3: error: `[[on_log]]` is not available in this version of sweepd
   20 | [[on_log]]
      |   ^^^^^^
      = help: take it out: what has no effect is refused, not ignored
a.toml:23:1: error: `confirm` is not available in this version of sweepd
   23 | confirm={top=3}
      | ^^^^^^^
      = help: take it out: what has no effect is refused, not ignored
a.toml:25:1: error: `mlflow` is not available in this version of sweepd
   25 | mlflow=true
      | ^^^^^^
      = help: take it out: what has no effect is refused, not ignored
a.toml:26:7: error: `[[run.file]]` is not available in this version of sweepd
   26 | [[run.file]]
      |       ^^^^
      = help: values reach the script as arguments, as SWEEPD_PARAM_<name> and in the file $SWEEPD_PARAMS
)text");
}

TEST_CASE("sweep file: a lease of its own is refused, not ignored") {
  CHECK(faults_of(R"toml(metric = "accuracy"
command = "p"
space.x = [1, 2]
limits.lease = "5m"
)toml") ==
        R"text(a.toml:4:8: error: `lease` is not available in this version of sweepd
    4 | limits.lease = "5m"
      |        ^^^^^
      = help: take it out: what has no effect is refused, not ignored
)text");
}

TEST_CASE("sweep file: an unknown table or key comes with the one that was meant") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
goal="minimize"
foo=1
[space]
a=[1,2]
[search]
method="random"
trails=5
concurrent=3
xyz=1
[serch]
[sweep]
objectives=[]
)toml") ==
        R"text(a.toml:3:1: error: unknown key `goal` outside of tables
    3 | goal="minimize"
      | ^^^^
      = help: `goal` belongs in [sweep]
a.toml:4:1: error: unknown key `foo` outside of tables
    4 | foo=1
      | ^^^
      = help: only `metric` and `command` may stand outside of tables
a.toml:8:1: error: unknown key `method` in [search]
    8 | method="random"
      | ^^^^^^
      = help: did you mean `sampler`?
a.toml:9:1: error: unknown key `trails` in [search]
    9 | trails=5
      | ^^^^^^
      = help: did you mean `trials`?
a.toml:10:1: error: unknown key `concurrent` in [search]
   10 | concurrent=3
      | ^^^^^^^^^^
      = help: `concurrent` belongs in [limits]
a.toml:11:1: error: unknown key `xyz` in [search]
   11 | xyz=1
      | ^^^
      = help: [search] has sampler, trials, seed, constraints, try_first, repeats
a.toml:12:2: error: unknown table [serch]
   12 | [serch]
      |  ^^^^^
      = help: did you mean [search]?
a.toml:14:1: error: `objectives` is not available in this version of sweepd
   14 | objectives=[]
      | ^^^^^^^^^^
      = help: take it out: what has no effect is refused, not ignored
)text");
}

TEST_CASE("sweep file: a stdout rule needs a pattern with a value and a name") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1,2]
[[metrics.stdout]]
pattern="x"
[[metrics.stdout]]
pattern="(?P<value>x)"
[[metrics.stdout]]
name="x"
patern="y"
)toml") ==
        R"text(a.toml:6:9: error: the pattern has no group `value`
    6 | pattern="x"
      |         ^^^
      = help: the number is matched by (?P<value>\S+)
a.toml:8:9: error: neither `name` nor a group (?P<name>…) names the metric
    8 | pattern="(?P<value>x)"
      |         ^^^^^^^^^^^^^^
      = help: name = "loss"
a.toml:9:1: error: [[metrics.stdout]] has no `pattern`
    9 | [[metrics.stdout]]
      | ^^^^^^^^^^^^^^^^^^
      = help: pattern = 'loss (?P<value>\S+)'
a.toml:11:1: error: unknown key `patern` in [[metrics.stdout]]
   11 | patern="y"
      | ^^^^^^
      = help: did you mean `pattern`?
)text");
}

TEST_CASE("sweep file: a table given twice names its first line") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a=[1]
[space]
b=[2]
)toml") ==
        R"text(a.toml:5:1: error: `[space]` is given twice
    5 | [space]
      | ^^^^^^^
      = help: the first one is on line 3
)text");
}
