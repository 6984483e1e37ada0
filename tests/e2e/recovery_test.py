"""kill -9 of the daemon and of an agent in mid-sweep: every trial is accounted for."""

import contextlib
import os
import pathlib
import signal
import time
import unittest

from accounts import SCRIPT, SWEEP, check_accounts, done_count
from house import House, wait_until


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
            check_accounts(self, house, sweep, trials, ran)

    def test_a_daemon_restart_kills_no_trial(self):
        with House(lease="30s").start(agents=1, slots=2) as house:
            ran = house.folder / "ran"
            script = house.file("long.sh", SCRIPT.format(ran=ran, beats=40), 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=2))
            wait_until("both run", lambda: ran.exists() and ran.read_text().count("start") == 2)
            house.kill(house.daemon)
            house.start_daemon()
            self.assertEqual(house.wait(sweep), 0)
            check_accounts(self, house, sweep, 2, ran)
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
            check_accounts(self, house, sweep, 4, ran)
            self.assertEqual({row["attempt"] for row in house.trials(sweep)}, {1})

    def test_an_agent_that_stays_away_loses_its_trials_to_another(self):
        with House(lease="2s").start(agents=2, slots=1) as house:
            ran = house.folder / "ran"
            script = house.file("train.sh", SCRIPT.format(ran=ran, beats=6), 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=12))
            wait_until("some trials are done", lambda: done_count(house, sweep) >= 2)
            house.kill(house.agents["a"])
            self.assertEqual(house.wait(sweep, timeout=60), 0)
            check_accounts(self, house, sweep, 12, ran)

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

    def test_a_shorter_lease_shortens_none_that_was_promised(self):
        with House(lease="6s").start(agents=2, slots=1) as house:
            ran = house.folder / "ran"
            script = house.file("train.sh", SCRIPT.format(ran=ran, beats=600), 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=1))
            agent = wait_until("it runs", lambda: house.trials(sweep)[0]["state"] == "running" and house.trials(sweep)[0]["agent"])
            # Nobody hears the agent any more, and its shim keeps what it was promised by a daemon that is gone.
            house.agents[agent].send_signal(signal.SIGSTOP)
            house.kill(house.daemon)
            house.lease = "1s"
            house.start_daemon()
            wait_until("the other agent has it", lambda: house.trials(sweep)[0]["attempt"] == 2, timeout=20)
            wait_until("it beats there", lambda: ran.read_text().count(" 1 2 ") >= 10)
            house.agents[agent].send_signal(signal.SIGCONT)
            alive = {"1": [], "2": []}
            for line in ran.read_text().splitlines():
                alive[line.split()[2]].append(float(line.split()[4]))
            self.assertLess(max(alive["1"]), min(alive["2"]), "two attempts of the trial were alive at one time")
            house.ok("kill", sweep)

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
