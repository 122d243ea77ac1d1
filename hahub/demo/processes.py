"""Processes in other namespaces: starting, finding and ending them.

::

    open_process ──> nsenter ──fork──> the program, in the node's pid namespace
                     (ours to wait for)
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import trio


async def open_in(init: int, command: Sequence[str], *, log: Path, directory: Path) -> trio.Process:
    """Start a command in the namespaces of the process ``init``.

    The returned process is nsenter, which ends as the command does; the command is its child.
    log: gets standard output and error. directory: its working directory.
    """
    enter = ("nsenter", f"--target={init}", "--net", "--mount", "--uts", "--pid", f"--wd={directory}", "--")
    with log.open("ab") as output:
        return await trio.lowlevel.open_process(
            [*enter, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )


def children(pid: int) -> list[int]:
    """Return the children of a process, those of all its threads; none when it is gone."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def family(pid: int) -> list[int]:
    """Return a process and all its descendants, parents first."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def terminate_child(pid: int) -> None:
    """SIGTERM to the command that nsenter runs."""
    for child in children(pid):
        _signal(child, signal.SIGTERM)


def kill_family(pid: int) -> None:
    """SIGKILL to a process and its descendants, as one: all are stopped before the first is killed.

    Otherwise one that lives a millisecond longer would see the death of another, and act on it.
    """
    stopped: list[int] = []
    while fresh := [member for member in family(pid) if member not in stopped]:
        for member in fresh:
            _signal(member, signal.SIGSTOP)
        stopped += fresh
    for member in stopped:
        _signal(member, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
