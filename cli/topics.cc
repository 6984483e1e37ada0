// Help that belongs to no single verb.
#include "cli/topics.h"

#include <array>

namespace sweepd::cli {

namespace {

struct Topic {
  std::string_view name;
  std::string_view text;
};

constexpr std::string_view kExitCodes = R"(Exit codes

    0  success
    1  unexpected error
    2  bad usage, or an invalid sweep file
    3  the daemon cannot be reached, or its disk has no room for what was asked
    4  not allowed
    5  no such object
    6  wrong state for the request
    7  --timeout passed
    8  `wait`, `submit --wait` and `submit --watch`: it ended, and not successfully, or
       paused itself because its first trials failed
    9  can never run here
  125  `run` only: sweepd failed, not the command. Any other code of `run` is
       the command's own; 128+N when signal N ended it
  130  interrupted; the work goes on unless the text says otherwise
)";

constexpr std::string_view kSelectors = R"(Selectors: how sweeps, trials and attempts are named

  12            a sweep (or job)
  last          the newest sweep
  mnist         the sweep with this name; a beginning will do that no other name has
  12/7          trial 7 of sweep 12
  12/7#2        its second attempt
  12/best       the best trial; 12/last: the one with the highest number
  12/failed     the trials in a state: queued, preparing, running, stopping, finishing,
                completed, pruned, failed or cancelled
  12/all        every trial
  12/1-8        trials 1 to 8
  12/1-8:2      every second of them: 1, 3, 5, 7
  12/1,4,6-8    some of them

Before the slash there may be any name of a sweep: last/best, mnist/failed. `trial ls`,
`kill` and `retry` take several trials at once; where one is looked at, as by `show`,
`logs` and `wait`, the selector must name one. An attempt belongs to one trial. No
selector has characters that a shell would change, unless the name of a sweep has.
)";

constexpr std::string_view kFormatting = R"(Formatting: the options of every command that reads

  --json           JSON; lists are arrays, streams print one object a line
  --json=a,b       only these fields; parameters go by their own name or params.NAME
  --csv            RFC 4180, one column a field, params.NAME, metrics.NAME
  --quiet, -q      ids only, one a line
  --no-header      tables and CSV without their first line
  --sort FIELD     ascending; FIELD:desc for descending; null comes last
  --where 'F op V' only rows that meet it; may be repeated, then all must hold
  --limit N        at most N rows; 0: all

`logs`, `watch`, `wait` and `check` tell one thing after the other and have no rows: of
these options they take --json and --json=a,b. The objects of `logs` are lines: trial,
attempt, stream, text. Commands that change something take --json alone. What `stop`,
`kill` and their like print has the state of the sweep after the change (null when it
cannot be found out) and, as `ordered`, what was asked for: trials may still be on their
way. `submit --json` prints the submission, with --wait then the sweep as it ended, with
--watch the objects of `watch`; with --dry-run what would run. When it fails it prints an
object a fault, like those of `check --json`; line and column are null where no place in
the file is to blame.

In a condition op is one of = (or ==) != < <= > >= and ~ (contains). Numbers compare
as numbers (`value < 10`), text as text by its bytes (`state = failed`), absent
values and NaN meet only !=. A field is one of --json, by its own name or, of
parameters and metrics, params.NAME, metrics.NAME or NAME alone. A field that no
row can have is an error that lists the fields.

Data goes to stdout, everything said about it to stderr. On a terminal states are
coloured and tables keep within its width: free text is shortened, never an id or a
number; columns that do not fit are left out from the right, parameters and metrics
first, and counted in a title like +3. In a pipe nothing is cut, left out or coloured.

In JSON, times are ISO 8601 in UTC and absent values null. JSON has no NaN and no
infinity: such a number is null, and the object has a member `nonfinite` with the
text, like {"value": null, "nonfinite": {"value": "nan"}}. CSV writes nan, inf, -inf.
Fields may be added in later versions; none changes its name, type or meaning.
)";

