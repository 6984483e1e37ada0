"""The trial of the chaos sweeps: reports numbered metrics, and keeps a record of its own that no fault reaches."""

import json
import os
import signal
import sys
import time

BEAT = 0.1  # seconds between two signs of life
LIFE_MAX = 600  # seconds; what escapes even the harness ends by itself

KIND = os.environ["SWEEPD_PARAM_kind"]
REPORTS = int(os.environ.get("SWEEPD_PARAM_reports", "5"))
PACE = float(os.environ.get("SWEEPD_PARAM_pace", "0.3"))
QUALITY = float(os.environ.get("SWEEPD_PARAM_q", "0.5"))
ATTEMPT = int(os.environ["SWEEPD_ATTEMPT"])
NAME = f"{os.environ['SWEEPD_SWEEP_ID']}-{os.environ['SWEEPD_TRIAL_ID']}-{ATTEMPT}"
AGENT = os.environ["CHAOS_AGENT"]
RECORD = os.open(os.path.join(os.environ["CHAOS_RECORDS"], NAME), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
BORN = time.clock_gettime(time.CLOCK_BOOTTIME)


def say(what):
    """One line, one write: lines of several processes do not mix."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    os.write(RECORD, f"{what} {os.getpid()} {now:.4f} {AGENT}\n".encode())


def live(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and time.clock_gettime(time.CLOCK_BOOTTIME) < BORN + LIFE_MAX:
        time.sleep(max(0.0, min(BEAT, end - time.monotonic())))
        say("alive")


def report(number):
    line = json.dumps({"loss": QUALITY + 1.0 / number, "k": number, "attempt": ATTEMPT}).encode() + b"\n"
    with open(os.environ["SWEEPD_METRICS"], "ab", buffering=0) as file:
        while line:
            try:
                line = line[file.write(line):]
            except OSError:  # the disk is full: a program that waits has not reported yet
                live(0.2)
    say(f"report:{number}")


def child():
    """Survives TERM, belongs to no session of ours and, forked twice, to no parent."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    say("child")
    while True:
        live(LIFE_MAX)
        if time.clock_gettime(time.CLOCK_BOOTTIME) >= BORN + LIFE_MAX:
            os._exit(0)


def fork_hostile():
    if os.fork() == 0:
        os.setsid()
        child()
    middle = os.fork()
    if middle == 0:
        os.setsid()
        if os.fork() == 0:
            child()
        os._exit(0)
    os.waitpid(middle, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main():
    say("start")
    if KIND in ("hostile", "hostile-hang"):
        fork_hostile()
    for number in range(1, REPORTS + 1):
        live(PACE)
        report(number)
        if number == 2 and (KIND == "fail" or (KIND == "flaky" and ATTEMPT == 1)):
            say("end")
            sys.exit(1)
        if number == 2 and KIND in ("hang", "hostile-hang"):
            live(LIFE_MAX)
    say("end")


main()
