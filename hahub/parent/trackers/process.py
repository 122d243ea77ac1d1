"""``vrrp_track_process``: how many processes of a kind are running, told to the core when that becomes too few.

Source: keepalived core/track_process.c. The end of a process is seen at once everywhere (pidfd); its beginning, or
a new name, at once where the proc connector may be used, else within a second.
"""

import os
import select
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import trio

from hahub.messages import ProcessResult
from hahub.parent.logs import Log
from hahub.parent.proc_events import ProcEvents
from hahub.parent.tasks import Tasks
from hahub.settings import ParamMatch, WatchedProcess

_LOOK_EVERY = 1.0
"""Seconds between two looks at all processes without the proc connector; with it, it is ten times as long."""
_NAME_MAX = 15
"""Bytes of a process's name. Source: linux/sched.h TASK_COMM_LEN."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process, as /proc shows it."""

    name: str
    words: tuple[str, ...]
    """The command line; empty for a thread of the kernel."""


def read_process(pid: int) -> Process | None:
    """What is running under a number; None when nothing is, or it has ended and only waits for its parent."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8", "surrogateescape")
        line = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    before, _, after = status.rpartition(")")
    if after.split()[0] in "ZX":
        return None
    return Process(before.partition("(")[2], tuple(line.removesuffix("\0").split("\0")) if line else ())


def matches(wanted: WatchedProcess, process: Process) -> bool:
    """Whether a process is to be counted."""
    by_line = wanted.full_command or wanted.match is not ParamMatch.ANY
    if not by_line:
        return process.name == wanted.command[:_NAME_MAX]
    if process.words[:1] != (wanted.command,):
        return False
    arguments, expected = process.words[1:], wanted.arguments
    match wanted.match:
        case ParamMatch.ANY:
            return True
        case ParamMatch.EXACT:
            return arguments == expected
        case ParamMatch.PARTIAL:
            return arguments[: len(expected)] == expected
        case ParamMatch.INITIAL:
            count = len(expected)
            ahead, last = arguments[: count - 1], arguments[count - 1 : count]
            return not expected or (ahead == expected[:-1] and bool(last) and last[0].startswith(expected[-1]))


class Quorum:
    """The verdict on a number of processes: the first number decides at once, a later one after its delay."""

    def __init__(self, wanted: WatchedProcess, verdict: bool | None = None) -> None:  # a verdict is a boolean
        """verdict: what has been told of these processes already; None when nothing has."""
        self.wanted = wanted
        self.verdict = verdict
        self.deadline: float | None = None
        """When a number that contradicts the verdict becomes the verdict."""
        self._number = 0

    def count(self, number: int, now: float) -> bool:
        """Take a number. True when the verdict changed, or came for the first time."""
        wanted = self.wanted
        enough = number >= wanted.quorum and (wanted.quorum_max is None or number <= wanted.quorum_max)
        self._number = number
        if enough is self.verdict:
            self.deadline = None
            return False
        if self.verdict is not None:
            if self.deadline is None:
                self.deadline = now + (wanted.fork_delay if enough else wanted.terminate_delay)
            if now < self.deadline:
                return False
        self.verdict, self.deadline = enough, None
        return True

    @property
    def result(self) -> ProcessResult:
        """What to tell. There has to be a verdict."""
        wanted, ceiling = self.wanted, self.wanted.quorum_max
        expected = f"at least {wanted.quorum}" if ceiling is None else f"{wanted.quorum} to {ceiling}"
        noun = "process" if self._number == 1 else "processes"
        return ProcessResult(wanted.name, bool(self.verdict), f"{self._number} {noun}, expected {expected}")


class _Census:
    """Who is running, by kind, kept up to date by the kernel's word. Close it."""

    def __init__(self, wanted: Iterable[WatchedProcess], log: Log) -> None:
        self._members: dict[WatchedProcess, set[int]] = {each: set() for each in wanted}
        self._pidfds: dict[int, int] = {}
        """By process number: becomes readable when the process ends."""
        self._epoll = select.epoll()
        self._events: ProcEvents | None = None
        try:
            self._events = ProcEvents()
            self._epoll.register(self._events.fileno(), select.EPOLLIN)
        except OSError as error:
            log.warning(
                f"vrrp_track_process: no word from the kernel about new processes ({error.strerror}),"
                f" looked for every {_LOOK_EVERY:g} s"
            )
        self.look_every = _LOOK_EVERY if self._events is None else 10 * _LOOK_EVERY

    def number_of(self, wanted: WatchedProcess) -> int:
        return len(self._members[wanted])

    async def wait(self) -> None:
        """Until the kernel has something to say."""
        await trio.lowlevel.wait_readable(self._epoll.fileno())

    def update(self) -> None:
        """Take what the kernel says. Does not wait."""
        ready = {fd for fd, _ in self._epoll.poll(0)}
        for pid in [pid for pid, fd in self._pidfds.items() if fd in ready]:
            self._forget(pid)
        if self._events is not None and self._events.fileno() in ready:
            changed = self._events.drain()
            for pid in self._all() if changed is None else changed:
                self._judge(pid)

    def look(self) -> None:
        """Look at all processes."""
        for pid in self._all():
            self._judge(pid)

    def _all(self) -> set[int]:
        return {int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()} | set(self._pidfds)

    def _judge(self, pid: int) -> None:
        process = read_process(pid)
        kinds = [wanted for wanted in self._members if process is not None and matches(wanted, process)]
        if not kinds or not self._holds(pid):
            self._forget(pid)
            return
        for wanted, members in self._members.items():
            if wanted in kinds:
                members.add(pid)
            else:
                members.discard(pid)

    def _holds(self, pid: int) -> bool:
        """Have a descriptor of the process; False when it has ended."""
        if pid not in self._pidfds:
            try:
                fd = os.pidfd_open(pid)
            except OSError:
                return False
            self._pidfds[pid] = fd
            self._epoll.register(fd, select.EPOLLIN)
        return True

    def _forget(self, pid: int) -> None:
        for members in self._members.values():
            members.discard(pid)
        fd = self._pidfds.pop(pid, None)
        if fd is not None:
            self._epoll.unregister(fd)
            os.close(fd)

    def close(self) -> None:
        for pid in list(self._pidfds):
            self._forget(pid)
        if self._events is not None:
            self._events.close()
        self._epoll.close()