constexpr std::string_view kEnvironment = R"(Environment variables

of sweepctl
  SWEEPD_SERVER     where the daemon listens (default tcp://127.0.0.1:7700);
                    --server wins; only addresses of this machine, since connections
                    are not encrypted yet: tunnel to others with ssh -L
  NO_COLOR          no colour, whatever its text
  CLICOLOR_FORCE    colour in pipes, too, unless it is 0
  LC_ALL LC_CTYPE LANG   a UTF-8 one allows block and braille characters
  TERM              `dumb`: neither colour nor drawing
  COLUMNS           the width of a terminal, instead of what it says itself

of the programs that sweepd runs
  SWEEPD_SWEEP_ID SWEEPD_TRIAL_ID SWEEPD_ATTEMPT   who they are
  SWEEPD_PARAMS           a JSON file with the hyperparameters
  SWEEPD_PARAM_<name>     one hyperparameter
  SWEEPD_METRICS          the file that metrics can be appended to (help metrics)
  SWEEPD_OUTPUTS SWEEPD_LOGS   folders that are collected
  SWEEPD_DEADLINE         when limits.trial_time ends it, in seconds since 1970
  CUDA_VISIBLE_DEVICES    its GPUs by UUID, none of a CPU slot; CUDA_DEVICE_ORDER=PCI_BUS_ID
  OMP_NUM_THREADS         resources.cpus
  PYTHONUNBUFFERED=1      so that a metric is seen when it is printed

[env.vars] of the sweep file sets others, and the last two.
)";

constexpr std::string_view kSweepFile = R"(The sweep file: TOML

  metric  = "loss"
  command = "python train.py"
  [space]
  lr = { log_uniform = [1e-4, 1e-1] }

is a complete one. A fuller one:

  [sweep]
  name   = "digits"
  metric = "accuracy"
  goal   = "maximize"
  [run]
  command = "python train.py --epochs 20 --lr ${lr}"   # the others are appended: --batch 64
  code    = "."                 # this folder is shipped, minus .sweepignore
  [space]
  lr    = { log_uniform = [1e-4, 1e-1] }   # real values, both ends included
  batch = [32, 64, 128]                    # a list is a choice
  depth = { int = [1, 4] }
  seed  = 7                                # a scalar is a constant
  [search]
  sampler = "sobol"             # grid, random, sobol
  trials  = 50
  [stop]
  policy  = "asha"              # none, bandit, median, truncation, asha
  max     = 20                  # epochs of a full trial
  [limits]
  concurrent = 8
  trial_time = "45m"            # a duration always has its unit
  silence    = "10m"            # the longest time without a metric or output

`sweepctl check FILE` finds every fault with line, column and a suggestion, and warns of
a script that the code folder lacks; `sweepctl submit FILE --dry-run` shows what would
run, and runs nothing.

