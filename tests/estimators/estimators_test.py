#!/usr/bin/python3
"""Runs the estimators as a user would and holds their files and lines against each other.

    DIGITS_MLP=build/bin/digits_mlp tests/estimators/estimators_test.py [-v] [NAME]
"""

import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGITS_MLP = os.environ.get("DIGITS_MLP", str(ROOT / "build/bin/digits_mlp"))
FILES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]


def environment(**more):
    """The environment of the tests without what a surrounding trial may have set."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SWEEPD_")}
    return {**clean, **{k: str(v) for k, v in more.items()}}


class Estimators(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = pathlib.Path(tempfile.mkdtemp(prefix="digits-"))
        cls.addClassCleanup(shutil.rmtree, cls.data)
        script = ROOT / "estimators/digits_data.py"
        subprocess.run(["/usr/bin/python3", script, cls.data], check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="estimator-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_mlp(self, *arguments, data=None, **env):
        env.setdefault("SWEEPD_DIGITS", data or self.data)
        return subprocess.run(
            [DIGITS_MLP, *map(str, arguments)],
            cwd=self.folder, env=environment(**env), capture_output=True, text=True, timeout=120,
        )

    def train(self, *arguments, **env):
        done = self.run_mlp(*arguments, **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def model(self, outputs="outputs"):
        return json.loads((self.folder / outputs / "model/model.json").read_text())

    def refused(self, done, *words):
        """Status 2 and one line that holds the words."""
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_the_data_is_the_whole_set_split_by_class(self):
        labels = [(self.data / f"{p}-labels-idx1-ubyte").read_bytes()[8:] for p in ("train", "t10k")]
        self.assertEqual([len(part) for part in labels], [1437, 360])
        for digit in range(10):
            self.assertAlmostEqual(labels[1].count(digit) / labels[0].count(digit), 0.25, delta=0.02)
        images = (self.data / FILES[0]).read_bytes()
        self.assertEqual(struct.unpack(">4I", images[:16]), (0x803, 1437, 8, 8))
        self.assertEqual((min(images[16:]), max(images[16:])), (0, 255))
        self.assertEqual(sorted(os.listdir(self.data)), sorted(FILES))

    def test_json_lines_and_printed_lines_agree(self):
        metrics = self.folder / "metrics.jsonl"
        metrics.write_text('{"mine":1}\n')
        printed = self.train("--epochs", 3, SWEEPD_METRICS=metrics).splitlines()
        first, *lines = metrics.read_text().splitlines()
        self.assertEqual(first, '{"mine":1}', "the file is appended to")
        self.assertEqual([json.loads(line)["epoch"] for line in lines], [1, 2, 3])
        for shown, line in zip(printed, lines, strict=True):
            record = json.loads(line)
            self.assertEqual(list(record), ["epoch", "loss", "accuracy", "test_loss"])
            expected = "epoch={epoch} loss={loss:.4f} accuracy={accuracy:.4f} test_loss={test_loss:.4f}"
            self.assertEqual(shown, expected.format(**record))

    def test_good_settings_beat_095_and_poor_ones_do_not_come_near(self):
        good = ["--epochs", 15, "--hidden", 128, "--lr", 0.1, "--augment", 2]
        poor = ["--epochs", 15, "--hidden", 128, "--lr", 0.0001, "--augment", 2]
        self.train(*good, "--outputs", "good")
        self.train(*poor, "--outputs", "poor")
        self.assertGreater(self.model("good")["metrics"]["accuracy"], 0.95)
        self.assertLess(self.model("poor")["metrics"]["accuracy"], 0.6)

    def test_the_saved_model_is_the_best_epoch_and_evaluates_the_same(self):
        for kind in ("mlp", "cnn"):
            with self.subTest(kind):
                printed = self.train(
                    "--model", kind, "--epochs", 4, "--lr", 0.2, "--outputs", kind)
                reported = [float(a) for a in re.findall(r" accuracy=(\S+)", printed)]
                best = self.model(kind)["metrics"]
                self.assertEqual(f"{best['accuracy']:.4f}", f"{max(reported):.4f}")
                self.assertEqual(best["epoch"], 1 + reported.index(max(reported)))
                for path in (f"{kind}/model", f"{kind}/model/model.pt"):
                    evaluated = self.train("--evaluate", path).splitlines()
                    self.assertEqual(evaluated[0], f"accuracy={best['accuracy']:.4f}")

    def test_the_model_folder_may_be_moved_and_is_read_without_flags(self):
        self.train("--epochs", 2, "--hidden", 33, "--layers", 3, "--dropout", 0.3)
        shutil.move(self.folder / "outputs/model", self.folder / "elsewhere")
        self.assertRegex(self.train("--evaluate", "elsewhere"), r"^accuracy=0\.\d{4}\n")

    def test_a_seed_repeats_the_numbers(self):
        arguments = ["--epochs", 2, "--augment", 1]
        once = self.train(*arguments, "--seed", 7)
        self.assertEqual(once, self.train(*arguments, "--seed", 7))
        self.assertNotEqual(once, self.train(*arguments, "--seed", 8))

    def test_a_resumed_training_repeats_the_uninterrupted_one(self):
        for optimizer in ("sgd", "adam"):
            with self.subTest(optimizer):
                settings = ["--optimizer", optimizer, "--lr", 0.01, "--augment", 1]
                whole = self.train(*settings, "--epochs", 5, "--outputs", f"{optimizer}-whole")
                self.train(*settings, "--epochs", 3, "--checkpoint-every", 1,
                           "--outputs", f"{optimizer}-first")
                checkpoints = self.folder / f"{optimizer}-first/checkpoints"
                self.assertEqual(os.listdir(checkpoints), ["epoch-3.pt"], "only the newest is kept")
                rest = self.train(*settings, "--epochs", 5, "--resume", checkpoints,
                                  "--outputs", f"{optimizer}-rest")
                self.assertEqual(rest.splitlines(), whole.splitlines()[3:])
                self.assertEqual(self.model(f"{optimizer}-rest"), self.model(f"{optimizer}-whole"))

    def test_a_term_signal_ends_it_at_once_and_leaves_a_whole_model(self):
        with subprocess.Popen(
            [DIGITS_MLP, "--epochs", "100000", "--lr", "0.02", "--checkpoint-every", "1"],
            cwd=self.folder, env=environment(SWEEPD_DIGITS=self.data), stdout=subprocess.PIPE,
        ) as process:
            for _ in range(3):
                process.stdout.readline()
            begin = time.monotonic()
            process.terminate()
            process.communicate(timeout=20)
            self.assertLess(time.monotonic() - begin, 5)
            self.assertEqual(process.returncode, -signal.SIGTERM)
        recorded = self.model()["metrics"]["accuracy"]
        self.assertIn(f"accuracy={recorded:.4f}\n", self.train("--evaluate", "outputs/model"))
        self.assertEqual(sorted(os.listdir(self.folder / "outputs")), ["checkpoints", "model"])
        self.assertEqual(len(os.listdir(self.folder / "outputs/checkpoints")), 1)

    def test_a_kill_at_any_moment_leaves_a_whole_model_or_none(self):
        for delay_ms in (5, 10, 20, 40, 80):
            outputs = f"killed-{delay_ms}"
            with subprocess.Popen(
                [DIGITS_MLP, "--epochs", "100000", "--lr", "0.01", "--outputs", outputs],
                cwd=self.folder, env=environment(SWEEPD_DIGITS=self.data), stdout=subprocess.PIPE,
            ) as process:
                process.stdout.readline()
                time.sleep(delay_ms / 1000)
                process.kill()
            recorded = self.model(outputs)["metrics"]["accuracy"]
            self.assertIn(f"accuracy={recorded:.4f}\n",
                          self.train("--evaluate", f"{outputs}/model"))

    def test_a_diverging_training_ends_early_and_reports_what_json_can_hold(self):
        metrics = self.folder / "metrics.jsonl"
        done = self.run_mlp("--lr", 1e6, "--layers", 4, "--epochs", 50, SWEEPD_METRICS=metrics)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not finite", done.stderr)
        self.assertLess(done.stdout.count("\n"), 50)
        last = metrics.read_text().splitlines()[-1]
        self.assertNotIn("nan", last.lower())
        self.assertNotIn("inf", last.lower())
        self.assertLess(json.loads(last)["accuracy"], 0.3)

    def broken(self, name, change):
        """A copy of the data with one file changed."""
        folder = self.folder / "broken"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.data, folder)
        path = folder / name
        path.write_bytes(change(path.read_bytes()))
        return folder

    def test_broken_data_is_refused_in_one_line_that_names_the_file(self):
        images, labels = FILES[0], FILES[1]
        cases = [
            (images, lambda b: b"\x00\x00\x08\x01" + b[4:], "magic number"),
            (images, lambda b: b"\x1f\x8b\x08\x00" + b[4:], "gunzip"),
            (images, lambda b: b[:-1], "truncated"),
            (images, lambda b: b[:7], "truncated"),
            (images, lambda b: b"", "truncated"),
            (images, lambda b: b + b"\x00", "too long"),
            (images, lambda b: b[:4] + b"\xff" * 12 + b[16:], "unusable size"),
            (labels, lambda b: b[:4] + struct.pack(">I", 1436) + b[8:-1], "1436 labels for 1437"),
            (labels, lambda b: b[:20] + b"\x0a" + b[21:], "label 10 at index 12"),
            (labels, lambda b: b[:-1], "truncated"),
        ]
        for name, change, words in cases:
            with self.subTest(words=words, name=name):
                self.refused(self.run_mlp(data=self.broken(name, change)), name, words)
        self.assertFalse((self.folder / "outputs").exists(), "nothing is left behind")

    def test_a_file_cut_anywhere_in_its_header_is_refused(self):
        for name, header_bytes in ((FILES[0], 16), (FILES[1], 8)):
            for length in range(header_bytes + 1):
                self.refused(self.run_mlp(data=self.broken(name, lambda b: b[:length])), name)

    def test_what_is_missing_or_wrong_is_refused_with_status_2(self):
        self.refused(self.run_mlp(data="/nowhere"), "/nowhere")
        self.refused(self.run_mlp("--evaluate", "/nowhere"), "/nowhere")
        self.refused(self.run_mlp("--resume", "/nowhere"), "/nowhere")
        self.refused(self.run_mlp("--lr", "-1"), "--lr")
        self.refused(self.run_mlp("--model", "rnn"), "rnn")
        self.refused(self.run_mlp("--hiden", "3"), "--hiden")
        os.mkdir(self.folder / "empty")
        self.refused(self.run_mlp("--data", "empty"), FILES[0])
        self.refused(self.run_mlp("--resume", "empty"), "empty")
        self.refused(self.run_mlp("--evaluate", "empty"), "model.json")

    def test_a_broken_model_or_a_checkpoint_of_another_net_is_refused(self):
        self.train("--epochs", 1)
        self.refused(self.run_mlp("--resume", "outputs/checkpoints", "--hidden", 7, "--epochs", 2),
                     "epoch-1.pt")
        self.refused(self.run_mlp("--resume", "outputs/checkpoints", "--optimizer", "adam",
                                  "--epochs", 2), "epoch-1.pt")
        model = self.folder / "outputs/model/model.pt"
        model.write_bytes(model.read_bytes()[:1000])
        self.refused(self.run_mlp("--evaluate", "outputs/model"), "model.pt")
        model.with_name("model.json").write_text("{")
        self.refused(self.run_mlp("--evaluate", "outputs/model"), "model.json")

    def test_a_metrics_file_that_cannot_be_written_does_not_stop_the_training(self):
        done = self.run_mlp("--epochs", 2, SWEEPD_METRICS="/nowhere/metrics.jsonl")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count("\n"), 2)
        self.assertEqual(done.stderr.count("/nowhere/metrics.jsonl"), 1)

    def test_images_of_mnists_size_work(self):
        folder = self.folder / "big"
        folder.mkdir()
        for prefix, count in (("train", 60), ("t10k", 20)):
            pixels = bytes((7 * i) % 256 for i in range(count * 28 * 28))
            (folder / f"{prefix}-images-idx3-ubyte").write_bytes(
                struct.pack(">4I", 0x803, count, 28, 28) + pixels)
            (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(
                struct.pack(">2I", 0x801, count) + bytes(i % 10 for i in range(count)))
        for kind in ("mlp", "cnn"):
            self.train("--model", kind, "--epochs", 1, "--augment", 1, data=folder)
        self.refused(self.run_mlp("--evaluate", "outputs/model"), "28 x 28", "8 x 8")

    def test_the_svm_script_prints_its_accuracy(self):
        script = ROOT / "estimators/sklearn_digits.py"
        accuracy = {}
        for gamma in ("0.001", "1"):
            done = subprocess.run(
                ["/usr/bin/python3", script, "--kernel", "rbf", "--C", "10", "--gamma", gamma],
                cwd=self.folder, env=environment(), capture_output=True, text=True, check=True)
            accuracy[gamma] = float(re.search(r"^accuracy: (\S+)$", done.stdout, re.M)[1])
        self.assertGreater(accuracy["0.001"], 0.95)
        self.assertLess(accuracy["1"], 0.5)


if __name__ == "__main__":
    unittest.main()
