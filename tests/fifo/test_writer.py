import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hahub_fifo import PIPE_BUF, FifoWriter

LINE = b'INSTANCE "VI_1" MASTER 100\n'


@pytest.fixture(name="fifo")
def open_fifo(tmp_path: Path) -> Iterator[tuple[int, str]]:
    path = tmp_path / "notify"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    yield descriptor, str(path)
    os.close(descriptor)


def counts(writer: FifoWriter) -> dict[str, int]:
    return {
        "written": writer.written,
        "dropped": writer.dropped,
        "too_long": writer.too_long,
        "failed": writer.failed,
        "lost": writer.lost,
    }


def test_a_line_is_one_write_that_needs_no_reader(fifo: tuple[int, str]) -> None:
    descriptor, path = fifo
    writer = FifoWriter(descriptor, path)

    assert writer.write(LINE)

    assert os.read(descriptor, 4096) == LINE
    assert counts(writer) == {"written": 1, "dropped": 0, "too_long": 0, "failed": 0, "lost": 0}


def test_a_full_pipe_never_blocks_and_every_lost_line_is_counted(fifo: tuple[int, str]) -> None:
    descriptor, path = fifo
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)
    writer = FifoWriter(descriptor, path)

    results = [writer.write(LINE) for _ in range(400)]

    kept = os.read(descriptor, 65536)
    assert kept == LINE * (4096 // len(LINE))
    assert results == [True] * (4096 // len(LINE)) + [False] * (400 - 4096 // len(LINE))
    assert counts(writer) == {
        "written": 4096 // len(LINE),
        "dropped": 400 - 4096 // len(LINE),
        "too_long": 0,
        "failed": 0,
        "lost": 400 - 4096 // len(LINE),
    }


def test_a_pipe_that_was_read_takes_lines_again(fifo: tuple[int, str]) -> None:
    descriptor, path = fifo
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)
    writer = FifoWriter(descriptor, path)
    while writer.write(LINE):
        pass
    os.read(descriptor, 65536)

    assert writer.write(LINE)

    assert os.read(descriptor, 65536) == LINE


def test_a_blocking_descriptor_is_made_non_blocking(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR)
    try:
        writer = FifoWriter(descriptor, str(path))
        while writer.write(LINE):
            pass

        assert writer.dropped == 1
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("size_bytes", "accepted"),
    [
        pytest.param(PIPE_BUF, True, id="the longest line that cannot be torn"),
        pytest.param(PIPE_BUF + 1, False, id="one byte more"),
    ],
)
def test_a_line_that_could_be_torn_apart_is_refused(fifo: tuple[int, str], size_bytes: int, accepted: bool) -> None:
    descriptor, path = fifo
    writer = FifoWriter(descriptor, path)
    line = b"x" * (size_bytes - 1) + b"\n"

    assert writer.write(line) is accepted

    assert counts(writer) == {
        "written": int(accepted),
        "dropped": 0,
        "too_long": int(not accepted),
        "failed": 0,
        "lost": int(not accepted),
    }


def test_any_other_error_is_counted_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "read-only"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = FifoWriter(descriptor, str(path))

    try:
        assert not writer.write(LINE)
    finally:
        os.close(descriptor)

    assert counts(writer) == {"written": 0, "dropped": 0, "too_long": 0, "failed": 1, "lost": 1}
    assert isinstance(writer.last_error, OSError)
    assert writer.last_error.strerror == "Bad file descriptor"


def numbered(count: int) -> list[bytes]:
    return [f'INSTANCE "VI_{number}" MASTER 100\n'.encode() for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 16, 500])
def test_many_lines_come_whole_and_in_order_each_write_at_most_pipe_buf(
    fifo: tuple[int, str], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    descriptor, path = fifo
    writer = FifoWriter(descriptor, path)
    writes: list[bytes] = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, text: (writes.append(text), write(fd, text))[1])

    lost = writer.write_all(numbered(count))

    assert lost == 0
    assert b"".join(writes) == b"".join(numbered(count)) == (os.read(descriptor, 65536) if count else b"")
    assert all(len(text) <= PIPE_BUF and text.endswith(b"\n") for text in writes)
    assert len(writes) <= len(b"".join(numbered(count))) / (PIPE_BUF - 100) + 1
    assert counts(writer)["written"] == count


@pytest.mark.parametrize("room", [0, 1, 5])
def test_a_pipe_without_room_for_all_takes_whole_lines_as_long_as_there_is_some(
    fifo: tuple[int, str], room: int
) -> None:
    """The joined write fails as a whole; what fits is not lost for it, and nothing is torn."""
    descriptor, path = fifo
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)
    writer = FifoWriter(descriptor, path)
    lines = numbered(10)
    filling = b"x" * (4096 - 1 - len(b"".join(lines[:room]))) + b"\n"
    os.write(descriptor, filling)

    lost = writer.write_all(lines)

    assert os.read(descriptor, 65536) == filling + b"".join(lines[:room])
    assert (lost, writer.written, writer.dropped) == (10 - room, room, 10 - room)


def test_among_many_lines_one_that_could_be_torn_apart_is_refused_alone(fifo: tuple[int, str]) -> None:
    descriptor, path = fifo
    writer = FifoWriter(descriptor, path)

    lost = writer.write_all([LINE, b"x" * PIPE_BUF + b"\n", LINE])

    assert os.read(descriptor, 65536) == LINE * 2
    assert (lost, writer.too_long, writer.written) == (1, 1, 2)


def test_many_lines_that_cannot_be_written_are_all_counted(tmp_path: Path) -> None:
    path = tmp_path / "read-only"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = FifoWriter(descriptor, str(path))

    try:
        assert writer.write_all(numbered(3)) == 3
    finally:
        os.close(descriptor)

    assert counts(writer) == {"written": 0, "dropped": 0, "too_long": 0, "failed": 3, "lost": 3}
