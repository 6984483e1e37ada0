"""Finds the processes of a chaos house in /proc: shims by their lock, trials by their environment."""

import os
import re
import signal


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def stat(pid):
    """(name, state, parent), or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    name = text[text.index("(") + 1:text.rindex(")")]
    fields = text[text.rindex(")") + 2:].split()
    return name, fields[0], int(fields[1])


def environment(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            items = file.read().split(b"\0")
    except OSError:
        return {}
    return dict(item.decode(errors="replace").split("=", 1) for item in items if b"=" in item)


def of_house(folder):
    """{pid: environment} of everything that daemon, agents and relays of the house run, but not of shims."""
    found = {}
    for pid in pids():
        env = environment(pid)
        if env.get("CHAOS_HOUSE") == str(folder):
            found[pid] = env
    return found


def trials(folder):
    """{pid: (sweep, trial, attempt)} of the living processes of attempts."""
    return {pid: tuple(int(env[key]) for key in ("SWEEPD_SWEEP_ID", "SWEEPD_TRIAL_ID", "SWEEPD_ATTEMPT"))
            for pid, env in of_house(folder).items() if "SWEEPD_TRIAL_ID" in env}


def shims(folder):
    """{pid: (agent, slot)}. A shim has no environment; what it has is the lock of its slot."""
    found = {}
    for pid in pids():
        known = stat(pid)
        if known is None or known[0] != "sweep-shim" or known[1] == "Z":
            continue
        try:
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        for link in links:
            match = re.fullmatch(re.escape(str(folder)) + r"/agents/([^/]+)/slots/(\d+)\.lock", link)
            if match:
                found[pid] = (match[1], int(match[2]))
    return found


def zombies_below(parents):
    """Dead children that one of these living processes has not waited for."""
    found = []
    for pid in pids():
        known = stat(pid)
        if known is not None and known[1] == "Z" and known[2] in parents:
            found.append((pid, known[0], known[2]))
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def end_all(folder):
    """KILL until nothing of the house is left."""
    for _ in range(50):
        left = [*of_house(folder), *shims(folder)]
        left = [pid for pid in left if pid != os.getpid() and (stat(pid) or ("", "Z", 0))[1] != "Z"]
        if not left:
            return
        for pid in left:
            send(pid, signal.SIGKILL)
        reap_strangers(set())


def reap_strangers(known):
    """Waits for orphans that fell to this process; never for those that somebody here waits for himself."""
    own = os.getpid()
    for pid in pids():
        state = stat(pid)
        if state is not None and state[2] == own and state[1] == "Z" and pid not in known:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
