"""A store that went back: a log ahead that is cut off, or an old folder in the place of the new one."""

import json
import os
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


def on_another_boot(house):
    """What a daemon is started under so that its machine seems to have been restarted; none: it may not."""
    boot_id = house.file("boot_id", "00000000-0000-4000-8000-000000000001\n")
    under = ["unshare", "--mount", "sh", "-c",
             f'mount --bind {boot_id} /proc/sys/kernel/random/boot_id && exec "$@"', "sh"]
    return under if subprocess.run([*under, "true"], capture_output=True).returncode == 0 else None


class Loss(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "SKIPPED: another boot id takes root")
    def test_after_a_restart_of_the_machine_nothing_starts_before_every_agent_is_back(self):
        with House(lease="30s").start(agents=2, slots=1) as house:
            under = on_another_boot(house)
            if under is None:
                self.skipTest("no mount here; a restart of the machine is not covered")
            first = house.submit(SWEEP.format(script="echo loss: 1", trials=2))
            house.wait(first)
            house.kill(house.agents["b"])
            house.kill(house.daemon)
            house.start_daemon(under=under)
            sweep = house.submit(SWEEP.format(script="echo loss: 1", trials=2))
            wait_until("one agent is back", lambda: any(
                agent["name"] == "a" and agent["state"] == "connected" for agent in house.json("agent", "ls")))
            time.sleep(1)
            self.assertIn("nothing is started until agent b is back", house.json("server", "info")["health"])
            self.assertIn("nothing is started until agent b is back", house.ok("show", sweep))
            self.assertEqual({trial["state"] for trial in house.trials(sweep)}, {"queued"})
            house.start_agent("b")
            self.assertEqual(house.wait(sweep, timeout=20), 0)
            self.assertEqual(house.json("server", "info")["health"], "ok")
            # A daemon that is only started anew waits for nobody.
            house.kill(house.agents["b"])
            house.kill(house.daemon)
            house.start_daemon(under=under)
            self.assertEqual(house.wait(house.submit(SWEEP.format(script="echo loss: 1", trials=1)), timeout=20), 0)

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
