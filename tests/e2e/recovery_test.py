"""kill -9 of the daemon and of an agent in mid-sweep: every trial is accounted for."""

import collections
import contextlib
import os
import pathlib
import signal
import time
import unittest

from house import House, wait_until

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


def shims_of(house):
    """The supervisors of the house, by their numbers here: in a namespace of its own one is number 1."""
    found = []
    for process in pathlib.Path("/proc").glob("[1-9]*"):
        with contextlib.suppress(OSError):
            lock = os.readlink(process / "fd" / "4")
            if lock.startswith(f"{house.folder}/agent-") and (process / "comm").read_text() == "sweep-shim\n":
                found.append(int(process.name))
    return found


class Recovery(unittest.TestCase):
    def check_accounts(self, house, sweep, trials, ran):
        """The trials' own records against the daemon's."""
        rows = house.trials(sweep)
        self.assertEqual([row["number"] for row in rows], list(range(1, trials + 1)))
        self.assertEqual({row["state"] for row in rows}, {"completed"})
        starts = collections.Counter()
        seen = collections.defaultdict(lambda: collections.defaultdict(list))  # trial, process: times
        for line in ran.read_text().splitlines():
            what, trial, attempt, pid, at = line.split()
            starts[trial, attempt] += what == "start"
            seen[trial][attempt, pid].append(float(at))
        for trial, runs in seen.items():
            spans = sorted((min(times), max(times)) for times in runs.values())
            for (_, end), (start, _) in zip(spans, spans[1:]):
                self.assertLessEqual(end, start, f"two attempts of trial {trial} were alive at one time")
        self.assertEqual(max(starts.values()), 1, "an attempt starts at most once")
        for row in rows:
            self.assertIn((str(row["number"]), str(row["attempt"])), starts, "the attempt that counts ran")
            reports = house.json("metrics", row["trial"])
            self.assertEqual([report["metrics"]["loss"] for report in reports], [0.5, 0.25])
            self.assertEqual([report["report"] for report in reports], [1, 2])

    def test_daemon_and_agent_killed_in_mid_sweep(self):
        trials = 60
        with House(lease="5s").start(agents=2, slots=2) as house:
            ran = house.folder / "ran"
            script = house.file("train.sh", SCRIPT.format(ran=ran, beats=6), 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=trials))
            wait_until("some trials are done", lambda: done_count(house, sweep) >= 6)

            house.kill(house.daemon)
            time.sleep(0.5)
            house.start_daemon()
            wait_until("it goes on", lambda: done_count(house, sweep) >= 15)

            house.kill(house.agents["a"])
            wait_until("the other agent goes on", lambda: done_count(house, sweep) >= 25)
            house.start_agent("a", 2)
            wait_until("it goes on", lambda: done_count(house, sweep) >= 35)

            house.kill(house.daemon)
            house.kill(house.agents["b"])
            house.start_daemon()
            house.start_agent("b", 2)
            self.assertEqual(house.wait(sweep, timeout=120), 0)
            self.check_accounts(house, sweep, trials, ran)

    def test_a_daemon_restart_kills_no_trial(self):
        with House(lease="30s").start(agents=1, slots=2) as house:
            ran = house.folder / "ran"
            script = house.file("long.sh", SCRIPT.format(ran=ran, beats=40), 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=2))
            wait_until("both run", lambda: ran.exists() and ran.read_text().count("start") == 2)
            house.kill(house.daemon)
            house.start_daemon()
            self.assertEqual(house.wait(sweep), 0)
            self.check_accounts(house, sweep, 2, ran)
            self.assertEqual({row["attempt"] for row in house.trials(sweep)}, {1})

    def test_an_agent_killed_again_and_again_restarts_no_trial(self):
        with House(lease="30s").start(agents=1, slots=2) as house:
            ran = house.folder / "ran"
            script = house.file("long.sh", SCRIPT.format(ran=ran, beats=60), 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=4))
            wait_until("both run", lambda: ran.exists() and ran.read_text().count("start") == 2)
            for _ in range(5):
                house.kill(house.agents["a"])
                time.sleep(0.3)
                house.start_agent("a", 2)
                time.sleep(0.5)
            self.assertEqual(house.wait(sweep), 0)
            self.check_accounts(house, sweep, 4, ran)
            self.assertEqual({row["attempt"] for row in house.trials(sweep)}, {1})

    def test_an_agent_that_stays_away_loses_its_trials_to_another(self):
        with House(lease="2s").start(agents=2, slots=1) as house:
            ran = house.folder / "ran"
            script = house.file("train.sh", SCRIPT.format(ran=ran, beats=6), 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=12))
            wait_until("some trials are done", lambda: done_count(house, sweep) >= 2)
            house.kill(house.agents["a"])
            self.assertEqual(house.wait(sweep, timeout=60), 0)
            self.check_accounts(house, sweep, 12, ran)

    def test_what_agent_and_shims_leave_when_killed_together_is_ended_first(self):
        with House(lease="2s").start(agents=1, slots=1) as house:
            ran = house.folder / "ran"
            script = house.file("fork.sh", f"""#!/bin/sh
[ -e {ran} ] && exit 0
setsid sh -c 'trap "" TERM; echo $$ > {ran}; sleep 300 & wait' & wait
""", 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=1))
            wait_until("it runs", lambda: ran.exists() and ran.read_text().strip())
            left = pathlib.Path("/proc", ran.read_text().strip())
            house.agents["a"].send_signal(signal.SIGSTOP)  # it would end the rest at once
            for shim in shims_of(house):
                os.kill(shim, signal.SIGKILL)
            house.kill(house.agents["a"])
            self.assertTrue(left.exists(), "nobody is there to end it")
            house.start_agent("a", 1)
            house.wait(sweep, timeout=60)
            gone = not left.exists() or "Z" in (left / "stat").read_text().split(")")[-1].split()[0]
            self.assertTrue(gone, "what the first attempt left was ended before the second")
            self.assertEqual([row["attempt"] for row in house.trials(sweep)], [2])

    def test_submitting_twice_under_kill_runs_once(self):
        """Acknowledged sweeps survive a kill -9 that follows at once."""
        with House().start(agents=0) as house:
            numbers = []
            for _ in range(5):
                numbers.append(house.submit(SWEEP.format(script="/bin/true", trials=3)))
                house.kill(house.daemon)
                house.start_daemon()
            self.assertEqual(numbers, [1, 2, 3, 4, 5])
            self.assertEqual(sorted(row["sweep"] for row in house.json("ls", "--all")), numbers)


if __name__ == "__main__":
    unittest.main()
