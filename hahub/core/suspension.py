"""Time in which the whole host was suspended: the clock of all timers did not run then, but the peers' did."""

import time
from collections.abc import Callable

_NOTEWORTHY = 0.05
"""Seconds; less than that is the difference of two readings."""


def _ahead() -> float:
    """Seconds that the clock which runs on in suspension is ahead of the one that does not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


class Suspension:
    """Notices it when it is over."""

    def __init__(self, ahead: Callable[[], float] = _ahead) -> None:
        self._ahead = ahead
        self._known = ahead()

    def noticed(self) -> float:
        """Seconds of suspension since the last call; 0 for none."""
        ahead = self._ahead()
        slept = ahead - self._known
        if slept < _NOTEWORTHY:
            return 0.0
        self._known = ahead
        return slept
