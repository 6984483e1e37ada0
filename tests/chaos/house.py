"""A house for chaos: daemon, agents and relays under a supervisor that knows which ends it caused itself."""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import control_groups
import disks
import network
import processes
import wall_clock

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = pathlib.Path(os.environ.get("SWEEPD_BIN", ROOT / "build" / "bin"))
DAEMON_DISK_MIB = 200
AGENT_DISK_MIB = 64
EXIT_DISK_FAILED = 75
CONTAINMENTS = ["auto", "pid-namespace", "subreaper"]  # one agent each, so that all are exercised
PR_SET_CHILD_SUBREAPER = 36


def boottime():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Program:
    """One that is started again when it has ended."""

    def __init__(self, name, argv, env, log):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.env = env
        self.log = log
        self.process = None
        self.pids = []  # of all its lives
        self.start_at = 0.0  # monotonic; when it is down
        self.caused = None  # why its next end is no surprise
        self.down_since = None  # boottime
        self.stopped = 0  # by how many SIGSTOPs

    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.argv, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pids.append(self.process.pid)
        self.caused = None
        self.stopped = 0

    def signal(self, number):
        if self.running():
            self.process.send_signal(number)


class House:
    """Leaves no process, mount or namespace behind. Everything in it carries $CHAOS_HOUSE, its folder."""

    def __init__(self, agents=3, slots=2, lease="3s", heartbeat="200ms", faked_clock=True):
        # What agents and shims leave behind when they are killed falls to this process, as to an init.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sweepd-chaos-"))
        self.slots = slots
        self.lease = lease
        self.heartbeat = heartbeat
        self.agents = [chr(ord("a") + index) for index in range(agents)]
        self.records = self.folder / "records"
        self.records.mkdir()
        shutil.copytree(HERE / "code", self.folder / "code")
        self.programs = {}
        self.disks = {}
        self.findings = []
        self.away = []  # (who, from, to) in boottime: nobody was there, or it was stopped
        self.full = []  # (disk, from, to or None) in boottime
        self.lock = threading.RLock()
        self.network = None
        try:
            self._build(faked_clock)
        except BaseException:
            self.close()
            raise

    # ---- set-up

    def _build(self, faked_clock):
        self.network = (network.Namespaces if os.geteuid() == 0 else network.Loopback)(self.agents)
        self.clock = wall_clock.WallClock(self.folder, BIN / "sweepd")
        self.disks["daemon"] = disks.Disk(self.folder / "daemon", DAEMON_DISK_MIB)
        self._add("daemon", None, [
            BIN / "sweepd", "--listen", self.network.server(), "--state", self.folder / "daemon" / "state",
            "--lease", self.lease, "--heartbeat", self.heartbeat], self.clock.environment() if faked_clock else {})
        for name, (argv, where) in self.network.relays().items():
            self._add(name, where, argv)
        for index, agent in enumerate(self.agents):
            self.disks[agent] = disks.Disk(self.folder / "agents" / agent, AGENT_DISK_MIB)
            config = self.folder / f"agent-{agent}.toml"
            kind = CONTAINMENTS[index % len(CONTAINMENTS)] if self.network.isolated else "auto"
            config.write_text(f'containment = "{kind}"\ngrace = "2s"\n')
            self._add(agent, agent, [
                BIN / "sweep-agent", "--server", self.network.server(agent), "--state", self.folder / "agents" / agent,
                "--name", agent, "--cpu-slots", self.slots, "--config", config],
                {"CHAOS_AGENT": agent, "CHAOS_RECORDS": str(self.records)})

    def _add(self, name, where, argv, env=None):
        # After `env`, so that what is preloaded reaches the program only.
        words = [f"{key}={value}" for key, value in (env or {}).items()]
        self.programs[name] = Program(
            name, [*self.network.inside(where), "/usr/bin/env", *words, *argv],
            {**os.environ, "CHAOS_HOUSE": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}, self.folder / f"{name}.log")

    @property
    def daemon(self):
        return self.programs["daemon"]

    def start(self):
        for program in self.programs.values():
            program.start()
        self.wait_for("the daemon answers", self.answers, 60)
        self.wait_for("every agent is connected", lambda: self.connected() == len(self.agents), 60)
        return self

    def wait_for(self, what, condition, seconds):
        """Seconds that it took."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if condition():
                return time.monotonic() - begin
            self.tick()
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s: {what}")

    # ---- asking

    def ctl(self, *argv, timeout=30, cwd=None):
        return subprocess.run(
            [*self.network.inside(None), str(BIN / "sweepctl"), *[str(word) for word in argv]], text=True,
            capture_output=True, timeout=timeout, cwd=cwd or self.folder, stdin=subprocess.DEVNULL, check=False,
            env={**os.environ, "SWEEPD_SERVER": self.network.server(), "NO_COLOR": "1"})

    def answers(self):
        return self.ctl("server", "info", "--json").returncode == 0

    def connected(self):
        done = self.ctl("agent", "ls", "--json=state")
        return done.stdout.count('"connected"') if done.returncode == 0 else 0

    # ---- supervising

    def tick(self):
        """Notices ends and starts again what is due. Not to be called from two threads at once."""
        with self.lock:
            for program in self.programs.values():
                if program.down_since is None and program.process is not None and program.process.poll() is not None:
                    self._ended(program)
                if program.down_since is not None and time.monotonic() >= program.start_at:
                    self.away.append((program.name, program.down_since, boottime()))
                    program.down_since = None
                    program.start()

    def _ended(self, program):
        code = program.process.returncode
        if program.caused is None or (code not in (0, -signal.SIGKILL) and not self.was_full(program.name)):
            allowed = self.was_full(program.name) and code > 0
            if not allowed:
                self.findings.append(f"{program.name} ended with {code} at {boottime():.3f}; "
                                     f"caused: {program.caused}; its log is {program.log.name}")
        if program.caused is None:
            program.start_at = time.monotonic() + 0.5
        program.down_since = boottime()

    def was_full(self, disk):
        """Whether the disk was full a moment ago: healing takes some seconds, too."""
        now = boottime()
        return any(name == disk and (end is None or now - end < 10) for name, _, end in self.full)

    def end(self, program, number, away_seconds, why):
        """Sends the signal; it is started again that long after its end."""
        with self.lock:
            if program.down_since is not None or program.process.poll() is not None:
                return False
            program.caused = why
            program.start_at = time.monotonic() + away_seconds
            program.signal(number)
            if number != signal.SIGKILL and program.stopped:
                program.signal(signal.SIGCONT)
            return True

    # ---- the end

    def shut_down(self):
        """Asks everything to end; findings for what does not, or leaves something behind."""
        order = [*self.agents, "daemon"]
        for name in order:
            program = self.programs[name]
            program.signal(signal.SIGTERM)
            try:
                code = program.process.wait(40)
            except subprocess.TimeoutExpired:
                self.findings.append(f"{name} did not end within 40 s of TERM")
                continue
            if code != 0 and program.down_since is None:
                self.findings.append(f"{name} ended with {code} after TERM; its log is {program.log.name}")

    def close(self, keep=False):
        for program in self.programs.values():
            if program.running():
                program.process.kill()
        processes.end_all(self.folder)
        for program in self.programs.values():
            if program.process is not None:
                program.process.wait()
            for pid in program.pids:
                wall_clock.WallClock.clean_after(pid)
        for agent in self.agents:
            control_groups.remove_of(self.folder / "agents" / agent)
        if self.network is not None:
            self.network.close()
        if keep:
            for name, disk in self.disks.items():  # what is on a tmpfs is gone with it
                shutil.copytree(disk.folder, self.folder / f"kept-{name}", ignore=shutil.ignore_patterns("ballast", "*.sock"),
                                dirs_exist_ok=True)
        for disk in self.disks.values():
            disk.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
