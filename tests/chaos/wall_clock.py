"""A wall clock of the daemon's own that can jump; the machine's clock is never touched."""

import contextlib
import glob
import os
import subprocess

JUMP_SECONDS = 3600


def library(program):
    """None where the package is not installed, or the program does not take it, as one built with sanitizers."""
    for path in glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"):
        tried = subprocess.run([program, "--version"], env={**os.environ, "LD_PRELOAD": path}, capture_output=True, check=False)
        if tried.returncode == 0:
            return path
    return None


class WallClock:
    def __init__(self, folder, program):
        self.file = os.path.join(folder, "clock")
        self.library = library(program)
        self.set(0)

    def set(self, seconds):
        # Renamed into place: a reader in between would find an empty file.
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(f"{seconds:+d}\n")
        os.rename(self.file + ".new", self.file)

    def environment(self):
        """For the daemon alone: agents hand their environment on to trials."""
        if self.library is None:
            return {}
        # Leases are measured on the clock that only runs forward, which stays as it is.
        return {"LD_PRELOAD": self.library, "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_NO_CACHE": "1"}

    @staticmethod
    def clean_after(pid):
        """A program that is killed leaves what the library shares with its children."""
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join("/dev/shm", name))

    def jump(self, forward):
        if self.library is None:
            return None
        self.set(JUMP_SECONDS if forward else -JUMP_SECONDS)
        return lambda: self.set(0)
