"""run.keep: of a sweep the files of the best trials stay, all others go, and what else is known of those stays."""

import os
import shutil
import subprocess
import time
import unittest

from house import House, blobs, fsck, stop

WEIGHTS = 2_000_000
SCRIPT = (f"#!/bin/sh\nhead -c {WEIGHTS} /dev/urandom > outputs/weights\n"
          "echo loss: 0.$SWEEPD_PARAM_x\ntest $SWEEPD_PARAM_x != 13\n")
# The best two come neither first nor last; the one with 13 fails.
VALUES = [50, 20, 90, 30, 12, 70, 13, 80, 11, 60, 40, 15]
SWEEP = ('[sweep]\nname = "keeps"\nmetric = "loss"\ngoal = "minimize"\n[run]\ncommand = "./train.sh"\ncode = "../code"\n'
         f'args = "none"\nkeep = 2\n[space]\nx = {VALUES}\n[search]\nsampler = "grid"\n')


MIB = 1 << 20
DISK, LOW, CRITICAL, FILE = 320 * MIB, 112 * MIB, 64 * MIB, 12 * MIB
TURN = 40 * MIB  # of the bulk door, and what it writes into the journal meanwhile
# What thirty trials leave is more than the disk; the first one runs until all others have ended.
BIG = (f"#!/bin/sh\nif [ $SWEEPD_PARAM_x = 1 ]; then while [ ! -e $GO ]; do sleep 0.1; done; fi\n"
       f"head -c {FILE} /dev/urandom > outputs/weights\necho loss: $SWEEPD_PARAM_x\n")
BIG_SWEEP = ('[sweep]\nname = "big"\nmetric = "loss"\ngoal = "minimize"\n[run]\ncommand = "./train.sh"\ncode = "../code"\n'
             f'args = "none"\nkeep = 2\n[space]\nx = {list(range(1, 31))}\n[search]\nsampler = "grid"\n')


def artifacts(house, sweep):
    """The trials of whose attempts files are there."""
    return [number for number in range(1, len(VALUES) + 1)
            if any(attempt["artifact"] for attempt in house.json("trial", "show", f"{sweep}/{number}")["attempts"])]


class Keep(unittest.TestCase):
    def test_only_the_files_of_the_best_two_are_there(self):
        with House() as house:
            house.file("code/train.sh", SCRIPT, 0o755)
            house.start(slots=4)
            sweep = house.submit(SWEEP)
            self.assertEqual(house.wait(sweep), 0)
            self.assertEqual(house.json("show", sweep)["keep"], 2)
            best = sorted(VALUES.index(value) + 1 for value in (11, 12))
            self.assertEqual(artifacts(house, sweep), best)

            house.ok("gc")
            self.assertEqual(len([size for size in blobs(house).values() if size == WEIGHTS]), 2)
            self.assertLess(sum(blobs(house).values()), 2 * WEIGHTS + 100_000)
            self.assertLess(house.json("du")[0]["file_bytes"], 2 * WEIGHTS + 100_000)
            house.ok("artifact", "get", f"{sweep}/best", "-o", house.folder / "got")
            self.assertEqual((house.folder / "got/outputs/weights").stat().st_size, WEIGHTS)

            gone = f"{sweep}/{VALUES.index(90) + 1}"
            why = f"run.keep = 2 kept only the files of the best 2; {gone}#1 was not among them"
            for words in (["artifact", "ls", gone], ["artifact", "get", gone], ["model", "register", gone, "--name", "m"]):
                done = house.ctl(*words)
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertIn(why, done.stderr)
            self.assertIn(why, house.ok("trial", "show", gone))
            self.assertIn("loss: 0.90", house.ok("logs", gone))
            self.assertEqual(house.json("metrics", gone)[0]["metrics"]["loss"], 0.9)
            house.ok("model", "register", f"{sweep}/best", "--name", "m")

            stop(house)
            code, text = fsck(house)
            self.assertEqual(code, 0, text)
            self.assertNotIn("nothing refers to", text)
            house.start_daemon()
            self.assertEqual(artifacts(house, sweep), best)

    @unittest.skipUnless(os.geteuid() == 0, "SKIPPED: a small file system takes root")
    def test_a_small_disk_is_enough_also_while_a_trial_runs_for_long(self):
        with House() as house:
            state = house.folder / "state"
            state.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", state], check=True)
            self.addCleanup(shutil.rmtree, house.folder, ignore_errors=True)
            self.addCleanup(subprocess.run, ["umount", "-l", state], check=False)
            go = house.folder / "go"
            house.file("code/train.sh", BIG, 0o755)
            house.start_daemon(options=("--ballast", "0B", "--disk-low", f"{LOW}B", "--disk-critical", f"{CRITICAL}B"))
            house.start_agent(slots=4, env={"GO": str(go)})
            sweep = house.submit(BIG_SWEEP)
            least = DISK
            deadline = time.monotonic() + 150
            while house.json("show", sweep)["state"] == "running" and time.monotonic() < deadline:
                least = min(least, shutil.disk_usage(state).free)
                if sum(trial["state"] == "completed" for trial in house.trials(sweep)) == 29:
                    go.touch()
                time.sleep(0.02)
            self.assertTrue(go.exists(), "the others have ended while the first one ran")
            self.assertEqual(house.json("show", sweep)["state"], "completed")
            self.assertEqual({trial["state"] for trial in house.trials(sweep)}, {"completed"})
            self.assertGreater(least, CRITICAL - TURN)
            house.ok("gc")
            self.assertEqual(len([size for size in blobs(house).values() if size == FILE]), 2)


if __name__ == "__main__":
    unittest.main()
