"""Adverts come in bursts, and each wake-up costs as much as several of them: let some more come in before reading.

As the kernel says when each of them arrived, no timer changes for it. Only where packets follow each other closely is
there a pause, shorter than any Skew_Time, so that a backup of a master that resigns is still in time.
"""

from collections.abc import Iterable

from hahub.settings import InstanceSettings
from hahub.vrrp.timers import skew_time

PAUSE_MAX = 0.0005
"""Seconds."""
_CLOSE = 0.001
"""Seconds since the last packets were read within which the next ones belong to the same burst."""
_HIGHEST_PRIORITY = 255


class Bursts:
    """Says how long to wait with reading."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._read_at = float("-inf")

    def configure(self, instances: Iterable[InstanceSettings]) -> None:
        """Take other instances: the shortest Skew_Time that any priority has with their intervals is the limit."""
        skews = (skew_time(each.version, _HIGHEST_PRIORITY, each.advert_int) for each in instances)
        self._longest = min(skews, default=0.0)
        self._longest = min(self._longest, PAUSE_MAX)

    def read(self, now: float) -> None:
        """Packets were read just now."""
        self._read_at = now

    def pause(self, now: float, next_deadline: float | None) -> float:
        """Seconds to let more packets come, 0 for none; packets wait to be read.

        next_deadline: when there is something else to do.
        """
        if now - self._read_at > _CLOSE:
            return 0.0
        room = self._longest if next_deadline is None else next_deadline - now
        return max(0.0, min(self._longest, room))
