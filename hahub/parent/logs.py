"""The log: every process's lines, written by the parent to one descriptor, which must never hold it up."""

import logging
import os
import select
import time
from collections.abc import Callable
from datetime import UTC, datetime

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_LINE_BYTES_MAX = 4000
"""Below PIPE_BUF: a pipe that is ready takes such a line whole and at once."""
_PATIENCE = 0.1
"""Seconds to wait for a log reader that does not keep up, once; after that, lines are left out until it reads."""


def format_line(at: float, level: int, process: str, text: str) -> bytes:
    """One line: ``2026-11-24T10:00:00.123Z INFO core: text``, at most 4000 bytes, control characters escaped.

    at: UTC, seconds since the epoch. level: as in ``logging``.
    """
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    plain = text if text.isprintable() else "".join(_visible(character) for character in text.rstrip())
    line = f"{moment} {logging.getLevelName(level)} {process}: {plain}"
    return line.encode("utf-8", "backslashreplace")[:_LINE_BYTES_MAX] + b"\n"


def _visible(character: str) -> str:
    return (
        character
        if character.isprintable() or character == "\t"
        else character.encode("unicode_escape").decode("ascii")
    )


class LogWriter:
    """Writes lines of a level or above to a descriptor, whose blocking mode it leaves alone.

    A reader that does not keep up costs a tenth of a second once, then lines are dropped, counted, and the
    count is written when the reader is back.
    """

    def __init__(
        self, descriptor: int = 2, *, level: int = logging.INFO, clock: Callable[[], float] = time.time
    ) -> None:
        self._descriptor = descriptor
        self._level = level
        self._clock = clock
        self._dropped = 0
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def write(self, level: int, process: str, text: str) -> None:
        if level < self._level:
            return
        if not self._is_writable(0.0 if self._dropped else _PATIENCE):
            self._dropped += 1
            return
        if self._dropped:
            lost, self._dropped = self._dropped, 0
            self._put(logging.WARNING, "parent", f"{lost} log lines were left out, the reader did not keep up")
            if not self._is_writable(0.0):
                self._dropped = 1
                return
        self._put(level, process, text)

    def named(self, process: str) -> "Log":
        """The same log for one writer."""
        return Log(self, process)

    def _is_writable(self, patience: float) -> bool:
        return any(events & select.POLLOUT for _, events in self._poll.poll(patience * 1000))

    def _put(self, level: int, process: str, text: str) -> None:
        try:
            os.write(self._descriptor, format_line(self._clock(), level, process, text))
        except OSError:
            self._dropped += 1


class Log:
    """The log under one name."""

    def __init__(self, writer: LogWriter, process: str) -> None:
        self._writer = writer
        self._process = process

    def named(self, process: str) -> "Log":
        return Log(self._writer, process)

    def write(self, level: int, text: str) -> None:
        self._writer.write(level, self._process, text)

    def debug(self, text: str) -> None:
        self._writer.write(logging.DEBUG, self._process, text)

    def info(self, text: str) -> None:
        self._writer.write(logging.INFO, self._process, text)

    def warning(self, text: str) -> None:
        self._writer.write(logging.WARNING, self._process, text)

    def error(self, text: str) -> None:
        self._writer.write(logging.ERROR, self._process, text)
