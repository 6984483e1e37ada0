"""Carries out faults, and takes back in time what lasts."""

import collections
import heapq
import itertools
import os
import signal
import threading
import time

import processes
import schedule
from house import boottime


class Faults:
    def __init__(self, house, load):
        self.house = house
        self.load = load
        self.done = collections.Counter()
        self.skipped = collections.Counter()  # the target was in no state for it
        self.impossible = collections.Counter()  # cannot be done here
        self.log = []  # (from, to, kind, target)
        self._undo = []  # heap of (when, tie, key)
        self._in_force = {}  # key: (undo, entry of the log)
        self._tie = itertools.count()

    def carry_out(self, fault):
        agent = self.house.agents[fault.agent % len(self.house.agents)]
        if fault.kind in schedule.NEEDS_ROOT and os.geteuid() != 0:
            self.impossible[fault.kind] += 1
            return
        outcome = getattr(self, "_" + fault.kind.replace(" ", "_"))(agent, fault)
        {True: self.done, False: self.skipped, None: self.impossible}[outcome][fault.kind] += 1

    def tick(self):
        while self._undo and self._undo[0][0] <= time.monotonic():
            self._take_back(heapq.heappop(self._undo)[2])

    def heal(self):
        for key in list(self._in_force):
            self._take_back(key)
        self._undo = []
        for program in self.house.programs.values():
            program.start_at = 0.0
            if program.running():
                program.signal(signal.SIGCONT)

    def _take_back(self, key):
        undo, entry = self._in_force.pop(key, (None, None))
        if undo is not None:
            undo()
            entry["to"] = boottime()

    def _note(self, kind, target, lasts=False):
        now = boottime()
        entry = {"from": now, "to": None if lasts else now, "kind": kind, "target": target}
        self.log.append(entry)
        return entry

    def _hold(self, kind, target, seconds, act):
        """Does something that lasts, unless it is in force already."""
        key = (kind, target)
        if key in self._in_force:
            return False
        entry = self._note(kind, target, lasts=True)
        undo = act()
        if undo is None:
            self.log.remove(entry)
            return None
        self._in_force[key] = (undo, entry)
        heapq.heappush(self._undo, (time.monotonic() + seconds, next(self._tie), key))
        return True

    # ---- ends

    def _end(self, name, number, fault):
        done = self.house.end(self.house.programs[name], number, fault.seconds, fault.kind)
        if done:
            self._note(fault.kind, name)
        return done

    def _kill_daemon(self, _agent, fault):
        return self._end("daemon", signal.SIGKILL, fault)

    def _restart_daemon(self, _agent, fault):
        return self._end("daemon", signal.SIGTERM, fault)

    def _kill_agent(self, agent, fault):
        return self._end(agent, signal.SIGKILL, fault)

    def _upgrade_agent(self, agent, fault):
        return self._end(agent, signal.SIGUSR2, fault)

    def _shim(self, agent, fault):
        found = sorted((slot, pid) for pid, (owner, slot) in processes.shims(self.house.folder).items() if owner == agent)
        return found[int(fault.lot * len(found))] if found else (None, None)

    def _kill_shim(self, agent, fault):
        slot, pid = self._shim(agent, fault)
        if pid is None:
            return False
        self._note(fault.kind, f"{agent}/{slot}")
        return processes.send(pid, signal.SIGKILL)

    def _kill_trial(self, _agent, fault):
        found = sorted(processes.trials(self.house.folder).items(), key=lambda item: (item[1], item[0]))
        if not found:
            return False
        pid, attempt = found[int(fault.lot * len(found))]
        self._note(fault.kind, "%d/%d#%d" % attempt)
        return processes.send(pid, signal.SIGKILL)

    # ---- stops

    def _stop_program(self, name, fault):
        program = self.house.programs[name]
        if not program.running() or program.caused is not None:
            return False
        process = program.process

        def act():
            process.send_signal(signal.SIGSTOP)
            program.stopped += 1
            return lambda: process.poll() is None and process.send_signal(signal.SIGCONT)

        return self._hold(fault.kind, name, fault.seconds, act)

    def _stop_daemon(self, _agent, fault):
        return self._stop_program("daemon", fault)

    def _stop_agent(self, agent, fault):
        return self._stop_program(agent, fault)

    def _stop_shim(self, agent, fault):
        slot, pid = self._shim(agent, fault)
        if pid is None:
            return False

        def act():
            processes.send(pid, signal.SIGSTOP)
            return lambda: processes.send(pid, signal.SIGCONT)

        return self._hold(fault.kind, f"{agent}/{slot}", fault.seconds, act)

    # ---- the network

    def _partition(self, agent, fault):
        return self._hold(fault.kind, agent, fault.seconds, lambda: self.house.network.partition(agent))

    def _deaf_agent(self, agent, fault):
        return self._hold(fault.kind, agent, fault.seconds, lambda: self.house.network.drop(agent, "in"))

    def _mute_agent(self, agent, fault):
        return self._hold(fault.kind, agent, fault.seconds, lambda: self.house.network.drop(agent, "out"))

    def _slow_link(self, agent, fault):
        return self._hold(fault.kind, agent, fault.seconds, lambda: self.house.network.slow(agent))

    def _reset(self, agent, fault):
        relay = self.house.programs[f"relay-{agent}"]
        if not relay.running():
            return False
        self._note(fault.kind, agent)
        relay.signal(signal.SIGUSR1)
        return True

    # ---- disks and the clock

    def _fill(self, disk, fault):
        freed = threading.Event()

        def act():
            window = [disk, boottime(), None]
            undo = self.house.disks[disk].fill()
            if undo is None:
                return None
            self.house.full.append(window)

            if disk == "daemon":
                threading.Thread(target=self.load.fill_journal, args=(freed,), daemon=True).start()

            def free():
                freed.set()
                undo()
                window[2] = boottime()
            return free

        return self._hold(fault.kind, disk, fault.seconds, act)

    def _fill_daemon(self, _agent, fault):
        return self._fill("daemon", fault)

    def _fill_agent(self, agent, fault):
        return self._fill(agent, fault)

    def _wall_clock(self, _agent, fault):
        return self._hold(fault.kind, "daemon", fault.seconds, lambda: self.house.clock.jump(fault.lot < 0.5))
