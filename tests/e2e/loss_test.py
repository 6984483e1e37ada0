"""A store that went back: a log ahead that is cut off, or an old folder in the place of the new one."""

import json
import random
import shutil
import subprocess
import time
import unittest

from accounts import SCRIPT, SWEEP, check_accounts, done_count
from house import BIN, House, wait_until

SEED = 11


def checked(house):
    """The report of fsck on the state folder of a daemon that does not run."""
    done = subprocess.run([BIN / "sweepd", "fsck", "--state", house.folder / "state", "--json"],
                          capture_output=True, text=True, timeout=60)
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["ok"], done.stdout + done.stderr
    return report


def newest_log(house):
    return max((house.folder / "state" / "journal").glob("*.log"), key=lambda path: int(path.stem))


def told_of_loss(house, before=0):
    info = house.json("server", "info")
    return info["records_lost"] > before and info


def stands_still(path):
    """Whether nothing appends to the file any more, as a trial of SCRIPT that is alive does."""
    size = path.stat().st_size
    time.sleep(0.4)
    return path.stat().st_size == size


class Loss(unittest.TestCase):
    def test_a_log_ahead_that_is_cut_anywhere_is_told_and_everything_ends(self):
        luck = random.Random(SEED)
        trials = 16
        with House().start(agents=2, slots=2) as house:
            ran = house.folder / "ran"
            script = house.file("train.sh", SCRIPT.format(ran=ran, beats=8), 0o755)
            sweep = house.submit(SWEEP.format(script=script, trials=trials))
            told = 0
            # The second cut takes everything since the start, and so the term of that daemon, too.
            for most in (0.8, 0.0):
                # What is known of at a start is in tables, and the log ahead is a new one.
                house.kill(house.daemon)
                house.start_daemon()
                done = done_count(house, sweep)
                wait_until("it goes on", lambda: done_count(house, sweep) >= done + 2)
                time.sleep(0.5)  # for heartbeats, by which agents hear how far the store is
                term = house.json("server", "info")["term"]
                house.kill(house.daemon)
                before = checked(house)["records"]
                log = newest_log(house)
                cut = int(luck.random() * most * log.stat().st_size)
                with open(log, "r+b") as file:
                    file.truncate(cut)
                lost = before - checked(house)["records"]
                self.assertGreater(lost, 0, f"cut at {cut}")
                house.start_daemon()
                info = wait_until("the loss is told", lambda: told_of_loss(house, told))
                self.assertGreater(info["term"], term)
                self.assertLessEqual(info["records_lost"], told + lost)
                self.assertIn("the store went back", info["health"])
                told = info["records_lost"]
            self.assertEqual(house.wait(sweep, timeout=60), 0)
            check_accounts(self, house, sweep, trials, ran)
            self.assertIn("the store went back", (house.folder / "sweepd.log").read_text())
            house.kill(house.daemon)
            checked(house)
            house.start_daemon()
            info = house.json("server", "info")
            self.assertEqual((info["records_lost"], info["health"]), (told, "ok"))

    def test_an_old_folder_is_found_out_and_what_it_does_not_know_is_ended(self):
        with House().start(agents=1, slots=2) as house:
            state, old = house.folder / "state", house.folder / "old"
            first = house.submit(SWEEP.format(script="/bin/true", trials=1))
            house.wait(first)
            house.daemon.terminate()
            house.daemon.wait()
            shutil.copytree(state, old)
            house.start_daemon()
            ran = house.folder / "ran"
            lost = house.submit(SWEEP.format(
                script=house.file("long.sh", SCRIPT.format(ran=ran, beats=6000), 0o755), trials=1))
            wait_until("it runs", ran.exists)
            time.sleep(0.5)
            house.kill(house.daemon)
            shutil.rmtree(state)
            old.rename(state)
            begun = time.monotonic()
            house.start_daemon()  # in the same term as the daemon before: nothing here says otherwise
            info = wait_until("the loss is told", lambda: told_of_loss(house))
            self.assertIn("the store went back", info["health"])
            self.assertEqual(house.ctl("show", lost).returncode, 5)
            self.assertEqual(house.json("show", first)["sweep"], first)
            wait_until("what nobody knows is ended", lambda: stands_still(ran))
            again = house.submit(SWEEP.format(script="echo loss: 1", trials=1))
            self.assertGreater(again, 10_000, "the number of the lost sweep is not given again")
            self.assertEqual(house.wait(again, timeout=30), 0)
            self.assertGreaterEqual(time.monotonic() - begun, 3, "nothing starts before every lease is over")


if __name__ == "__main__":
    unittest.main()
