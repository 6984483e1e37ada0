// Faults of the search space in a sweep file, as people read them.
#include "tests/sweeps/sweep_file_faults.h"

#include <doctest/doctest.h>

using namespace sweepd::sweeps;

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
      |                                ^^
a.toml:12:39: error: `constraints` must be text, not a whole number
   12 | constraints=["latr <= 1", "opt == 1", 5]
      |                                       ^
      = help: put it in quotes
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
