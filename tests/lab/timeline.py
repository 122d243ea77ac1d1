"""A growing list that one thread writes and tests wait on."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds a test waits for something that should take far less: machines are slow and shared."""


class Timeline(Generic[T]):
    """Records in the order of their coming."""

    def __init__(self) -> None:
        self._records: list[T] = []
        self._grown = threading.Condition()

    def add(self, record: T) -> None:
        with self._grown:
            self._records.append(record)
            self._grown.notify_all()

    def records(self) -> list[T]:
        """Return a copy of what has come so far."""
        with self._grown:
            return list(self._records)

    def wait_until(self, true_of: Callable[[list[T]], object], what: str, *, within: float = PATIENCE) -> list[T]:
        """Return the records as soon as the predicate holds for them.

        Raises AssertionError, saying what was waited for and what came instead.
        """
        deadline = time.monotonic() + within
        with self._grown:
            while not true_of(self._records):
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._grown.wait(remaining):
                    came = "\n".join(map(str, self._records[-20:]))
                    raise AssertionError(f"waited {within} s in vain for {what}; the latest records:\n{came}")
            return list(self._records)


def wait_until(true: Callable[[], object], what: str, *, within: float = PATIENCE) -> None:
    """Poll a condition that nobody announces. Raises AssertionError, saying what was waited for."""
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within} s in vain for {what}")
        time.sleep(0.02)
