"""What the daemon says in the end: sweeps, trials, attempts and the reports it has stored."""

import concurrent.futures
import dataclasses
import json


@dataclasses.dataclass
class Trial:
    state: str
    attempt: int
    attempts: list = dataclasses.field(default_factory=list)  # (number, state, agent, slots)
    stored: list = dataclasses.field(default_factory=list)  # (report, attempt that stored it, attempt that says it, k)


@dataclasses.dataclass
class Sweep:
    number: int
    name: str
    state: str
    trials_total: int
    trials: dict = dataclasses.field(default_factory=dict)  # number: Trial


def ask(house, *argv):
    done = house.ctl(*argv, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"sweepctl {' '.join(map(str, argv))}: {done.returncode} {done.stderr.strip()}")
    return json.loads(done.stdout)


def trial_of(house, sweep, row):
    trial = Trial(row["state"], row["attempt"])
    if row["attempt"] == 0:
        return trial
    name = f"{sweep}/{row['number']}"
    detail = ask(house, "trial", "show", name, "--json")
    trial.attempts = [(each["attempt"], each["state"], each["agent"], tuple(each["slots"])) for each in detail["attempts"]]
    for report in ask(house, "metrics", name, "--limit", 0, "--json"):
        metrics = report["metrics"]
        trial.stored.append((report["report"], int(report["attempt"].rsplit("#", 1)[1]),
                             int(metrics.get("attempt", -1)), int(metrics.get("k", -1))))
    return trial


def collect(house):
    sweeps = [Sweep(row["sweep"], row["name"], row["state"], row["trials_total"])
              for row in ask(house, "ls", "--all", "--limit", 0, "--json")]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for sweep in sweeps:
            rows = ask(house, "trial", "ls", sweep.number, "--limit", 0, "--json")
            found = pool.map(lambda row, number=sweep.number: (row["number"], trial_of(house, number, row)), rows)
            sweep.trials = dict(found)
    return sweeps
