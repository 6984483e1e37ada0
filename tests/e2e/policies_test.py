"""Early termination with real programs: who is stopped, why, and that nothing of it is left."""

import pathlib
import time
import unittest

from house import House, wait_until

# Reports `quality` of the trial each epoch; poor trials would run for ever.
TRAIN = """#!/bin/sh
epoch=0
while [ $epoch -lt {epochs} ]; do
  epoch=$((epoch + 1))
  echo "{{\\"epoch\\": $epoch, \\"acc\\": $SWEEPD_PARAM_q}}" >> "$SWEEPD_METRICS"
  sleep {pause}
done
"""

SWEEP = """
[sweep]
name = "p"
metric = "acc"
goal = "maximize"
[run]
command = "{script}"
args = "none"
[space]
q = {qualities}
[search]
sampler = "grid"
[stop]
{stop}
[limits]
grace = "1s"
"""


class Policies(unittest.TestCase):
    def run_sweep(self, house, stop, qualities, epochs=9, pause=0.05):
        script = house.file("train.sh", TRAIN.format(epochs=epochs, pause=pause), 0o755)
        sweep = house.submit(SWEEP.format(script=script, qualities=qualities, stop=stop))
        self.assertEqual(house.wait(sweep), 0)
        return {trial["params"]["q"]: trial for trial in house.trials(sweep)}

    def test_bandit_stops_the_poor_and_explains(self):
        with House().start(slots=1) as house:
            trials = self.run_sweep(house, 'policy = "bandit"\nslack_factor = 0.2\ndelay_evaluation = 2', [0.8, 0.7, 0.5])
            self.assertEqual([trials[q]["state"] for q in (0.8, 0.7, 0.5)], ["completed", "completed", "pruned"])
            self.assertLess(trials[0.5]["reports"], 9)
            text = house.ok("explain", trials[0.5]["trial"])
            self.assertIn("bandit", text)
            self.assertIn("0.66666", text.replace("0.6667", "0.66666"), "the threshold 0.8 / 1.2")

    def test_asha_saves_epochs(self):
        with House().start(slots=1) as house:
            trials = self.run_sweep(
                house, 'policy = "asha"\ntime = "epoch"\nmin = 1\nmax = 9\nreduction = 3',
                [0.9, 0.1, 0.2, 0.3, 0.95, 0.4, 0.5, 0.6, 0.7], pause=0.03)
            self.assertEqual(trials[0.95]["state"], "completed")
            self.assertEqual(trials[0.1]["state"], "pruned")
            self.assertLess(sum(trial["reports"] for trial in trials.values()), 9 * 9 * 2 / 3)

    def test_a_hostile_tree_is_gone_when_its_trial_is_stopped(self):
        hostile = ("#!/bin/sh\ntrap '' TERM HUP\n"
                   "setsid sh -c \"trap '' TERM HUP; echo \\$\\$ >> {pids}; while :; do sleep 0.2; done\" &\n"
                   "(setsid sh -c \"(trap '' TERM; echo \\$\\$ >> {pids}; while :; do sleep 0.2; done) &\" &)\n"
                   "echo $$ >> {pids}\necho acc: 1\nwhile :; do sleep 0.2; done\n")
        with House().start(slots=1) as house:
            pids = house.folder / "pids"
            script = house.file("hostile.sh", hostile.format(pids=pids), 0o755)
            sweep = house.submit(SWEEP.format(script=script, qualities="[1]", stop=""))
            wait_until("three processes", lambda: pids.exists() and len(pids.read_text().split()) >= 3)
            time.sleep(0.3)
            begin = time.monotonic()
            house.ok("kill", sweep)
            self.assertEqual(house.wait(sweep, timeout=30), 8)
            self.assertLess(time.monotonic() - begin, 15)
            for pid in pids.read_text().split():
                self.assertFalse(pathlib.Path(f"/proc/{pid}").exists(), f"process {pid} lives on")

    def test_trials_of_a_dead_agent_end_with_its_lease(self):
        with House(lease="2s").start(slots=1) as house:
            pid = house.folder / "pid"
            script = house.file("stay.sh", f"#!/bin/sh\necho $$ > {pid}\necho acc: 1\nsleep 600\n", 0o755)
            house.submit(SWEEP.format(script=script, qualities="[1]", stop=""))
            number = wait_until("it runs", lambda: pid.exists() and pid.read_text().strip())
            house.kill(house.agents["a"])
            wait_until("its process is gone", lambda: not pathlib.Path(f"/proc/{number}").exists(), 15)


if __name__ == "__main__":
    unittest.main()
