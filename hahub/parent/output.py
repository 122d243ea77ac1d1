"""What programs print, line by line into the log, with a limit on how much one of them may say."""

import logging

import trio

from hahub.parent.logs import Log

_LINE_BYTES_MAX = 3500
_LINES_PER_SECOND = 100


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
