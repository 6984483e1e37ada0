"""The verdict: pure functions from the three records to what is wrong in them."""

import collections

TOLERANCE = 0.05  # seconds by which two lives may overlap: clocks are read some time before a line is written
SWEEP_ENDED = ("completed", "failed", "cancelled")
TRIAL_ENDED = ("completed", "pruned", "failed", "cancelled")


class Frozen:
    """When the shims of an agent could not do their duty: then the promise of one life at a time is not made.

    log: [{from, to, kind, target}] of faults; away: [(agent, from, to)] when the agent was not running.
    """

    def __init__(self, log, away):
        self.spans = collections.defaultdict(list)
        for entry in log:
            if entry["kind"] == "stop shim":
                self.spans[entry["target"].split("/")[0]].append((entry["from"], entry["to"] + 1.0))
            if entry["kind"] == "kill shim":
                agent = entry["target"].split("/")[0]
                absent = [(begin, end) for who, begin, end in away if who == agent]
                absent += [(each["from"], each["to"]) for each in log
                           if each["kind"] == "stop agent" and each["target"] == agent]
                self.spans[agent] += [(max(begin, entry["from"]), end + 2.0) for begin, end in absent
                                      if end >= entry["from"]]

    def covers(self, agent, at):
        return any(begin <= at <= end for begin, end in self.spans[agent])


def check_sweeps(acknowledged, doubtful, expected, killed, sweeps):
    wrong = []
    by_name = collections.defaultdict(list)
    for sweep in sweeps:
        by_name[sweep.name].append(sweep)
    for name, number in acknowledged.items():
        if [sweep.number for sweep in by_name[name]] != [number]:
            wrong.append(f"{name} was acknowledged as {number}, and there are {[sweep.number for sweep in by_name[name]]}")
    for name in doubtful:
        if len(by_name[name]) > 1:
            wrong.append(f"{name} was never acknowledged and exists {len(by_name[name])} times")
    for sweep in sweeps:
        if sweep.name not in expected:
            wrong.append(f"sweep {sweep.number} has a name that nobody submitted: {sweep.name}")
        elif sweep.trials_total != expected[sweep.name]:
            wrong.append(f"sweep {sweep.number} has {sweep.trials_total} trials, not {expected[sweep.name]}")
        if sweep.name not in killed and sorted(sweep.trials) != list(range(1, sweep.trials_total + 1)):
            wrong.append(f"sweep {sweep.number} has the trials {sorted(sweep.trials)} of {sweep.trials_total}")
    return wrong


def check_ends(sweeps):
    wrong = [f"sweep {sweep.number} is {sweep.state}" for sweep in sweeps if sweep.state not in SWEEP_ENDED]
    return wrong + [f"trial {sweep.number}/{number} is {trial.state}" for sweep in sweeps
                    for number, trial in sweep.trials.items() if trial.state not in TRIAL_ENDED]


def check_starts(attempts):
    return [f"{attempt.name} was started {attempt.starts} times" for attempt in attempts.values() if attempt.starts != 1]


def check_known(attempts, sweeps):
    """No attempt ran that the daemon does not know."""
    known = {(sweep.number, number, each[0]) for sweep in sweeps for number, trial in sweep.trials.items()
             for each in trial.attempts}
    return [f"{attempt.name} ran, and the daemon does not know it" for key, attempt in attempts.items() if key not in known]


def overlap(one, other):
    """Seconds for which both were seen alive, and since when."""
    begin = max(min(one.times), min(other.times))
    return min(max(one.times), max(other.times)) - begin, begin


def excused(attempts, frozen, since):
    return any(frozen.covers(attempt.agent, since) for attempt in attempts)


def check_lives(attempts, frozen):
    """(wrong, excused): two attempts of one trial alive at one time."""
    by_trial = collections.defaultdict(list)
    for key, attempt in sorted(attempts.items()):
        by_trial[key[:2]].append(attempt)
    return _pairs(by_trial.values(), frozen, "two attempts of one trial were alive")


