// Every kind of fault in a sweep file, as people read it.
#include "sweeps/sweep_file.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>

using namespace sweepd::sweeps;

namespace {

// The rendered faults of a file; its warnings when it has no fault.
std::string faults_of(std::string_view text) {
  const auto parsed = parse_sweep_file({text, "a", {}});
  if (const auto* faults = std::get_if<std::vector<Diagnostic>>(&parsed)) {
    return render(*faults, "a.toml", text);
  }
  return "no fault, warnings: " + render(std::get<ParsedSweep>(parsed).warnings, "a.toml", text);
}

}  // namespace

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
a.toml:8:9: error: `command` must be a list of texts, not a whole number
    8 | command=5
      |         ^
      = help: write command = ["…"]
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

TEST_CASE("sweep file: each fault of a distribution is shown where it stands") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a={uniform=[1,0]}
b={uniform=[1]}
c={uniform=["a",2]}
d={int=[1.0,5.5]}
e={int=[1,10],step=0}
f={normal=[0,0]}
g={}
h={uniform=[0,1],int=[0,1]}
i={choice=[1,2],weights=[1]}
j={choice=[1,2],weights=[0,0]}
k=[]
l=[{x=1}]
m=[[1]]
n=1979-05-27
o=inf
p={uniform=[0,1],weights=[1,2]}
q={choice=[1],step=1}
r={loguniform=[-6,-1]}
optim.lr={uniform=[0,1]}
"a b"=1
args=1
s={log_uniform=[0,1]}
t={uniform=5}
u={log_uniform=[1e-3,1e-1],when="z > 1"}
v={uniform=[0,1],when="k =="}
w={uniform=[0,1],step="x"}
x={log_uniform=[-4.6,-2.3]}
)toml") ==
        R"text(a.toml:4:12: error: `uniform` has its bounds in the wrong order
    4 | a={uniform=[1,0]}
      |            ^^^^^
      = help: write [0, 1]
a.toml:5:12: error: `uniform` needs 2 numbers, got 1
    5 | b={uniform=[1]}
      |            ^^^
a.toml:6:13: error: `uniform` needs numbers, not text
    6 | c={uniform=["a",2]}
      |             ^^^
a.toml:7:9: error: `int` takes whole numbers, got 1.0
    7 | d={int=[1.0,5.5]}
      |         ^^^
      = help: write 1
a.toml:7:13: error: `int` takes whole numbers, got 5.5
    7 | d={int=[1.0,5.5]}
      |             ^^^
      = help: `uniform` takes numbers with a fraction
a.toml:8:20: error: `step` must be above 0, got 0
    8 | e={int=[1,10],step=0}
      |                    ^
a.toml:9:14: error: `normal` needs a standard deviation > 0, got 0
    9 | f={normal=[0,0]}
      |              ^
      = help: the two numbers are the mean and the standard deviation
a.toml:10:3: error: parameter `g` has no distribution
   10 | g={}
      |   ^^
      = help: for example { uniform = [0, 1] } or { choice = [1, 2] }
a.toml:11:18: error: parameter `h` has two distributions, `uniform` and `int`
   11 | h={uniform=[0,1],int=[0,1]}
      |                  ^^^
      = help: leave one of them out
a.toml:12:25: error: `weights` needs 2 numbers, got 1
   12 | i={choice=[1,2],weights=[1]}
      |                         ^^^
a.toml:13:25: error: the weights are all 0
   13 | j={choice=[1,2],weights=[0,0]}
      |                         ^^^^^
      = help: give one of them a positive weight
a.toml:14:3: error: parameter `k` has no value to choose
   14 | k=[]
      |   ^^
a.toml:15:4: error: a table as a choice (a conditional space) is not available in this version of sweepd
   15 | l=[{x=1}]
      |    ^^^^^
      = help: give the parameters of a branch a `when`
a.toml:16:4: error: parameter `m` cannot have a list as a value
   16 | m=[[1]]
      |    ^^^
      = help: a value is text, a number, true or false
a.toml:17:3: error: parameter `n` cannot have a date or time as a value
   17 | n=1979-05-27
      |   ^^^^^^^^^^
      = help: a value is text, a number, true or false
