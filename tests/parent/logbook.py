"""A log that a test can read."""

import logging
from pathlib import Path

import trio

from hahub.parent.logs import LogWriter

PATIENCE = 30.0


class LogBook:
    """A LogWriter into a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab")
        self.writer = LogWriter(self._file.fileno(), level=logging.DEBUG)

    @property
    def lines(self) -> list[str]:
        """Each line without its time."""
        return [line.partition(" ")[2] for line in self._path.read_text().splitlines()]

    async def wait_for(self, text: str) -> None:
        """Until a line has this text; fails after 30 s."""
        with trio.fail_after(PATIENCE):
            while not any(text in line for line in self.lines):
                await trio.sleep(0.02)


async def wait_until_exists(path: Path) -> None:
    """Until there is such a file, not empty; fails after 30 s."""
    with trio.fail_after(PATIENCE):
        while not _has_content(path):
            await trio.sleep(0.02)


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
