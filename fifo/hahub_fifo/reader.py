"""Reading a notify FIFO: whole lines, whatever the reads return, and on through a restart of the writer."""

import os
import select
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from hahub_fifo.lines import Line, UnknownLine, parse_line

LONGEST_LINE: Final = 64 * 1024
"""Bytes; what is longer without a line feed is passed on in pieces: garbage cannot fill the memory."""

_CHUNK = 64 * 1024


class LineSplitter:
    """Turns the bytes of successive reads into lines without their line feeds."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that this chunk completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return lines

    def flush(self) -> list[bytes]:
        """Return what came last without a line feed, at the end of the stream."""
        rest, self._rest = self._rest, b""
        return [rest] if rest.strip(b"\0") else []


def read_lines(source: int | str | Path) -> Iterator[Line | UnknownLine]:
    """Yield each line until the last writer has closed.

    source: a path, whose opening waits for a writer; or a blocking descriptor, which stays the caller's.
    """
    if not isinstance(source, int):
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield from read_lines(descriptor)
        finally:
            os.close(descriptor)
        return
    splitter = LineSplitter()
    while chunk := os.read(source, _CHUNK):
        yield from map(parse_line, splitter.feed(chunk))
    yield from map(parse_line, splitter.flush())


def follow(
    path: str | Path, *, check_interval: float = 0.5, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Line | UnknownLine]:
    """Yield each line for ever: over the end of the writer, and over a FIFO that is removed and made again.

    Waits for a path that is not there yet. Something there that is no FIFO raises OSError.
    check_interval: seconds between looks at ``stopped``, and at whether the FIFO was replaced in silence.
    stopped: asked when nothing is to be read; True ends the iteration.
    """
    descriptor: int | None = None
    try:
        while True:
            # opened anew before the old one is closed: a pipe that is open somewhere loses nothing
            opened = _open_fifo(path)
            if descriptor is not None:
                os.close(descriptor)
            descriptor = opened
            if descriptor is not None:
                for lines in _lines_of_reads(descriptor, check_interval, stopped):
                    yield from lines
            if stopped():
                return
            if descriptor is None:
                time.sleep(check_interval)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open_fifo(path: str | Path) -> int | None:
    """Open for reading without waiting for a writer; None while there is nothing at this path."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path}: is not a FIFO")
    return descriptor


def _lines_of_reads(
    descriptor: int, check_interval: float, stopped: Callable[[], bool]
) -> Iterator[list[Line | UnknownLine]]:
    """Yield the lines of each read until the writer is gone, the FIFO was unlinked, or ``stopped``.

    The kernel reports a hang-up only after a writer came and went: waiting for the first one is quiet.
    The link count, not the inode number, tells that a FIFO was replaced: numbers are reused at once.
    What was written before the FIFO was unlinked is still read.
    """
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    splitter = LineSplitter()
    while True:
        if not poller.poll(check_interval * 1000):
            if stopped() or (os.fstat(descriptor).st_nlink == 0 and not poller.poll(0)):
                break
            continue
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:  # another reader was quicker
            continue
        if not chunk:
            break
        yield [parse_line(line) for line in splitter.feed(chunk)]
    yield [parse_line(line) for line in splitter.flush()]
