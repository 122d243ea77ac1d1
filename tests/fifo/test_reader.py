import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hahub_fifo import Line, LineSplitter, UnknownLine, follow, format_line, read_lines

MASTER = Line("INSTANCE", "VI_1", "MASTER", 100)
BACKUP = Line("INSTANCE", "VI_1", "BACKUP", 100)
STOP = Line("INSTANCE", "VI_1", "STOP", 100)


@pytest.fixture(name="path")
def fifo_path(tmp_path: Path) -> Path:
    path = tmp_path / "notify"
    os.mkfifo(path)
    return path


def write_and_close(path: Path, *lines: Line) -> None:
    """Write as hahub does, then go away."""
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    for line in lines:
        os.write(descriptor, format_line(line))
    os.close(descriptor)


def write_when_read(path: Path, *lines: Line) -> None:
    """Open for writing, which waits for a reader of this very FIFO, then write and go away."""
    with path.open("wb", buffering=0) as fifo:
        for line in lines:
            fifo.write(format_line(line))


class Following:
    """``follow`` in a thread; lines arrive one by one."""

    def __init__(self, path: Path) -> None:
        self._lines: list[Line | UnknownLine] = []
        self._changed = threading.Condition()
        self._stopped = False
        self.thread = threading.Thread(target=self._run, args=(path,))
        self.thread.start()

    def _run(self, path: Path) -> None:
        for line in follow(path, check_interval=0.02, stopped=lambda: self._stopped):
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()

    def first(self, count: int) -> list[Line | UnknownLine]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._lines) >= count, timeout=30), self._lines
            return list(self._lines)

    def stop(self) -> None:
        self._stopped = True
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture(name="following")
def start_following(path: Path) -> Iterator[Following]:
    following = Following(path)
    yield following
    following.stop()


@given(st.lists(st.binary(), max_size=8), st.integers(1, 7))
def test_lines_are_the_same_whatever_the_reads_return(lines: list[bytes], size_bytes: int) -> None:
    whole = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    splitter = LineSplitter()

    pieces = [whole[at : at + size_bytes] for at in range(0, len(whole), size_bytes)]
    found = [line for piece in pieces for line in splitter.feed(piece)]

    assert found == [line.replace(b"\n", b"") for line in lines]
    assert splitter.flush() == []


def test_a_last_line_without_line_feed_comes_at_the_end() -> None:
    splitter = LineSplitter()

    assert splitter.feed(b"VS [10.0.0.1]:tcp:80 UP\n\0INST") == [b"VS [10.0.0.1]:tcp:80 UP"]
    assert splitter.flush() == [b"\0INST"]


def test_a_lone_nul_at_the_end_is_no_line() -> None:
    splitter = LineSplitter()

    assert splitter.feed(b"VS [10.0.0.1]:tcp:80 UP\n\0") == [b"VS [10.0.0.1]:tcp:80 UP"]
    assert splitter.flush() == []


def test_garbage_without_line_feeds_does_not_fill_the_memory() -> None:
    splitter = LineSplitter()

    sizes = [len(line) for _ in range(1000) for line in splitter.feed(b"x" * 5000)]

    assert max(sizes) <= 64 * 1024 + 5000
    assert sum(sizes) + len(b"".join(splitter.flush())) == 1000 * 5000


def test_reading_a_descriptor_ends_when_the_writer_is_gone() -> None:
    reader, writer = os.pipe()
    os.write(writer, format_line(BACKUP) + format_line(MASTER)[:7])
    os.write(writer, format_line(MASTER)[7:])
    os.close(writer)

    try:
        assert list(read_lines(reader)) == [BACKUP, MASTER]
    finally:
        os.close(reader)


def test_reading_a_path_waits_for_a_writer(path: Path) -> None:
    def write() -> None:
        with path.open("wb", buffering=0) as fifo:
            fifo.write(format_line(BACKUP))
            fifo.write(format_line(MASTER))

    thread = threading.Thread(target=write)
    thread.start()

    assert list(read_lines(path)) == [BACKUP, MASTER]
    thread.join()


def test_following_goes_on_when_the_writer_starts_again(path: Path, following: Following) -> None:
    write_when_read(path, BACKUP, MASTER)
    assert following.first(2) == [BACKUP, MASTER]

    write_and_close(path, BACKUP, MASTER)  # at once: the reader may not have noticed the end yet

    assert following.first(4) == [BACKUP, MASTER, BACKUP, MASTER]


def test_following_goes_on_when_the_fifo_is_removed_and_made_again(path: Path, following: Following) -> None:
    write_when_read(path, MASTER)
    following.first(1)

    path.unlink()
    os.mkfifo(path)
    write_when_read(path, BACKUP)

    assert following.first(2) == [MASTER, BACKUP]


def test_following_notices_a_fifo_that_was_replaced_before_anyone_wrote(path: Path, following: Following) -> None:
    path.unlink()
    os.mkfifo(path)

    write_when_read(path, MASTER)

    assert following.first(1) == [MASTER]


def test_following_waits_for_a_fifo_that_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "later"
    following = Following(path)
    try:
        os.mkfifo(path)
        write_when_read(path, MASTER)

        assert following.first(1) == [MASTER]
    finally:
        following.stop()


def test_what_was_written_before_the_fifo_was_unlinked_is_still_read(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def stopped() -> bool:
        """Asked for the first time when nothing was to be read: just then the writer says its last word."""
        if not path.exists():
            return True
        os.write(descriptor, format_line(STOP))
        path.unlink()
        return False

    os.write(descriptor, format_line(BACKUP))
    try:
        assert list(follow(path, check_interval=0.02, stopped=stopped)) == [BACKUP, STOP]
    finally:
        os.close(descriptor)


def test_following_refuses_a_regular_file(tmp_path: Path) -> None:
    path = tmp_path / "regular"
    path.write_text('INSTANCE "VI_1" MASTER 100\n')

    with pytest.raises(OSError, match=r"regular: is not a FIFO"):
        next(follow(path))
