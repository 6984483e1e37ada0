// Faults of syntax and of the command in a sweep file, and where their carets stand.
#include "tests/sweeps/sweep_file_faults.h"

#include <doctest/doctest.h>

using namespace sweepd::sweeps;

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
