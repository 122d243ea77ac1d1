"""The guard: a tiny process that cleans up when the parent dies, by any death.

Runs as ``python -I -S guard.py MARK``, standard library only. It reads what there is to guard from its
standard input, one JSON array a line:

    ["group", 123]      ["ungroup", 123]                   a script's process group; killed at once
    ["process", 45]     ["unprocess", 45]                  core and hub; get three seconds to leave by themselves
    ["fifo", path, device, inode]      ["unfifo", path]    unlinked at the end, when it is still that one
    ["last", program, argument, ...]                       run at the very end, in place of the guard
    ["table", name, nft]               ["untable", name]   of nftables; removed when the addresses are off, by nft

The end of its input is the death of the parent. What the parent started in its last moment, before it could say
so, is found by MARK, which everything it starts has in its environment. Something that made itself a session of
its own, as daemons do, is nobody's child any more and is left alone.
"""

import contextlib
import json
import os
import select
import signal
import stat
import sys
import time

MARK_VARIABLE = "HAHUB_RUN"
"""Environment variable that carries the mark."""
PATIENCE = 3.0
"""Seconds that core and hub get to leave by themselves."""
_ROUNDS = 5
"""How often strays are looked for: one may fork while it is being looked for."""


class Wards:
    """What there is to guard."""

    def __init__(self, mark: str) -> None:
        self._mark = f"{MARK_VARIABLE}={mark}".encode()
        self._groups: set[int] = set()
        self._processes: dict[int, int] = {}
        self._fifos: dict[str, tuple[int, int]] = {}
        self._tables: dict[str, str] = {}
        self.last: list[str] = []
        """What is to be run in the end."""

    def learn(self, line: bytes) -> None:
        """Take one line of the parent's."""
        word, *rest = json.loads(line)
        if word == "group":
            self._groups.add(rest[0])
        elif word == "ungroup":
            self._groups.discard(rest[0])
        elif word == "process":
            with contextlib.suppress(ProcessLookupError):
                self._processes[rest[0]] = os.pidfd_open(rest[0])
        elif word == "unprocess" and rest[0] in self._processes:
            os.close(self._processes.pop(rest[0]))
        elif word == "fifo":
            self._fifos[rest[0]] = (rest[1], rest[2])
        elif word == "unfifo":
            self._fifos.pop(rest[0], None)
        elif word == "last":
            self.last = rest
        elif word == "table":
            self._tables[rest[0]] = rest[1]
        elif word == "untable":
            self._tables.pop(rest[0], None)

    def end(self) -> None:
        """The parent is dead: leave nothing of it."""
        for group in self._groups:
            _kill_group(group)
        self._kill_strays()
        self._wait_for_processes()
        for pidfd in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self._processes.clear()
        self._kill_strays()
        for path, identity in self._fifos.items():
            _unlink_fifo(path, identity)
        for table, nft in self._tables.items():
            # Made first, so that a table that is gone already is no error.
            os.spawnv(os.P_WAIT, nft, [nft, f"add table inet {table}; delete table inet {table}"])  # noqa: S606

    def _wait_for_processes(self) -> None:
        deadline = time.monotonic() + PATIENCE
        alive = set(self._processes.values())
        while alive and (left := deadline - time.monotonic()) > 0:
            ended, _, _ = select.select(list(alive), [], [], left)
            alive -= set(ended)

    def _kill_strays(self) -> None:
        session = os.getsid(0)
        for _ in range(_ROUNDS):
            strays = [pid for pid in _pids() if pid not in self._processes and self._is_stray(pid, session)]
            for pid in strays:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not strays:
                return
            time.sleep(0.05)

    def _is_stray(self, pid: int, session: int) -> bool:
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - pathlib would double the start-up time
                marked = self._mark in file.read().split(b"\0")
            return marked and pid != os.getpid() and os.getsid(pid) == session
        except OSError:
            return False


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - as above


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _unlink_fifo(path: str, identity: tuple[int, int]) -> None:
    with contextlib.suppress(OSError):
        found = os.lstat(path)
        if stat.S_ISFIFO(found.st_mode) and (found.st_dev, found.st_ino) == identity:
            os.unlink(path)  # noqa: PTH108 - as above


def main(mark: str) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    wards = Wards(mark)
    for line in sys.stdin.buffer:
        wards.learn(line)
    wards.end()
    if wards.last:
        os.execv(wards.last[0], wards.last)  # noqa: S606 - no shell is what is wanted


if __name__ == "__main__":
    main(sys.argv[1])
