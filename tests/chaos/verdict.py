"""Puts the three records side by side and says what is wrong."""

import collections
import dataclasses
import json
import subprocess

import answers
import checks
import processes
import records
from house import BIN

QUIET_SECONDS = 15.0  # within which a tree that was stopped has to be gone


def wait_for_quiet(house):
    """What of trials, and which zombies, are left after a while."""
    left, zombies = {}, []

    def nothing():
        nonlocal left, zombies
        house.tick()
        processes.reap_strangers({program.process.pid for program in house.programs.values()})
        left = processes.trials(house.folder)
        ours = set(processes.of_house(house.folder)) | set(processes.shims(house.folder))
        zombies = processes.zombies_below(ours)
        return not left and not zombies

    try:
        house.wait_for("nothing of a trial is left", nothing, QUIET_SECONDS)
    except AssertionError:
        pass
    return left, zombies


def fsck(house):
    """(findings, whether it was there). Of the daemon's folder, once nobody uses it."""
    known = subprocess.run([BIN / "sweepd", "fsck", "--help"], capture_output=True, text=True, check=False)
    if known.returncode != 0 or "fsck" not in known.stdout:
        return [], False
    done = subprocess.run([BIN / "sweepd", "fsck", "--state", house.folder / "daemon" / "state", "--json"],
                          capture_output=True, text=True, check=False, timeout=300)
    return ([] if done.returncode == 0 else [f"fsck: {done.returncode} {done.stdout[-2000:]} {done.stderr[-500:]}"]), True


class Verdict:
    """`wrong`: {check: [what]}; `counts`: how much each had to look at."""

    def __init__(self):
        self.wrong = collections.OrderedDict()
        self.counts = {}
        self.excused = []
        self.skipped = []
        self.states = collections.Counter()  # of trials, in the end

    def add(self, check, wrong, count):
        self.wrong[check] = self.wrong.get(check, []) + wrong
        self.counts[check] = count

    def ok(self):
        return not any(self.wrong.values())

    def summary(self):
        """The figures that are published; all are to be 0."""
        return {"double runs": len(self.wrong.get("one attempt at a time", [])),
                "lost metrics": len(self.wrong.get("no report is lost", [])),
                "doubled metrics": len(self.wrong.get("no report counts twice", [])),
                "zombies": sum("zombie" in line for line in self.wrong.get("nothing is left", [])),
                "double-booked slots": len(self.wrong.get("one attempt a slot", []))}


def judge(house, load, faults, unfinished):
    """While everything runs; then ends the house in order and looks at what is left."""
    verdict = Verdict()
    left, zombies = wait_for_quiet(house)
    verdict.add("nothing is left", checks.check_nothing_left(left, zombies, "when every sweep had ended"), len(load.expected))
    verdict.add("every sweep ends", [f"{name} has not ended" for name in unfinished], len(load.expected))
    attempts = records.read(house.records)
    (house.folder / "faults.json").write_text(json.dumps(faults.log, indent=1))
    try:
        sweeps = answers.collect(house)
    except (RuntimeError, subprocess.TimeoutExpired) as silent:
        verdict.add("the daemon answers", [str(silent)], 1)
        return verdict
    compare(verdict, house, load, attempts, sweeps, checks.Frozen(faults.log, house.away))
    house.shut_down()
    rest = processes.trials(house.folder)
    verdict.add("nothing is left", checks.check_nothing_left(rest, [], "after everything was stopped"), len(attempts))
    found, there = fsck(house)
    if there:
        verdict.add("fsck finds nothing", found, 1)
    else:
        verdict.skipped.append("fsck: this sweepd has none")
    logs = sorted(house.folder.glob("*.log"))
    verdict.add("no log tells of a bug", [line for path in logs
                                          for line in checks.check_log(path.name, path.read_text(errors="replace"))], len(logs))
    verdict.add("no program ends by itself", house.findings, len(house.programs))
    verdict.add("no client hangs or is refused", load.trouble, len(load.expected))
    return verdict


def compare(verdict, house, load, attempts, sweeps, frozen):
    (house.folder / "answers.json").write_text(json.dumps([dataclasses.asdict(sweep) for sweep in sweeps], indent=1))
    verdict.states = collections.Counter(trial.state for sweep in sweeps for trial in sweep.trials.values())
    trials = sum(len(sweep.trials) for sweep in sweeps)
    reports = sum(len(trial.stored) for sweep in sweeps for trial in sweep.trials.values())
    verdict.add("something was done", [] if load.acknowledged and reports else ["no sweep came through"], reports)
    verdict.add("what was acknowledged exists once", checks.check_sweeps(
        load.acknowledged, load.doubtful, load.expected, load.killed, sweeps), len(load.acknowledged))
    verdict.add("every trial ends", checks.check_ends(sweeps), trials)
    verdict.add("an attempt starts once", checks.check_starts(attempts), len(attempts))
    verdict.add("every attempt is known", checks.check_known(attempts, sweeps), len(attempts))
    for name, (wrong, forgiven) in {
            "one attempt at a time": checks.check_lives(attempts, frozen),
            "one attempt a slot": checks.check_slots(attempts, sweeps, frozen),
            "no more attempts than slots": checks.check_crowd(attempts, house.slots, frozen)}.items():
        verdict.add(name, wrong, len(attempts))
        verdict.excused += forgiven
    metrics = checks.check_reports(attempts, sweeps)
    verdict.add("no report is lost", metrics["lost"], reports)
    verdict.add("no report counts twice", metrics["doubled"], reports)
    verdict.add("no report of another attempt counts", metrics["foreign"], reports)
