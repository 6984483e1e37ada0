"""Removal and gc: what only a removed sweep needs goes, what a model or another sweep needs stays, whoever is killed."""

import unittest

from house import House, blobs, fsck, stop

SCRIPT = ("#!/bin/sh\necho loss: 0.$SWEEPD_TRIAL_ID\nmkdir outputs/model\n"
          "head -c 300000 /dev/urandom > outputs/model/weights\n")
SWEEP = ('[sweep]\nname = "{name}"\nmetric = "loss"\ngoal = "minimize"\n[run]\ncommand = "./train.sh"\ncode = "../code"\n'
         'args = "none"\n[space]\nx = {{ uniform = [0.0, 1.0] }}\n[search]\nsampler = "random"\ntrials = {trials}\n')


class Removal(unittest.TestCase):
    def begin(self, house, trials=3):
        house.file("code/train.sh", SCRIPT, 0o755)
        house.start()
        sweep = house.submit(SWEEP.format(name="gone", trials=trials))
        self.assertEqual(house.wait(sweep), 0)
        return sweep

    def test_a_removed_sweep_goes_and_its_model_stays(self):
        with House() as house:
            sweep = self.begin(house)
            house.ok("model", "register", f"{sweep}/1", "--name", "m", "--path", "outputs/model")
            before = blobs(house)
            weights = max(before.values())
            plan = house.json("rm", sweep, "--dry-run")
            self.assertEqual([row["sweep"] for row in plan["sweeps"]], [sweep])
            self.assertEqual(plan["sweeps"][0]["trials"], 3)
            # Three manifests and their files, the code's and its one; of one trial and the code a model is made.
            self.assertEqual(plan["sweeps"][0]["files"], len(before))
            self.assertEqual(plan["free_files"], 4)
            self.assertGreater(plan["free_bytes"], 2 * weights)
            self.assertEqual(blobs(house), before)

            removed = house.json("rm", "last")
            self.assertEqual(removed, {"sweep": sweep, "trials": 3})
            self.assertEqual(house.ctl("show", sweep).returncode, 5)
            self.assertIn(f"sweep {sweep} was removed", house.ctl("logs", f"{sweep}/1").stderr)
            self.assertEqual(house.ctl("rm", sweep).returncode, 5)
            freed = house.json("gc")
            self.assertEqual((freed["files"], freed["bytes"]), (plan["free_files"], plan["free_bytes"]))
            after = blobs(house)
            self.assertEqual(len(after), len(before) - 4)
            self.assertLessEqual(sum(after.values()), sum(before.values()) - 2 * weights)
            self.assertEqual(house.json("gc")["files"], 0)

            self.assertEqual(house.json("model", "show", "m")["id"], "m:1")
            house.ok("model", "download", "m", house.folder / "got")
            self.assertEqual((house.folder / "got/weights").stat().st_size, weights)
            # Its number is not given again, and the same code is sent once more where it is needed.
            again = house.submit(SWEEP.format(name="next", trials=1))
            self.assertEqual(again, sweep + 1)
            self.assertEqual(house.wait(again), 0)
            stop(house)
            code, text = fsck(house)
            self.assertEqual(code, 0, text)
            self.assertNotIn("nothing refers to", text)

    def test_what_runs_is_refused_and_so_is_a_part_of_a_sweep(self):
        with House() as house:
            house.file("code/train.sh", "#!/bin/sh\necho loss: 1\nsleep 600\n", 0o755)
            house.start()
            sweep = house.submit(SWEEP.format(name="runs", trials=1))
            for options in ([], ["--dry-run"]):
                done = house.ctl("rm", sweep, *options)
                self.assertEqual(done.returncode, 6, done.stderr)
                self.assertIn(f"sweepctl kill {sweep}", done.stderr)
            house.ok("kill", sweep)
            self.assertEqual(house.wait(sweep), 8)
            self.assertEqual(house.ctl("rm", f"{sweep}/1").returncode, 2)
            self.assertEqual(house.ctl("rm", f"{sweep}/1", "--dry-run").returncode, 2)
            house.ok("rm", sweep)

    def test_a_daemon_that_is_killed_meanwhile_goes_on(self):
        with House() as house:
            sweep = self.begin(house, trials=40)
            other = house.submit(SWEEP.format(name="kept", trials=2), name="sweeps/kept.toml")
            self.assertEqual(house.wait(other), 0)
            house.ok("rm", sweep)
            for _ in range(3):
                house.kill(house.daemon)
                code, text = fsck(house)
                self.assertEqual(code, 0, text)
                house.start_daemon()
            house.ok("gc")
            self.assertEqual([row["sweep"] for row in house.json("ls", "--all")], [other])
            house.ok("artifact", "get", f"{other}/1", "-o", house.folder / "all")
            stop(house)
            code, text = fsck(house)
            self.assertEqual(code, 0, text)
            # Attempts of the other sweep were over when the daemon was started last.
            self.assertNotIn("nothing refers to", text)


if __name__ == "__main__":
    unittest.main()
