"""The trials' own records: what each attempt did, and when it was seen alive."""

import dataclasses
import pathlib


@dataclasses.dataclass
class Attempt:
    key: tuple  # (sweep, trial, attempt)
    agent: str = ""
    starts: int = 0
    times: list = dataclasses.field(default_factory=list)  # boottime of every line of every process
    reports: list = dataclasses.field(default_factory=list)  # their numbers, as said
    ended: bool = False
    hostile: bool = False

    @property
    def name(self):
        return "%d/%d#%d" % self.key


def parse(key, text):
    attempt = Attempt(key)
    for line in text.splitlines():
        words = line.split()
        if len(words) != 4:
            continue  # cut off by a kill
        what, _, at, attempt.agent = words
        attempt.times.append(float(at))
        attempt.starts += what == "start"
        attempt.ended = attempt.ended or what == "end"
        attempt.hostile = attempt.hostile or what == "child"
        if what.startswith("report:"):
            attempt.reports.append(int(what.split(":")[1]))
    return attempt


def read(folder):
    """{(sweep, trial, attempt): Attempt}"""
    found = {}
    for path in pathlib.Path(folder).iterdir():
        key = tuple(int(part) for part in path.name.split("-"))
        attempt = parse(key, path.read_text())
        if attempt.times:
            found[key] = attempt
    return found
