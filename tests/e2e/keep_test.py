"""run.keep: of a sweep the files of the best trials stay, all others go, and what else is known of those stays."""

import unittest

from house import House, blobs, fsck, stop

WEIGHTS = 2_000_000
SCRIPT = (f"#!/bin/sh\nhead -c {WEIGHTS} /dev/urandom > outputs/weights\n"
          "echo loss: 0.$SWEEPD_PARAM_x\ntest $SWEEPD_PARAM_x != 13\n")
# The best two come neither first nor last; the one with 13 fails.
VALUES = [50, 20, 90, 30, 12, 70, 13, 80, 11, 60, 40, 15]
SWEEP = ('[sweep]\nname = "keeps"\nmetric = "loss"\ngoal = "minimize"\n[run]\ncommand = "./train.sh"\ncode = "../code"\n'
         f'args = "none"\nkeep = 2\n[space]\nx = {VALUES}\n[search]\nsampler = "grid"\n')


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


if __name__ == "__main__":
    unittest.main()