Every key. In brackets is what holds when it is left out; a key that is not here is
refused. Durations have a unit: "90s", "45m", "2h".

  [sweep]         metric may also stand outside of tables, and so may command of [run]
    name          of the sweep                                           [the file's]
    experiment    sweeps that belong together                            [the name]
    metric        the objective, as the script reports it
    goal          "minimize" or "maximize"     [as the metric is called: loss, accuracy, …]
    reduce        which report counts: "best", "last", "mean_last:5"     ["best"]
    tags          { key = "text" }
    notes         shown by `sweepctl show`
    priority      -1000 to 1000: the higher is served first              [0]
  [run]
    command       a text, split as a shell would and run by none, or a list of arguments.
                  ${NAME} is a parameter, ${args} are those not named, ${outputs} and
                  ${logs} the folders, ${env.NAME} a variable of the agent; also
                  ${sweep.id}, ${trial.id}; $$ is a dollar
    shell         true: the command is a line for /bin/sh                [false]
    args          how parameters that are not named are appended: "--key value",
                  "--key=value", "key=value", "none"                     ["--key value"]
    bool          how true and false are: "value" (--x true), "flag" (--x, or nothing),
                  "no-flag" (--x, or --no-x)                             ["value"]
    code          the folder that is shipped; "" for none                ["."]
    cwd           where in it the command starts                         [at its top]
    outputs       folders that are kept when a trial ends                [["outputs"]]
    logs          the same                                               [["logs"]]
    keep          whose outputs and logs stay: 3 is those of the best three trials that
                  left any, "best" of one; the others' go as soon as there are better
                  ones, and cannot be had or registered any more. What was printed and
                  reported stays, and so do registered models              ["all"]
  [env.vars]      NAME = "text": variables of the program
  [space]         a parameter a line: a list, a scalar or { DISTRIBUTION, MODIFIERS }
    uniform = [a, b], log_uniform = [a, b], int = [a, b], log_int = [a, b],
    normal = [mean, deviation], log_normal = [mean, deviation], choice = [value, …]
    step          only multiples of it
    weights       of a choice, one a value
    when          "optimizer == 'sgd'": only in trials where that holds
    initial       a value to try first, when every parameter has one
    compat        "hyperdrive": its distributions instead, randint, quniform, loguniform, …
  [search]
    sampler       "sobol", "random", "grid"                              ["sobol"]
    trials        how many                                               [50; all of a grid]
    seed          another one gives other values                         [0]
    repeats       of each point of a grid                                [1]
    constraints   ["width * depth <= 8192"]: all must hold
    try_first     [{ lr = 0.1, batch = 32 }]: before all others
  [stop]
    policy        "none", "bandit", "median", "truncation", "asha"       ["none"]
    time          the reported field that is the resource                [counts reports]
    evaluation_interval     judges at its multiples; not asha            [1]
    delay_evaluation        judges nothing below it; not asha            [0]
    slack_factor            bandit: so much worse than the best, as a share of it, or
    slack_amount            bandit: as a difference
    min_peers               median: judges nothing with fewer            [3]
    truncation_percentage   truncation: the worst so many in a hundred
    exclude_finished        truncation: running trials alone are peers   [false]
    min                     asha: the first rung                         [1]
    max                     asha: the resource of a full trial
    reduction               asha: one of so many goes on                 [3]
    mode                    asha: "stop"                                 ["stop"]
    stop_on_nan             a metric that is no number stops its trial   [true]
    target                  a value of the metric that ends the sweep
    allow_pruned            a pruned trial may be the best one           [false]
    compat                  "hyperdrive": says that the table is written for it
  [resources]
    gpus          whole ones; 0: a CPU slot                              [any one slot]
    cpus          threads of the program (OMP_NUM_THREADS)               [1]
  [limits]
    concurrent    trials at once
    trial_time    of an attempt; it has then failed
    silence       the longest time without a metric or a line of output
    sweep_time    its trials are then stopped, and it has completed
    failed_trials so many fail the sweep                                 [help reasons]
    grace         between TERM and KILL; none when an agent that nobody
                  hears ends its trials with its lease                   ["10s"]
  [retry]
    attempts      of a trial that fails                                  [1]
    on            ["exit:3", "signal", "timeout", "silent", "no-metric", "exec", "oom"]:
                  only after these                                       [all but "oom"]
    backoff       the time before the next attempt                       ["0s"]
  [metrics]
    jsonl         reads $SWEEPD_METRICS                                  [true]
    stdout        reads what is printed                                  [true]
  [[metrics.stdout]] instead: a rule more, of which there may be several
    pattern       a regular expression with (?P<value>…), perhaps (?P<name>…), (?P<step>…)
    name          the metric, where the pattern does not tell
  [register]      when the sweep has completed, its best trial is a version of
    model         this name
    path          with what is there in its files: "outputs/model"       ["outputs"]
)";

constexpr std::string_view kMetrics = R"(Metrics: how a script reports, without being changed

Both doors are open. Of the same metric the first of them wins, from then on:

