"""Small disks of the harness's own, and how they are filled up."""

import os
import pathlib
import subprocess


class Disk:
    """A tmpfs on a folder when root, else the folder itself, which is never filled."""

    def __init__(self, folder, mebibytes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "tmpfs", str(self.folder)],
            check=False, capture_output=True).returncode == 0

    @property
    def ballast(self):
        return self.folder / "ballast"

    def fill(self):
        if not self.mounted:
            return None
        with open(self.ballast, "ab", buffering=0) as file:
            for piece in (1 << 20, 4096):
                try:
                    while file.write(b"x" * piece) == piece:
                        pass
                except OSError:
                    pass
        return lambda: self.ballast.unlink(missing_ok=True)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)
            self.mounted = False
