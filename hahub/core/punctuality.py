"""Timers that were served late: the first sign that a host is too slow, or too busy, for its advert interval."""

from hahub.core.log import WARNING, CoreLog

_PART = 0.5
"""Of the advert interval: later than that, and another delay like it makes peers miss us."""
_ALWAYS_ALLOWED = 0.005
"""Seconds."""


class Punctuality:
    """Counts late timers, and says so at a limited rate. keepalived: ``A thread timer expired N seconds ago``."""

    def __init__(self, log: CoreLog) -> None:
        self._log = log
        self.late = 0
        """How many were late so far."""

    def served(self, name: str, advert_int: float, late: float) -> None:
        """A timer of this instance was served; late: seconds after its time, or less than 0."""
        if late <= _ALWAYS_ALLOWED or late <= _PART * advert_int:
            return
        self.late += 1
        text = f"a timer was served {late:.3f} s late, advert_int is {advert_int:g} s: {name}, times={self.late}"
        self._log.limited(WARNING, "timers", "late", text)
