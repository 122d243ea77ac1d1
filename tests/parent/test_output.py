"""What programs print becomes lines of the log."""

import os

import pytest
import trio

from hahub.parent.output import LineLimit, LineSplitter, log_lines
from tests.parent.logbook import LogBook


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        pytest.param([b"a\nb\n"], ["a", "b"], id="lines"),
        pytest.param([b"a", b"b\nc"], ["ab", "c"], id="cut anywhere, no end"),
        pytest.param([b"\n  \na\r\n"], ["a"], id="blank ones and CRLF"),
        pytest.param([b"\xff\n"], ["\\xff"], id="not UTF-8"),
        pytest.param([b"x" * 8000], ["x" * 3500, "x" * 3500, "x" * 1000], id="without an end"),
        pytest.param([b"x" * 4000 + b"\ny"], ["x" * 3500, "x" * 500, "y"], id="too long"),
    ],
)
def test_bytes_become_lines(chunks: list[bytes], lines: list[str]) -> None:
    splitter = LineSplitter()

    found = [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.finish()

    assert found == lines


def test_a_chatterbox_gets_a_hundred_lines_in_a_second() -> None:
    limit = LineLimit()

    passed = [limit.admits(0.5) for _ in range(150)]

    assert passed.count(True) == 100
    assert limit.admits(1.5)
    assert limit.take_held() == 50
    assert limit.take_held() == 0


async def test_lines_are_logged_until_the_last_writer_is_gone(logbook: LogBook) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\ntwo")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log_lines, reading, logbook.writer.named("notify VI_1"))
        await logbook.wait_for("one")

        os.close(writing)

    assert logbook.lines == ["INFO notify VI_1: one", "INFO notify VI_1: two"]
