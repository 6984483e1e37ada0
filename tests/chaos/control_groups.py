"""Removes the control groups of agents that were killed and never came back to do so."""

import contextlib
import os
import pathlib


def parent_folder():
    """Where a program that this one starts would make its groups; None without the second version of them."""
    own = ""
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        if line.startswith("0::"):
            own = line[3:].rstrip("/")
    for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words[2] == "cgroup2":
            return pathlib.Path(words[1] + own)
    return None


def remove_of(agent_folder):
    """Once nothing of the agent with this state folder runs."""
    parent = parent_folder()
    with contextlib.suppress(OSError):
        uuid = (pathlib.Path(agent_folder) / "uuid").read_text(encoding="ascii").strip()
        group = parent / f"sweep-agent-{uuid[:12]}" if parent and uuid else None
        if group is not None and group.is_dir():
            for slot in group.iterdir():
                with contextlib.suppress(OSError):
                    os.rmdir(slot)
            os.rmdir(group)
