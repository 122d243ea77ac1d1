"""A running daemon for the commands that talk to one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Running


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        print(running.log)