1. One JSON object a line, appended to the file named in $SWEEPD_METRICS:
     {"loss": 0.31, "accuracy": 0.91, "epoch": 3}
2. Lines on stdout that look like metrics:
     loss: 0.31        epoch=1, batch= 2000: loss 2.19
   or that a pattern in [[metrics.stdout]] of the sweep file finds.

On stdout `name: number` and `name=number` are metrics wherever they stand, also in a
printed dict or a line of JSON; of a bar that is redrawn only its last state counts. The
metric of the sweep is also found as `Loss 0.31`, `accuracy is 0.9`, `accuracy: 9/10`,
and Azure ML's `Attempted to log scalar metric loss:` with the value on the next line.
Counts (epoch, step, iter, batch, global_step; also `Epoch 3/10`) go with what follows.
No metrics, unless it is the sweep's: arguments as in `Namespace(lr=0.1)`, times (`3s`,
`3.2 s`), bars (`42%|`), hyperparameters printed back with their value, however rounded.
Counts are taken even where a hyperparameter has their name and value.
`stdout = false` in [metrics] closes that door, `jsonl = false` the other.

An attempt may report 1,000 times at once and 100 times a second, half as often after each
10,000. What comes faster is merged: of each metric the last value is kept, between two
that are kept the best one may be lost, and `sweepctl show 12/7` counts the merged reports.

A trial that ends with code 0 and never reported the metric of its sweep has failed
with NO_METRIC; `sweepctl explain` lists the names that were seen.

`sweepctl metrics 12/7` prints what came in, `-f` follows it.
)";

constexpr std::string_view kReasons = R"(Reasons: why trials, sweeps and agents are in their state

A trial has failed for one of these. All but the last can be listed in `retry.on`:

  EXIT_CODE      "exit:N"     the program ended with another code than 0
  SIGNAL         "signal"     a signal ended it that sweepd did not send
  OOM            "oom"        it said that memory ran out; not retried unless listed
  TIMEOUT        "timeout"    limits.trial_time
  SILENT         "silent"     it wrote and reported nothing for too long
  NO_METRIC      "no-metric"  exit code 0, and the metric was never reported
  EXEC_ERROR     "exec"       the command could not be executed
  PREPARE_ERROR  "exec"       its code, a ${env.NAME} or a stdout pattern cannot be used
  AGENT_CRASHED               its agent went down under it three times

These cost it nothing, and it runs again: AGENT_LOST (the lease ended),
STOPPED_BY_AGENT (the agent was stopped), AGENT_ERROR (its box had no room, or no more
processes or files, to begin it), AGENT_RESTARTED (its box went down).

A trial that fails within 30 s is tried on another agent before it counts. What fails
there too has failed. An agent on which five different trials in a row failed so gets
no new ones; when one of them does well elsewhere it is drained (AGENT_BROKEN) until
`sweepctl agent resume NAME`. Jobs are left out of this.

A sweep without limits.failed_trials pauses itself (FAILED_TRIALS) when its first 5
trials all failed, or 10 of the first 20: repair, `sweepctl retry 12/failed`,
`sweepctl resume 12`. It does so once.
)";

constexpr std::array<Topic, 7> kTopics = {{{"exit-codes", kExitCodes},
                                           {"selectors", kSelectors},
                                           {"formatting", kFormatting},
                                           {"environment", kEnvironment},
                                           {"sweep-file", kSweepFile},
                                           {"metrics", kMetrics},
                                           {"reasons", kReasons}}};

}  // namespace

std::optional<std::string_view> topic_text(std::string_view topic) {
  for (const Topic& entry : kTopics) {
    if (entry.name == topic) {
      return entry.text;
    }
  }
  return std::nullopt;
}

std::vector<std::string> topic_names() {
  std::vector<std::string> names;
  for (const Topic& entry : kTopics) {
    names.emplace_back(entry.name);
  }
  return names;
}

}  // namespace sweepd::cli
