"""A sweepd house for tests: daemon, agents and command line as real processes in a temporary folder."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SWEEPD_BIN", ROOT / "build" / "bin"))


def free_port():
    """A port with two free ones after it, for the three doors."""
    for base in range(20000 + os.getpid() % 5000 * 4, 60000, 4):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(base, base + 3):
                    sock = stack.enter_context(socket.socket())
                    sock.bind(("127.0.0.1", port))
                return base
            except OSError:
                continue
    raise RuntimeError("no free ports")


def wait_until(what, condition, timeout=30.0):
    """Polls until condition() is true and returns its value; fails with `what` when it takes too long."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout} s: {what}")


class House:
    """Starts and stops everything; a context manager that leaves no process behind."""

    def __init__(self, lease="3s", heartbeat="200ms"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sweepd-e2e-"))
        self.server = f"tcp://127.0.0.1:{free_port()}"
        self.lease = lease
        self.heartbeat = heartbeat
        self.daemon = None
        self.agents = {}
        self.logs = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in [*self.agents.values(), self.daemon]:
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in [*self.agents.values(), self.daemon]:
            if process is not None:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if kind is not None:
            for log in sorted(self.folder.glob("*.log")):
                print(f"---- {log.name}\n{log.read_text()[-6000:]}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn(self, name, argv, env=None):
        with open(self.folder / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                [str(part) for part in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "SWEEPD_SERVER": self.server, **(env or {})}, cwd=self.folder)

    def start_daemon(self, state=None, options=(), env=None, under=()):
        self.daemon = self._spawn("sweepd", [
            *under, BIN / "sweepd", "--listen", self.server, "--state", state or self.folder / "state",
            "--lease", self.lease, "--heartbeat", self.heartbeat, *options], env)
        wait_until("the daemon answers", lambda: self.ctl("server", "info", "--json").returncode == 0)
        return self.daemon

    def start_agent(self, name="a", slots=1, env=None, options=()):
        self.agents[name] = self._spawn(f"agent-{name}", [
            BIN / "sweep-agent", "--server", self.server, "--state", self.folder / f"agent-{name}",
            "--name", name, "--cpu-slots", slots, *options], env)
        return self.agents[name]

    def start(self, agents=1, slots=2):
        self.start_daemon()
        for index in range(agents):
            self.start_agent(chr(ord("a") + index), slots)
        return self

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()

    def ctl(self, *argv, timeout=120, cwd=None, stdin=None):
        return subprocess.run(
            [str(BIN / "sweepctl"), *[str(part) for part in argv]], input=stdin, text=True,
            capture_output=True, timeout=timeout, cwd=cwd or self.folder,
            env={**os.environ, "SWEEPD_SERVER": self.server, "NO_COLOR": "1"})

    def ok(self, *argv, **options):
        """Runs sweepctl, insists on success and returns its standard output."""
        done = self.ctl(*argv, **options)
        assert done.returncode == 0, f"sweepctl {argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *argv, **options):
        return json.loads(self.ok(*argv, "--json", **options))

    def file(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def submit(self, text, *options, name="sweeps/sweep.toml"):
        """Submits the sweep file, alone in its folder because that is shipped, and returns the sweep's number."""
        return int(self.ok("submit", self.file(name, text), *options).split()[0])

    def trials(self, sweep):
        return self.json("trial", "ls", sweep, "--limit", 100000)

    def wait(self, sweep, timeout=120):
        done = self.ctl("wait", sweep, timeout=timeout)
        return done.returncode


def fsck(house):
    """Checks the state folder of a daemon that is not running: exit code and what it says."""
    done = subprocess.run([BIN / "sweepd", "fsck", "--state", house.folder / "state"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def blobs(house):
    """Names and sizes of all blobs."""
    folder = house.folder / "state/blobs"
    return {path.parent.name + path.name: path.stat().st_size
            for path in folder.glob("??/*") if path.is_file()}


def stop(house):
    """Ends the daemon in good order."""
    house.daemon.terminate()
    house.daemon.wait(20)
