"""Writing to a notify FIFO without ever waiting for its reader."""

import os
import select
from collections.abc import Iterator, Sequence
from typing import Final

PIPE_BUF: Final = select.PIPE_BUF
"""Bytes up to which one write() to a pipe is all or nothing (4096 on Linux; POSIX pipe(7))."""


class FifoWriter:
    """Writes whole lines to one FIFO, and counts what could not be written.

    The descriptor stays the caller's, who closes it. It is made non-blocking here; opened ``O_RDWR``, as
    keepalived does, it needs no reader and never raises SIGPIPE.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        """path: for messages only."""
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.path = path
        self.written = 0
        """Lines in the pipe or read from it."""
        self.dropped = 0
        """Lines lost because the pipe was full."""
        self.too_long = 0
        """Lines refused because they exceed PIPE_BUF: such a write could be torn apart."""
        self.failed = 0
        """Lines lost to any other error."""
        self.last_error: OSError | None = None
        """The latest of these other errors."""

    @property
    def lost(self) -> int:
        """Lines that no reader will ever see."""
        return self.dropped + self.too_long + self.failed

    def write(self, line: bytes) -> bool:
        """Write all of one line or nothing of it; False, and a count, when it is lost.

        Never blocks, never raises OSError.
        """
        if len(line) > PIPE_BUF:
            self.too_long += 1
            return False
        try:
            os.write(self.descriptor, line)
        except BlockingIOError:
            self.dropped += 1
            return False
        except OSError as error:
            self.failed += 1
            self.last_error = error
            return False
        self.written += 1
        return True

    def write_all(self, lines: Sequence[bytes]) -> int:
        """Write lines in order, as many with one ``write()`` as PIPE_BUF has room for; returns how many are lost.

        As with ``write``, each is in the pipe whole or not at all. Where there is no room for all of them, those are
        lost for which there is none, one by one. Never blocks, never raises OSError.
        """
        before = self.lost
        for together in _in_one_write(lines):
            if len(together) == 1 or not self._try(together):
                for line in together:
                    self.write(line)
        return self.lost - before

    def _try(self, lines: Sequence[bytes]) -> bool:
        """All of them or nothing; what went wrong will show again with each line."""
        try:
            os.write(self.descriptor, b"".join(lines))
        except OSError:
            return False
        self.written += len(lines)
        return True


def _in_one_write(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Runs of lines that are no longer than PIPE_BUF together; a longer line stands alone."""
    run: list[bytes] = []
    size_bytes = 0
    for line in lines:
        if run and size_bytes + len(line) > PIPE_BUF:
            yield run
            run, size_bytes = [], 0
        run.append(line)
        size_bytes += len(line)
    if run:
        yield run