class ProcessTrackers:
    """All of them, as the present configuration wants them."""

    def __init__(self, tasks: Tasks, log: Log, report: Callable[[ProcessResult], None]) -> None:
        self._tasks = tasks
        self._log = log
        self._report = report
        self._quorums: dict[str, Quorum] = {}
        self._scope = trio.CancelScope()

    def configure(self, processes: Iterable[WatchedProcess], verdicts: Mapping[str, bool] | None = None) -> None:
        """Count exactly these; the verdict on one that has not changed stays.

        verdicts: of those that are not counted yet, from an earlier image of this process.
        """
        told = verdicts or {}
        before, self._quorums = self._quorums, {}
        for wanted in processes:
            known = before.get(wanted.name)
            same = known is not None and known.wanted == wanted
            self._quorums[wanted.name] = known if same and known else Quorum(wanted, told.get(wanted.name))
        if list(before.values()) == list(self._quorums.values()):
            return
        self._scope.cancel()
        if self._quorums:
            self._scope = trio.CancelScope()
            self._tasks.start_soon(self._run, self._scope, list(self._quorums.values()))

    async def _run(self, scope: trio.CancelScope, quorums: list[Quorum]) -> None:
        with scope:
            census = _Census([quorum.wanted for quorum in quorums], self._log)
            try:
                await self._count(census, quorums)
            finally:
                census.close()

    async def _count(self, census: _Census, quorums: list[Quorum]) -> None:
        look_at = trio.current_time()
        while True:
            census.update()
            now = trio.current_time()
            if now >= look_at:
                census.look()
                look_at = now + census.look_every
            for quorum in quorums:
                if quorum.count(census.number_of(quorum.wanted), now):
                    self._tell(quorum)
            with trio.move_on_at(min([look_at, *(q.deadline for q in quorums if q.deadline is not None)])):
                await census.wait()

    def _tell(self, quorum: Quorum) -> None:
        result = quorum.result
        say = self._log.info if result.succeeded else self._log.warning
        say(f"vrrp_track_process {result.process} {'succeeded' if result.succeeded else 'failed'}: {result.detail}")
        self._report(result)
