"""The parent's end of the guard: starts it, keeps it informed, starts it again when somebody kills it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence

import trio

from hahub.parent import guard
from hahub.parent.fifo import Fifo
from hahub.parent.heritage import ChildHeritage
from hahub.parent.launch import Inherited
from hahub.parent.logs import Log
from hahub.parent.restarts import RestartDelay

_LEAVE_WITHIN = guard.PATIENCE + 2.0


class GuardLink:
    """Tells the guard what exists. Every method is safe to call while there is no guard; a new one is told all."""

    def __init__(self, mark: str, log: Log, *, keep_open: Sequence[int] = ()) -> None:
        """keep_open: descriptors that the guard holds until it ends, such as the lock of the run directory."""
        self._mark = mark
        self._log = log
        self._keep_open = tuple(keep_open)
        self._facts: dict[tuple[str, int | str], tuple[object, ...]] = {}
        self._popen: subprocess.Popen[bytes] | None = None
        self._pipe = -1

    def run_last(self, *command: str) -> None:
        """What the guard runs when everything is over."""
        self._facts["last", ""] = ("last", *command)
        self._say("last", *command)

    def watch_group(self, group: int) -> None:
        self._add("group", group)

    def forget_group(self, group: int) -> None:
        self._remove("group", group)

    def watch_process(self, pid: int) -> None:
        self._add("process", pid)

    def forget_process(self, pid: int) -> None:
        self._remove("process", pid)

    def watch_fifo(self, fifo: Fifo) -> None:
        self._add("fifo", fifo.path, fifo.device, fifo.inode)

    def forget_fifo(self, fifo: Fifo) -> None:
        self._remove("fifo", fifo.path)

    def watch_table(self, table: str, nft: str) -> None:
        """A table of nftables, and the program that removes it."""
        self._add("table", table, nft)

    def forget_table(self, table: str) -> None:
        self._remove("table", table)

    def _add(self, kind: str, key: int | str, *more: int | str) -> None:
        self._facts[kind, key] = (kind, key, *more)
        self._say(kind, key, *more)

    def _remove(self, kind: str, key: int | str) -> None:
        if self._facts.pop((kind, key), None) is not None:
            self._say(f"un{kind}", key)

    def _say(self, *words: object) -> None:
        """A guard that does not listen is as good as none: it is ended, and its successor hears everything."""
        if self._pipe < 0:
            return
        try:
            os.write(self._pipe, json.dumps(words).encode() + b"\n")
        except OSError:
            self._end()

    def start(self) -> None:
        """Start a guard and tell it all. Raises OSError."""
        reading, self._pipe = os.pipe()
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, self._mark],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                cwd="/",
                process_group=0,
                pass_fds=self._keep_open,
            )
        except OSError:
            os.close(self._pipe)
            self._pipe = -1
            raise
        finally:
            os.close(reading)
        os.set_blocking(self._pipe, False)
        for fact in self._facts.values():
            self._say(*fact)

    def bequeath(self) -> ChildHeritage:
        """Leave the guard to another image of this process."""
        return ChildHeritage(self._popen.pid if self._popen is not None else -1, -1, self._pipe)

    def start_anew(self, before: ChildHeritage) -> None:
        """Start a guard, then end the one that an earlier image of this process has left. Raises OSError."""
        self.start()
        if before.pid > 0:
            old = Inherited(before.pid)
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                old.kill()
                old.wait()
        if before.link >= 0:
            os.close(before.link)

    async def keep(self) -> None:
        """Replace a guard that ends. Runs until cancelled."""
        delay = RestartDelay()
        while True:
            started = trio.current_time()
            await self._ended()
            self._end()
            pause = delay.after(trio.current_time() - started)
            self._log.warning(f"the guard ended, starting another one: in={pause:g}s")
            await trio.sleep(pause)
            try:
                self.start()
            except OSError as error:
                self._log.error(f"the guard cannot be started: {error}")

    async def _ended(self) -> None:
        if self._popen is None:
            return
        pidfd = os.pidfd_open(self._popen.pid)
        try:
            await trio.lowlevel.wait_readable(pidfd)
        finally:
            os.close(pidfd)

    def _end(self) -> None:
        """Close the line to a guard that has ended, or does not listen: without SIGKILL it would think us dead."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait()
        self._popen = None
        if self._pipe >= 0:
            os.close(self._pipe)
        self._pipe = -1

    def close(self) -> None:
        """Let the guard do its work, as at our death, and wait until it has."""
        if self._pipe >= 0:
            os.close(self._pipe)
        self._pipe = -1
        if self._popen is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(_LEAVE_WITHIN)
        self._popen = None
