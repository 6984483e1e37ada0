"""A sweep whose trials keep their own records, and what those must say when it is over."""

import collections

SWEEP = """
[sweep]
name = "killed"
metric = "loss"
goal = "minimize"
[run]
command = "{script}"
args = "none"
[space]
x = {{ uniform = [0.0, 1.0] }}
[search]
sampler = "sobol"
trials = {trials}
"""

# Appends a line at the start, at the end and every 50 ms in between: of an attempt that is killed, too, it is known
# when it was alive.
SCRIPT = """#!/bin/sh
say() {{
  read -r up rest < /proc/uptime
  echo "$1 $SWEEPD_TRIAL_ID $SWEEPD_ATTEMPT $$ $up" >> {ran}
}}
beat() {{
  for i in $(seq {beats}); do
    sleep 0.05
    say alive
  done
}}
say start
echo "{{\\"loss\\": 0.5}}" >> "$SWEEPD_METRICS"
beat
echo "{{\\"loss\\": 0.25}}" >> "$SWEEPD_METRICS"
say end
"""


def done_count(house, sweep):
    return house.json("show", sweep)["trials"].get("completed", 0)


def check_accounts(test, house, sweep, trials, ran):
    """The trials' own records against the daemon's."""
    rows = house.trials(sweep)
    test.assertEqual([row["number"] for row in rows], list(range(1, trials + 1)))
    test.assertEqual({row["state"] for row in rows}, {"completed"})
    starts = collections.Counter()
    seen = collections.defaultdict(lambda: collections.defaultdict(list))  # trial, process: times
    for line in ran.read_text().splitlines():
        what, trial, attempt, pid, at = line.split()
        starts[trial, attempt] += what == "start"
        seen[trial][attempt, pid].append(float(at))
    for trial, runs in seen.items():
        spans = sorted((min(times), max(times)) for times in runs.values())
        for (_, end), (start, _) in zip(spans, spans[1:]):
            test.assertLessEqual(end, start, f"two attempts of trial {trial} were alive at one time")
    test.assertEqual(max(starts.values()), 1, "an attempt starts at most once")
    for row in rows:
        test.assertIn((str(row["number"]), str(row["attempt"])), starts, "the attempt that counts ran")
        reports = house.json("metrics", row["trial"])
        test.assertEqual([report["metrics"]["loss"] for report in reports], [0.5, 0.25])
        test.assertEqual([report["report"] for report in reports], [1, 2])
