"""From a sweep file to a registered model, and what people read on the way."""

import collections
import json
import re
import time
import unittest

from house import ROOT, House

NOOP = """
[sweep]
name = "noop"
metric = "loss"
goal = "minimize"
[run]
command = "{command}"
args = "none"
[space]
x = {{ uniform = [0.0, 1.0] }}
[search]
sampler = "random"
trials = {trials}
"""


class Loop(unittest.TestCase):
    def test_hello_completes_and_its_best_trial_is_the_best(self):
        with House().start() as house:
            done = house.ctl("submit", ROOT / "configs/sweeps/hello.toml", "--wait")
            self.assertEqual(done.returncode, 0, done.stderr)
            trials = house.trials("last")
            self.assertEqual(len(trials), 8)
            for trial in trials:
                self.assertEqual(trial["state"], "completed")
                self.assertAlmostEqual(trial["value"], (trial["params"]["x"] - 0.3) ** 2, places=5)
            best = min(trials, key=lambda trial: (trial["value"], trial["number"]))
            rows = house.json("leaderboard", "last")
            self.assertEqual(rows[0]["trial"], best["trial"])
            self.assertEqual(house.json("trial", "show", "last/best")["trial"], best["trial"])

    def test_a_thousand_trials_are_neither_missing_nor_doubled(self):
        with House().start(agents=2, slots=4) as house:
            ran = house.folder / "ran"
            script = house.file("noop.sh", f"#!/bin/sh\necho $SWEEPD_TRIAL_ID.$SWEEPD_ATTEMPT >> {ran}\necho loss: 1\n", 0o755)
            sweep = house.submit(NOOP.format(command=script, trials=1000))
            self.assertEqual(house.wait(sweep, timeout=300), 0)
            trials = house.trials(sweep)
            self.assertEqual([trial["number"] for trial in trials], list(range(1, 1001)))
            self.assertEqual({trial["state"] for trial in trials}, {"completed"})
            runs = collections.Counter(ran.read_text().split())
            self.assertEqual(runs, collections.Counter(f"{number}.1" for number in range(1, 1001)))

    def test_a_script_that_reports_as_fast_as_it_can_is_bounded_and_its_last_word_counts(self):
        with House().start(slots=1) as house:
            made = 200_000
            script = house.file("flood.sh", f"#!/bin/sh\nseq -f 'loss: %.0f' {made}\n", 0o755)
            begin = time.monotonic()
            sweep = house.submit(NOOP.format(command=script, trials=1))
            self.assertEqual(house.wait(sweep), 0)
            seconds = time.monotonic() - begin
            rows = house.json("metrics", f"{sweep}/1")
            thinned = house.json("trial", "show", f"{sweep}/1")["attempts"][0]["thinned"]
            self.assertEqual([row["report"] for row in rows], list(range(1, len(rows) + 1)))
            self.assertEqual(len(rows) + thinned, made)
            self.assertGreaterEqual(len(rows), 1000)
            self.assertLessEqual(len(rows), 1000 + 100 * seconds + 10)
            values = [row["metrics"]["loss"] for row in rows]
            self.assertEqual(values, sorted(values))
            self.assertEqual(values[-1], made)
            self.assertIn(f"{thinned} reports merged", house.ok("trial", "show", f"{sweep}/1"))

    def test_a_grid_runs_an_unchanged_script_from_a_snapshot(self):
        with House().start(slots=2) as house:
            sweep = house.file("grid.toml", (ROOT / "configs/sweeps/digits-svm.toml").read_text().replace(
                "../../estimators", str(ROOT / "estimators")))
            done = house.ctl("submit", sweep, "--wait", "--set", "search.trials=4")
            self.assertEqual(done.returncode, 0, done.stderr)
            trials = house.trials("last")
            self.assertEqual(len(trials), 4)
            self.assertEqual({trial["state"] for trial in trials}, {"completed"})
            self.assertTrue(all(0 < trial["value"] <= 1 for trial in trials))
            gammas = [trial["params"]["gamma"] for trial in trials]
            self.assertEqual(gammas[:3], [0.0001, 0.001, 0.01], "the last parameter varies fastest")

    def test_metrics_logs_artifacts_and_models_come_back(self):
        script = (
            "#!/bin/sh\n"
            "for epoch in 1 2 3; do echo \"{\\\"epoch\\\": $epoch, \\\"acc\\\": 0.$epoch}\" >> \"$SWEEPD_METRICS\"; done\n"
            "echo to stdout; echo to stderr >&2\n"
            "mkdir outputs/model; printf weights > outputs/model/model.bin; echo note > logs/note.txt\n"
            "test \"$SWEEPD_PARAM_x\" = \"$2\" && cp \"$SWEEPD_PARAMS\" outputs/params.json\n")
        with House().start() as house:
            house.file("code/train.sh", script, 0o755)
            sweep = house.submit(
                'metric = "acc"\n[sweep]\nname = "t"\nmetric = "acc"\ngoal = "maximize"\n'
                '[run]\ncommand = "./train.sh"\ncode = "../code"\n[space]\nx = { uniform = [0.0, 1.0] }\n'
                '[search]\nsampler = "sobol"\ntrials = 2\n'.split("\n", 1)[1])
            self.assertEqual(house.wait(sweep), 0)
            rows = house.json("metrics", f"{sweep}/1")
            self.assertEqual([row["metrics"]["acc"] for row in rows], [0.1, 0.2, 0.3])
            self.assertEqual(house.ok("logs", f"{sweep}/1"), "to stdout\n")
            self.assertEqual(house.ok("logs", f"{sweep}/1", "--stderr"), "to stderr\n")
            paths = {row["path"] for row in house.json("artifact", "ls", f"{sweep}/1")}
            self.assertEqual(paths, {"outputs/model/model.bin", "outputs/params.json", "logs/note.txt"})
            house.ok("model", "register", f"{sweep}/best", "--name", "m", "--path", "outputs/model")
            house.ok("model", "register", f"{sweep}/2", "--name", "m", "--path", "outputs/model")
            models = house.json("model", "ls")
            self.assertEqual([model["id"] for model in models], ["m:1", "m:2"])
            house.ok("model", "download", "m:1", house.folder / "got")
            self.assertEqual((house.folder / "got/model.bin").read_text(), "weights")
            house.ok("artifact", "get", f"{sweep}/1", "-o", house.folder / "all")
            params = json.loads((house.folder / "all/outputs/params.json").read_text())
            self.assertEqual(params, house.trials(sweep)[0]["params"])

    def test_the_smallest_file_of_the_readme_finds_its_script(self):
        text = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
        with House().start() as house:
            house.file("mine/train.py", "import sys\nprint('loss:', float(sys.argv[sys.argv.index('--lr') + 1]))\n")
            house.file("mine/sweep.toml", text.replace("python ", "/usr/bin/python3 "))
            done = house.ctl("submit", house.folder / "mine/sweep.toml", "--wait", "--set", "search.trials=3")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual({trial["state"] for trial in house.trials("last")}, {"completed"})

    def test_run_follows_one_command_and_returns_its_code(self):
        with House().start() as house:
            done = house.ctl("run", "--", "sh", "-c", "echo out; exit 7")
            self.assertEqual(done.returncode, 7, done.stderr)
            self.assertEqual(done.stdout, "out\n")

    def test_pause_resume_stop_and_kill_do_what_they_say(self):
        text = ('[sweep]\nname = "s"\nmetric = "loss"\n[run]\nshell = true\nargs = "none"\n'
                'command = "echo loss: 1; sleep {sleep}"\n[space]\nx = {{ uniform = [0.0, 1.0] }}\n'
                '[search]\ntrials = 50\n')
        with House().start(slots=2) as house:
            sweep = house.submit(text.format(sleep="0.3"), "--paused")
            self.assertEqual(house.json("show", sweep)["state"], "paused")
            house.ok("resume", sweep)
            house.ok("stop", sweep)
            self.assertEqual(house.wait(sweep), 0)
            self.assertEqual(house.json("show", sweep)["state"], "completed")

            sweep = house.submit(text.format(sleep="600"), name="sweeps/long.toml")
            house.ok("kill", f"{sweep}/1")
            self.assertEqual(house.ctl("pause", sweep).returncode, 0)
            house.ok("kill", sweep, "--reason", "enough")
            self.assertEqual(house.wait(sweep, timeout=30), 8)
            shown = house.json("show", sweep)
            self.assertEqual(shown["state"], "cancelled")
            self.assertIn("enough", shown["reason_text"])


if __name__ == "__main__":
    unittest.main()
