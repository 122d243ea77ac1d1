"""What came out of a notify FIFO, and when."""

import contextlib
import os
import select
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from hahub_fifo import Line, LineSplitter, UnknownLine, parse_line
from tests.lab.timeline import Timeline


@dataclass(frozen=True, slots=True)
class FifoRecord:
    """One line of a FIFO."""

    at: float
    """CLOCK_MONOTONIC of its reading, seconds."""
    text: str
    """As written, without the line feed."""

    @property
    def line(self) -> Line | UnknownLine:
        return parse_line(self.text)


class FifoLog(Timeline[FifoRecord]):
    """Makes a FIFO and reads it in a thread until closed.

    Held open for reading and writing, so that no restart of a daemon ends it and nothing written is ever lost.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        os.mkfifo(path, 0o600)
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._wake_reader, self._wake_writer = os.pipe()
        self._thread = threading.Thread(target=self._run, name=f"fifo {path}")
        self._thread.start()

    def _run(self) -> None:
        splitter = LineSplitter()
        poller = select.poll()
        poller.register(self._descriptor, select.POLLIN)
        poller.register(self._wake_reader, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poller.poll()]
            with contextlib.suppress(BlockingIOError):
                for line in splitter.feed(os.read(self._descriptor, 65536)):
                    self.add(FifoRecord(time.monotonic(), line.decode("utf-8", "surrogateescape")))
            if self._wake_reader in ready:
                return

    def close(self) -> None:
        """Read what is left, stop, and remove the FIFO."""
        os.write(self._wake_writer, b"x")
        self._thread.join()
        for descriptor in (self._descriptor, self._wake_reader, self._wake_writer):
            os.close(descriptor)
        self.path.unlink(missing_ok=True)

    @property
    def text(self) -> str:
        """Everything so far, as the golden files hold it."""
        return "".join(f"{record.text}\n" for record in self.records())

    def states(self, instance: str = "VI_1") -> list[str]:
        """Return the state words of one instance, events left out."""
        return _states(self.records(), instance)

    def wait_for_lines(self, count: int) -> None:
        """Wait until so many lines were read in all."""
        self.wait_until(lambda records: len(records) >= count, f"{count} lines in {self.path}")

    def wait_for_state(self, state: str, *, count: int = 1, instance: str = "VI_1", within: float = 30.0) -> float:
        """Return when the ``count``-th line with this state, or event, was read."""

        def matching(records: list[FifoRecord]) -> list[FifoRecord]:
            return [
                record
                for record in records
                if isinstance(line := record.line, Line) and (line.name, line.state) == (instance, state)
            ]

        records = self.wait_until(
            lambda records: len(matching(records)) >= count,
            f"line {count} that says {instance} {state} in {self.path}",
            within=within,
        )
        return matching(records)[count - 1].at


def _states(records: list[FifoRecord], instance: str) -> list[str]:
    lines = [record.line for record in records]
    return [line.state for line in lines if isinstance(line, Line) and line.name == instance and not line.is_event]
