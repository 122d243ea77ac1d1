"""What can wait until all that is due has been done.

When many virtual routers lose their master at once, each of them waits for the ones before it. Their adverts,
addresses, first announcements and FIFO lines come first; repetitions, and records to other processes, after that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Work = Callable[[], None]


class Afterwards:
    """Does work at once, or, inside ``held``, at its end, in order."""

    def __init__(self) -> None:
        self._held: list[Work] | None = None

    def do(self, work: Work) -> None:
        """Do this now, unless more urgent things are going on."""
        if self._held is None:
            work()
        else:
            self._held.append(work)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Urgent things go on inside. What was to be done is done however it ends."""
        held: list[Work] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
            for work in held:
                work()
