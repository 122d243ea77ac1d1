"""The run directory: one daemon per directory, known by a locked file with its pid."""

import fcntl
import os
import time
from pathlib import Path

_LOCK_NAME = "hahub.lock"
_PATIENCE = 10.0
"""Seconds to wait for the guard of a daemon that has just died: it holds the lock until it has cleaned up."""


class RunDirError(Exception):
    """The directory cannot be used, or another daemon has it."""


def lock(directory: Path) -> int:
    """Make the directory if needed and lock it for this process and those that get the returned descriptor.

    Raises RunDirError, naming the pid of the daemon that is there already.
    """
    path = directory / _LOCK_NAME
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise RunDirError(f"run directory {directory}: {error.strerror}: {error.filename}") from error
    deadline = time.monotonic() + _PATIENCE
    while not _try_lock(descriptor):
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        if is_alive(owner) or time.monotonic() > deadline:
            os.close(descriptor)
            raise RunDirError(f"run directory {directory}: a hahub is running here already, pid {owner or 'unknown'}")
        time.sleep(0.1)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def unlock(descriptor: int) -> None:
    """Give the directory up; whoever else has the descriptor still holds it."""
    os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_alive(pid: str) -> bool:
    """Whether a process of this number runs; what only waits for its parent does not."""
    if not pid.isdecimal():
        return False
    try:
        state = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
