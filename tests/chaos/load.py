"""Clients that submit small sweeps all the time, and a file of what was acknowledged to them."""

import itertools
import json
import random
import subprocess
import threading
import time

# (weight, kind); each makes one sweep file. Trials last one to six seconds, so that six slots end about one a second.
SHAPES = [(4, "grid"), (4, "random"), (4, "asha"), (3, "retry"), (2, "timed"), (2, "hostile"), (2, "job")]
OPEN_TRIALS_MAX = 24
KILL_CHANCE = 0.12
# A journal has room of its own that was given to it before the disk was full; large texts use that up.
PADDING = ("# " + "x" * 97 + "\n") * 9000
PADDING_SECONDS_MAX = 10
COMMAND = "/usr/bin/python3 -I -S trial.py"


def sweep_file(shape, name, rng):
    """(text, trials)"""
    kinds, search, tail, trials = '["steady", "hostile", "fail"]', 'sampler = "grid"', "", 3
    pace, reports = rng.choice([0.2, 0.4, 0.8]), rng.randint(3, 8)
    if shape == "random":
        trials = rng.randint(2, 6)
        kinds = '{ choice = ["steady", "hostile"], weights = [2, 1] }'
        search = f'sampler = "random"\ntrials = {trials}\nseed = {rng.randrange(1000)}'
    elif shape == "asha":
        trials, reports = rng.randint(4, 8), 9
        kinds, search = '["steady"]', f'sampler = "random"\ntrials = {trials}\nseed = {rng.randrange(1000)}'
        tail = '[stop]\npolicy = "asha"\ntime = "k"\nmin = 1\nmax = 9\nreduction = 3\n'
    elif shape == "retry":
        kinds, tail = '["flaky", "fail", "steady"]', "[retry]\nattempts = 2\n"
    elif shape == "timed":
        trials, kinds = 2, '["hang", "steady"]'
    elif shape == "padding":
        trials, kinds = 1, '"steady"'
    elif shape == "hostile":
        trials, kinds = 2, '["hostile", "hostile-hang"]'
    limit = "4s" if shape in ("timed", "hostile") else "60s"
    return (f'[sweep]\nname = "{name}"\nmetric = "loss"\ngoal = "minimize"\n[run]\ncommand = "{COMMAND}"\nargs = "none"\ncode = "code"\n'
            f"[space]\nkind = {kinds}\nreports = {reports}\npace = {pace}\n"
            + ("q = { uniform = [0.0, 1.0] }\n" if "grid" not in search else "q = 0.5\n")
            + f'[search]\n{search}\n{tail}[limits]\ntrial_time = "{limit}"\ngrace = "1s"\n'), trials


class Load(threading.Thread):
    """`acknowledged`: {name: number}; `doubtful`: names whose submit got no answer; `expected`: {name: trials}."""

    def __init__(self, house, seed):
        super().__init__(daemon=True)
        self.house = house
        self.rng = random.Random(f"load {seed}")
        self.acknowledged = {}
        self.doubtful = set()
        self.expected = {}
        self.killed = set()
        self.trouble = []
        self.padded = itertools.count(1)
        self.refused = 0  # because the disk was full
        self.over = threading.Event()
        self.file = house.folder / "acknowledged"

    def run(self):
        index = 0
        while not self.over.is_set():
            index += 1
            try:
                self._turn(index)
            except subprocess.TimeoutExpired as late:
                self.trouble.append(f"sweepctl took more than {late.timeout} s: {late.cmd[-3:]}")
            self.over.wait(self.rng.uniform(0.3, 1.5))

    def _turn(self, index):
        name = f"s-{index:04}"
        shape = self.rng.choices([shape for _, shape in SHAPES], [weight for weight, _ in SHAPES])[0]
        text, trials = sweep_file(shape, name, self.rng)
        kill = self.rng.random() < KILL_CHANCE
        if self._open_trials() > OPEN_TRIALS_MAX:
            return
        self.doubtful.add(name)
        self.expected[name] = 1 if shape == "job" else trials
        done = self._job(name) if shape == "job" else self._submit(name, text)
        if done.returncode != 0:
            # No answer, a full disk and a time limit are what faults do; `run` has a code of its own for all of them.
            if done.returncode not in (1, 3, 7, 125):
                self.trouble.append(f"{name}: sweepctl ended with {done.returncode}: {done.stderr[:300]}")
            return
        number = self._acknowledge(name, done)
        if kill:
            self.over.wait(self.rng.uniform(0.5, 3.0))
            self.killed.add(name)
            self.house.ctl("kill", number, "--reason", "chaos")

    def _submit(self, name, text, *options):
        path = self.house.folder / f"{name}.toml"
        path.write_text(text)
        try:
            return self.house.ctl("submit", path, *options)
        finally:
            path.unlink()

    def fill_journal(self, until_freed):
        """Submits large texts, never to be run, until one is refused: in a thread of its own."""
        deadline = time.monotonic() + PADDING_SECONDS_MAX
        while not until_freed.is_set() and time.monotonic() < deadline:
            name = f"p-{next(self.padded):04}"
            self.doubtful.add(name)
            self.killed.add(name)
            self.expected[name] = 1
            text, _ = sweep_file("padding", name, self.rng)
            try:
                done = self._submit(name, text + PADDING, "--paused")
            except subprocess.TimeoutExpired:
                continue  # the daemon may be stopped
            if done.returncode == 0:
                self._acknowledge(name, done)
            elif "disk" in done.stderr or "No space" in done.stderr:
                self.refused += 1
                return
            else:
                until_freed.wait(0.2)

    def _acknowledge(self, name, done):
        number = int(done.stdout.split()[0])
        with open(self.file, "a", encoding="ascii") as file:
            file.write(f"{number} {name}\n")
        self.acknowledged[name] = number
        self.doubtful.discard(name)
        return number

    def _job(self, name):
        return self.house.ctl("run", "--detach", "--name", name, "--metric", "loss", "--code", self.house.folder / "code", "--",
                              "/usr/bin/env", "SWEEPD_PARAM_kind=steady", "SWEEPD_PARAM_pace=0.2", *COMMAND.split())

    def _open_trials(self):
        done = self.house.ctl("ls", "--json")
        if done.returncode != 0:
            return 0
        return sum(open_trials(row) for row in json.loads(done.stdout))


def open_trials(row):
    ended = ("completed", "pruned", "failed", "cancelled")
    if row["state"] in (*ended, "paused"):
        return 0
    return row["trials_total"] - sum(count for state, count in row["trials"].items() if state in ended)


def wait_for_ends(house, load, seconds):
    """The names of sweeps that have not ended by then."""
    deadline = time.monotonic() + seconds
    while True:
        house.tick()
        left = None
        try:
            done = house.ctl("ls", "--all", "--limit", 0, "--json", timeout=60)
            if done.returncode == 0:
                for row in json.loads(done.stdout):
                    if row["state"] == "paused":
                        house.ctl("kill", row["sweep"], "--reason", "padding")
                left = [row["name"] for row in json.loads(done.stdout)
                        if row["state"] not in ("completed", "failed", "cancelled")]
        except subprocess.TimeoutExpired:
            pass
        if left == [] or time.monotonic() >= deadline:
            return left if left is not None else ["the daemon does not answer"]
        time.sleep(0.3)
