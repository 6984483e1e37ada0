"""Draws what goes wrong and when; a function of the seed alone."""

import dataclasses
import random

# kind: (weight, shortest and longest seconds it lasts). How long something that was killed stays away counts as that.
KINDS = {
    "kill daemon": (3, 0.1, 5.0),
    "kill agent": (3, 0.1, 6.0),
    "kill shim": (3, 0.0, 0.0),
    "kill trial": (3, 0.0, 0.0),
    "stop daemon": (2, 0.2, 15.0),
    "stop agent": (2, 0.2, 15.0),
    "stop shim": (2, 0.2, 15.0),
    "partition": (3, 0.5, 12.0),
    "deaf agent": (2, 0.5, 12.0),  # hears nothing, is heard
    "mute agent": (2, 0.5, 12.0),  # hears, is not heard
    "reset": (3, 0.0, 0.0),
    "slow link": (2, 2.0, 12.0),
    "fill daemon": (2, 3.0, 10.0),
    "fill agent": (2, 1.0, 6.0),
    "upgrade agent": (2, 0.1, 4.0),
    "restart daemon": (2, 0.1, 3.0),
    "wall clock": (2, 1.0, 8.0),
}
NEEDS_ROOT = {"partition", "deaf agent", "mute agent", "slow link", "fill daemon", "fill agent"}
PAUSE = (1.0, 3.0)  # seconds between two faults
OMIT = 0.3  # of the kinds, in every other seed: some bugs need that something else does not happen


@dataclasses.dataclass(frozen=True)
class Fault:
    at: float  # seconds from the beginning
    kind: str
    agent: int  # index
    seconds: float
    lot: float  # in [0, 1): decides what the kind leaves open

    def line(self):
        return f"{self.at:7.2f} s  {self.kind:14}  agent {self.agent}  {self.seconds:5.2f} s  lot {self.lot:.3f}"


def duration(chance, shortest, longest):
    """Mostly short, sometimes as long as it gets."""
    return shortest + (longest - shortest) * chance ** 2


def draw(seed, seconds, agents):
    rng = random.Random(seed)
    omitted = {kind for kind in KINDS if rng.random() < OMIT} if seed % 2 else set()
    kinds = [kind for kind in KINDS if kind not in omitted] or list(KINDS)
    weights = [KINDS[kind][0] for kind in kinds]
    faults = []
    at = 2.0
    while at < seconds:
        kind = rng.choices(kinds, weights)[0]
        faults.append(Fault(at, kind, rng.randrange(agents), duration(rng.random(), *KINDS[kind][1:]), rng.random()))
        at += rng.uniform(*PAUSE)
    return faults