a.toml:18:3: error: parameter `o` cannot have a number that is not finite as a value
   18 | o=inf
      |   ^^^
a.toml:19:18: error: `weights` does not go with `uniform`
   19 | p={uniform=[0,1],weights=[1,2]}
      |                  ^^^^^^^
      = help: weights belong to a choice
a.toml:20:15: error: `step` does not go with `choice`
   20 | q={choice=[1],step=1}
      |               ^^^^
      = help: list the values
a.toml:21:4: error: unknown distribution `loguniform` for parameter `r`
   21 | r={loguniform=[-6,-1]}
      |    ^^^^^^^^^^
      = help: compat = "hyperdrive" in [space] takes HyperDrive's expressions
a.toml:22:7: error: unknown distribution `lr` for parameter `optim`
   22 | optim.lr={uniform=[0,1]}
      |       ^^
      = help: a name with a dot stands in quotes: "optim.lr" = …
a.toml:23:1: error: `a b` cannot be the name of a parameter
   23 | "a b"=1
      | ^^^^^
      = help: blanks, =, $, { and } cannot be in a name
a.toml:24:1: error: `args` cannot be the name of a parameter
   24 | args=1
      | ^^^^
      = help: ${args} means something else in a command
a.toml:25:17: error: `log_uniform` needs a lower bound > 0, got 0
   25 | s={log_uniform=[0,1]}
      |                 ^
      = help: a logarithmic range cannot reach 0: begin at a small value like 1e-6
a.toml:26:12: error: `uniform` must be a list of 2 numbers, not a whole number
   26 | t={uniform=5}
      |            ^
a.toml:27:34: error: unknown parameter `z`
   27 | u={log_uniform=[1e-3,1e-1],when="z > 1"}
      |                                  ^
      = help: text stands in quotes: optimizer == 'sgd'
a.toml:28:27: error: expected a value, not the end
   28 | v={uniform=[0,1],when="k =="}
      |                           ^
a.toml:29:23: error: `step` must be a number, not text
   29 | w={uniform=[0,1],step="x"}
      |                       ^^^
a.toml:30:17: error: `log_uniform` needs a lower bound > 0, got -4.6
   30 | x={log_uniform=[-4.6,-2.3]}
      |                 ^^^^
      = help: bounds are the real values (2.5e-05), not exponents (-4.6): write [2.5e-05, 0.005]
)text");
}

TEST_CASE("sweep file: faults of conditions and constraints are shown inside of the text") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
opt=["sgd","adam"]
mom={uniform=[0,1],when="optt == 'sgd'"}
m2={uniform=[0,1],when="later > 1"}
later=[1,2]
m3={uniform=[0,1],when="opt + 1"}
m4={uniform=[0,1],when="opt == 'sgd' and"}
m5={uniform=[0,1],when=3}
[search]
constraints=["latr <= 1", "opt == 1", 5]
)toml") ==
        R"text(a.toml:5:26: error: unknown parameter `optt`
    5 | mom={uniform=[0,1],when="optt == 'sgd'"}
      |                          ^^^^
      = help: did you mean `opt`?
a.toml:6:25: error: `later` stands further down
    6 | m2={uniform=[0,1],when="later > 1"}
      |                         ^^^^^
      = help: a condition speaks about parameters above it
a.toml:8:29: error: needs a number here, not text
    8 | m3={uniform=[0,1],when="opt + 1"}
      |                             ^
a.toml:9:40: error: expected a value, not the end
    9 | m4={uniform=[0,1],when="opt == 'sgd' and"}
      |                                        ^
a.toml:10:24: error: `when` must be text, not a whole number
   10 | m5={uniform=[0,1],when=3}
      |                        ^
      = help: put it in quotes
a.toml:12:15: error: unknown parameter `latr`
   12 | constraints=["latr <= 1", "opt == 1", 5]
      |               ^^^^
      = help: did you mean `later`?
a.toml:12:32: error: cannot compare text with a number
   12 | constraints=["latr <= 1", "opt == 1", 5]
      |                                ^
a.toml:12:39: error: `constraints` must be text, not a whole number
   12 | constraints=["latr <= 1", "opt == 1", 5]
      |                                       ^
      = help: put it in quotes
)text");
}

