"""The log's lines, and what happens when nobody reads them."""

import logging
import os
import time

import pytest

from hahub.parent.logs import LogWriter, format_line


@pytest.mark.parametrize(
    ("level", "process", "text", "line"),
    [
        pytest.param(logging.INFO, "core", "text", b"INFO core: text\n", id="a line"),
        pytest.param(logging.WARNING, "hub", "späť", "WARNING hub: späť\n".encode(), id="other letters"),
        pytest.param(logging.ERROR, "x", "a\nERROR y: b\t\x1b[1m", b"ERROR x: a\\nERROR y: b\t\\x1b[1m\n", id="forged"),
        pytest.param(logging.ERROR, "x", "a\udcff", b"ERROR x: a\\udcff\n", id="half a surrogate"),
    ],
)
def test_a_line_is_one_line(level: int, process: str, text: str, line: bytes) -> None:
    assert format_line(1795514400.1239, level, process, text) == b"2026-11-24T10:00:00.123Z " + line


def test_a_line_fits_into_a_pipe_at_once() -> None:
    assert len(format_line(0.0, logging.INFO, "core", "x" * 10_000)) == 4001


def test_lines_below_the_level_are_left_out() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(writing, level=logging.WARNING, clock=lambda: 0.0)

    writer.named("core").info("quiet")
    writer.named("core").warning("loud")

    assert os.read(reading, 1000) == b"1970-01-01T00:00:00.000Z WARNING core: loud\n"


def test_a_reader_that_does_not_keep_up_delays_nobody_and_hears_how_much_it_missed() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filled = os.write(writing, b"x" * 1_000_000)
    os.set_blocking(writing, True)
    log = LogWriter(writing, clock=lambda: 0.0).named("core")

    began = time.monotonic()
    for _ in range(100):
        log.info("lost")
    lasted = time.monotonic() - began
    os.read(reading, filled)
    log.info("back")

    assert lasted < 5
    assert os.read(reading, 4096) == (
        b"1970-01-01T00:00:00.000Z WARNING parent: 100 log lines were left out, the reader did not keep up\n"
        b"1970-01-01T00:00:00.000Z INFO core: back\n"
    )