def check_slots(attempts, sweeps, frozen):
    """(wrong, excused): two attempts alive on one slot."""
    by_slot = collections.defaultdict(list)
    for sweep in sweeps:
        for number, trial in sweep.trials.items():
            for each, _, agent, slots in trial.attempts:
                attempt = attempts.get((sweep.number, number, each))
                for slot in slots if attempt is not None else ():
                    by_slot[agent, slot].append(attempt)
    return _pairs(by_slot.values(), frozen, "two attempts were alive on one slot")


def _pairs(groups, frozen, what):
    wrong, forgiven = [], []
    for group in groups:
        for index, one in enumerate(group):
            for other in group[index + 1:]:
                seconds, since = overlap(one, other)
                if seconds > TOLERANCE:
                    line = f"{what} for {seconds:.3f} s from {since:.3f}: {one.name} on {one.agent}, {other.name} on {other.agent}"
                    (forgiven if excused((one, other), frozen, since) else wrong).append(line)
    return wrong, forgiven


def check_crowd(attempts, slots, frozen):
    """(wrong, excused): more attempts alive on an agent than it has slots."""
    wrong, forgiven = [], []
    by_agent = collections.defaultdict(list)
    for attempt in attempts.values():
        by_agent[attempt.agent].append(attempt)
    for agent, group in by_agent.items():
        for attempt in group:
            since = min(attempt.times)
            beside = [each for each in group if min(each.times) <= since and max(each.times) > since + TOLERANCE]
            if len(beside) > slots:
                line = f"{len(beside)} attempts alive on {agent} at {since:.3f}: {', '.join(each.name for each in beside)}"
                (forgiven if frozen.covers(agent, since) else wrong).append(line)
    return wrong, forgiven


def check_reports(attempts, sweeps):
    """{"lost": […], "doubled": […], "foreign": […]} over the final attempts of all trials."""
    wrong = {"lost": [], "doubled": [], "foreign": []}
    for sweep in sweeps:
        for number, trial in sweep.trials.items():
            name = f"{sweep.number}/{number}#{trial.attempt}"
            record = attempts.get((sweep.number, number, trial.attempt))
            said = record.reports if record is not None else []
            ks = [k for _, _, _, k in trial.stored]
            if any(by != trial.attempt or says != trial.attempt for _, by, says, _ in trial.stored):
                wrong["foreign"].append(f"{name}: reports of another attempt count: {trial.stored}")
            if len(set(ks)) != len(ks):
                wrong["doubled"].append(f"{name}: stored {ks}")
                continue
            # One that was stored may not be said yet when its program is killed; one that ended by itself said them all.
            whole = trial.state == "completed" or (trial.state == "failed" and record is not None and record.ended)
            expected = list(range(1, len(ks) + 1))
            if ks != expected or [row[0] for row in trial.stored] != expected or (whole and ks != said):
                wrong["lost"].append(f"{name} ({trial.state}): stored {ks}, said {said}")
            elif not whole and len(ks) > len(said) + 1:
                wrong["foreign"].append(f"{name} ({trial.state}): stored {ks}, said only {said}")
            if trial.state == "completed" and (record is None or not record.ended):
                wrong["lost"].append(f"{name} is completed, and its program does not say that it came to its end")
    return wrong


def check_nothing_left(trials, zombies, ended):
    """trials: {pid: (sweep, trial, attempt)} alive; zombies: (pid, name, parent); `ended` is where they were looked for."""
    return ([f"{ended}: process {pid} of %d/%d#%d is alive" % key for pid, key in sorted(trials.items())]
            + [f"{ended}: zombie {pid} ({name}) below {parent}" for pid, name, parent in zombies])


BAD_WORDS = ("check failed", "Sanitizer", "runtime error:", "terminate called", "Assertion", "double free", "stack smashing")


def check_log(name, text):
    return [f"{name}: {line.strip()[:300]}" for line in text.splitlines() if any(word in line for word in BAD_WORDS)]
