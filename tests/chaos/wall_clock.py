"""A wall clock of the daemon's own that can jump; the machine's clock is never touched."""

import glob
import os

JUMP_SECONDS = 3600


def library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return found[0] if found else None


class WallClock:
    def __init__(self, folder):
        self.file = os.path.join(folder, "clock")
        self.library = library()
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
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DISABLE_SHM": "1"}

    def jump(self, forward):
        if self.library is None:
            return None
        self.set(JUMP_SECONDS if forward else -JUMP_SECONDS)
        return lambda: self.set(0)