TEST_CASE("sweep file: placeholders that nothing defines are shown inside of the command") {
  CHECK(faults_of(R"toml(metric="loss"
command="python x.py --lr ${lrr} ${data.x} ${HOME} a${args} ${mom} | tee ${x"
[space]
lr=[1,2]
mom={uniform=[0,1],when="lr == 1"}
)toml") ==
        R"text(a.toml:2:27: error: nothing defines `${lrr}`
    2 | command="python x.py --lr ${lrr} ${data.x} ${HOME} a${args} ${mom} | tee ${x"
      |                           ^^^^^^
      = help: did you mean `${lr}`?
a.toml:2:34: error: `${data.x}` is not available in this version of sweepd
    2 | command="python x.py --lr ${lrr} ${data.x} ${HOME} a${args} ${mom} | tee ${x"
      |                                  ^^^^^^^^^
a.toml:2:44: error: nothing defines `${HOME}`
    2 | command="python x.py --lr ${lrr} ${data.x} ${HOME} a${args} ${mom} | tee ${x"
      |                                            ^^^^^^^
      = help: a variable of the environment is ${env.HOME}, a dollar is $$
a.toml:2:53: error: `${args}` must be an argument of its own
    2 | command="python x.py --lr ${lrr} ${data.x} ${HOME} a${args} ${mom} | tee ${x"
      |                                                     ^^^^^^^
      = help: put blanks around it
a.toml:2:61: error: `mom` is not in every trial, so the command cannot name it
    2 | command="python x.py --lr ${lrr} ${data.x} ${HOME} a${args} ${mom} | tee ${x"
      |                                                             ^^^^^^
      = help: leave it out: it is appended where it is active
a.toml:2:68: warning: `|` is given to the program: no shell runs this command
    2 | command="python x.py --lr ${lrr} ${data.x} ${HOME} a${args} ${mom} | tee ${x"
      |                                                                    ^
      = help: shell = true in [run] runs it in /bin/sh
a.toml:2:74: error: the placeholder `${x` is not closed
    2 | command="python x.py --lr ${lrr} ${data.x} ${HOME} a${args} ${mom} | tee ${x"
      |                                                                          ^^^
      = help: end it with }, or write $$ for a dollar
)text");
}

TEST_CASE("sweep file: a command with an open quote names the quote") {
  CHECK(faults_of(R"toml(metric="loss"
command="python 'x"
[space]
lr=[1,2]
)toml") ==
        R"text(a.toml:2:9: error: `command`: the quote ' at column 8 is not closed
    2 | command="python 'x"
      |         ^^^^^^^^^^^
)text");
}

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

TEST_CASE("sweep file: initial values are for all active parameters or for none") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
opt={choice=["sgd","adam"],initial="sgd"}
mom={uniform=[0,1],when="opt == 'sgd'"}
)toml") ==
        R"text(a.toml:4:28: error: `initial` gives no value to `mom`
    4 | opt={choice=["sgd","adam"],initial="sgd"}
      |                            ^^^^^^^
      = help: give every active parameter a value
)text");
}

TEST_CASE("sweep file: HyperDrive's expressions have their own names and arguments") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
compat="hyperdrive"
lr={log_uniform=[1e-6,1]}
b={quniform=[1,10]}
d={randint=0}
e={qnormal=[1,-1,1]}
)toml") ==
        R"text(a.toml:5:5: error: unknown distribution `log_uniform` for parameter `lr`
    5 | lr={log_uniform=[1e-6,1]}
      |     ^^^^^^^^^^^
      = help: with compat = "hyperdrive" the distributions are HyperDrive's: loguniform, quniform, …
a.toml:6:13: error: `quniform` needs 3 numbers, got 2
    6 | b={quniform=[1,10]}
      |             ^^^^^^
a.toml:7:12: error: `randint` needs a whole number above 0
    7 | d={randint=0}
      |            ^
      = help: randint = 4 yields 0, 1, 2 and 3
a.toml:8:12: error: `qnormal` needs a standard deviation > 0, got -1
    8 | e={qnormal=[1,-1,1]}
      |            ^^^^^^^^
)text");
}

