"""What programs print, line by line into the log, with a limit on how much one of them may say."""

import logging
from collections.abc import Callable

import trio

from hahub.parent.logs import Log
from hahub.parent.tasks import Tasks

_LINE_BYTES_MAX = 3500
_LINES_PER_SECOND = 100
_LEFT_OPEN_MAX = 64
"""Outputs that are still read although their program has ended, because something it started holds them open."""


class LineSplitter:
    """Cuts a stream of bytes into lines; a longer line than 3500 bytes is cut into several."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that are complete now, without their ends; blank ones are left out."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        while len(self._rest) > _LINE_BYTES_MAX:
            lines.append(self._rest[:_LINE_BYTES_MAX])
            self._rest = self._rest[_LINE_BYTES_MAX:]
        return [text for line in lines for text in _pieces(line)]

    def finish(self) -> list[str]:
        """The last line, when it had no end."""
        rest, self._rest = self._rest, b""
        return _pieces(rest)


def _pieces(line: bytes) -> list[str]:
    if not line.strip():
        return []
    pieces = [line[start : start + _LINE_BYTES_MAX] for start in range(0, len(line), _LINE_BYTES_MAX)]
    return [piece.decode("utf-8", "backslashreplace").rstrip("\r") for piece in pieces]


class LineLimit:
    """Lets 100 lines pass in a second and counts the others."""

    def __init__(self) -> None:
        self._second = float("-inf")
        self._passed = 0
        self._held = 0

    def admits(self, now: float) -> bool:
        if now - self._second >= 1.0:
            self._second, self._passed = now, 0
        self._passed += 1
        if self._passed > _LINES_PER_SECOND:
            self._held += 1
            return False
        return True

    def take_held(self) -> int:
        """How many lines were held back since the last time this was asked."""
        held, self._held = self._held, 0
        return held


async def log_lines(descriptor: int, log: Log, level: int = logging.INFO) -> None:
    """Log everything that is written to a pipe until all writers have closed it. Owns the descriptor."""
    splitter, limit = LineSplitter(), LineLimit()
    async with trio.lowlevel.FdStream(descriptor) as stream:
        async for chunk in stream:
            _log_some(splitter.feed(bytes(chunk)), limit, log, level)
        _log_some(splitter.finish(), limit, log, level)


def _log_some(lines: list[str], limit: LineLimit, log: Log, level: int) -> None:
    now = trio.current_time()
    for line in lines:
        if limit.admits(now):
            held = limit.take_held()
            if held:
                log.warning(f"{held} lines left out, more than {_LINES_PER_SECOND} in a second")
            log.write(level, line)


class Outputs:
    """What many programs print. One that leaves others running each time it runs must not use up our descriptors."""

    def __init__(self, tasks: Tasks, say: Callable[[str], None]) -> None:
        """say: called with a warning for people."""
        self._tasks = tasks
        self._say = say
        self._open: dict[trio.CancelScope, int] = {}
        self._left_open: dict[trio.CancelScope, None] = {}

    def read(self, descriptor: int, log: Log, level: int) -> trio.CancelScope:
        """Log what is written to this pipe, which is ours now, until all writers have closed it.

        descriptor: -1 for one that is closed already.
        """
        scope = trio.CancelScope()
        if descriptor < 0:
            return scope
        self._open[scope] = descriptor
        self._tasks.start_soon(self._read, scope, descriptor, log, level)
        return scope

    async def _read(self, scope: trio.CancelScope, descriptor: int, log: Log, level: int) -> None:
        with scope:
            await log_lines(descriptor, log, level)
        self._open.pop(scope, None)
        self._left_open.pop(scope, None)

    def descriptor_of(self, scope: trio.CancelScope) -> int:
        """The pipe, as long as it is read; else -1."""
        return self._open.get(scope, -1)

    def ended(self, scope: trio.CancelScope, label: str) -> None:
        """The program has ended; others may hold its output open, but not too many of them for ever."""
        if scope in self._open:
            self._left_open[scope] = None
        if len(self._left_open) > _LEFT_OPEN_MAX:
            oldest = next(iter(self._left_open))
            del self._left_open[oldest]
            oldest.cancel()
            self._say(f"{label}: what it started goes on after its end; only the last {_LEFT_OPEN_MAX} are listened to")