TEST_CASE("sweep file: slips of syntax are told in words, all of them") {
  CHECK(faults_of(R"toml(metric = loss
command = "p
x
[space
a=1
[search]
trials = 5 6
seed = 01
[limits]
trial_time = 45m
[stop]
target = .5
stop_on_nan = True
: = 5
[space]
a = [1, 2
b = { uniform = [0, 1]
c = [1 2]
d = [sgd, adam]
é = 4
 e = "\q"
)toml") ==
        R"text(a.toml:1:10: error: `loss` must stand in quotes
    1 | metric = loss
      |          ^^^^
      = help: write metric = "loss"
a.toml:2:11: error: this string is not closed
    2 | command = "p
      |           ^^
      = help: end it with "
a.toml:3:1: error: `x` has no value
    3 | x
      | ^
      = help: write name = value
a.toml:4:1: error: `[space` is not the name of a table
    4 | [space
      | ^^^^^^
      = help: write [search] on a line of its own
a.toml:7:12: error: the line goes on after its value
    7 | trials = 5 6
      |            ^
      = help: one key on each line
a.toml:8:8: error: `01` starts with a zero
    8 | seed = 01
      |        ^^
      = help: write seed = 1
a.toml:10:14: error: `45m` must stand in quotes
   10 | trial_time = 45m
      |              ^^^
      = help: write trial_time = "45m"
a.toml:12:10: error: `.5` needs a digit on both sides of the point
   12 | target = .5
      |          ^^
      = help: write target = 0.5
a.toml:13:15: error: `True` is not a value
   13 | stop_on_nan = True
      |               ^^^^
      = help: write stop_on_nan = true
a.toml:14:1: error: `:` is not a name
   14 | : = 5
      | ^
      = help: a name is of letters, digits, - and _, or in quotes: ":"
a.toml:16:5: error: this list is not closed
   16 | a = [1, 2
      |     ^
      = help: end it with `]`
a.toml:17:5: error: this table is not closed on its line
   17 | b = { uniform = [0, 1]
      |     ^
      = help: end it with `}` on the same line
a.toml:18:8: error: a comma is missing before this
   18 | c = [1 2]
      |        ^
      = help: separate values by commas
a.toml:19:6: error: `sgd` must stand in quotes
   19 | d = [sgd, adam]
      |      ^^^
      = help: write "sgd"
a.toml:20:1: error: `é` is not a name
   20 | é = 4
      | ^
      = help: a name is of letters, digits, - and _, or in quotes: "é"
a.toml:21:8: error: `\q` means nothing in a string with double quotes
   21 |  e = "\q"
      |        ^
      = help: a string in single quotes takes backslashes as they are
)text");
}

TEST_CASE("sweep file: a value inside of a list of several lines is shown on its own line") {
  CHECK(faults_of(R"toml(metric = "loss"
command = "p"
[space]
a = [
 1,
 2,
]
[search]
try_first = [
  { a = 1 },
  { a = 3 },
]
)toml") ==
        R"text(a.toml:11:9: error: `a` cannot have this value: 3 is not one of the choices
   11 |   { a = 3 },
      |         ^
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

TEST_CASE("sweep file: a file without a space has nothing to search") {
  CHECK(faults_of(R"toml(command="p"
[search]
trials=5
)toml") ==
        R"text(a.toml:3:1: error: there is nothing to search: the file has no [space]
    3 | trials=5
      | ^^^^^^
      = help: add [space] with a parameter, or take [search] out
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

TEST_CASE("sweep file: carets stand under the text behind tabs and wide letters") {
  CHECK(faults_of(R"toml(metric="é"
command="p"
[space]
"ü"	=	{ unifrm = [0, 1] }
)toml") ==
        R"text(a.toml:1:8: error: the name `é` does not tell whether less or more of it is better
    1 | metric="é"
      |        ^^^
      = help: write goal = "minimize" or goal = "maximize" in [sweep]
a.toml:4:10: error: unknown distribution `unifrm` for parameter `ü`
    4 | "ü"	=	{ unifrm = [0, 1] }
      |    	 	  ^^^^^^
      = help: did you mean `uniform`?
)text");
}
