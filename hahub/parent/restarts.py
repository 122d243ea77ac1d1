"""When something that died is started again: at once, then after 1, 2, 4 ... 60 seconds."""

_DELAY_MAX = 60.0
_LIFE_THAT_COUNTS = 60.0


class RestartDelay:
    """The back-off of one restarted process. A life of 60 seconds makes the next restart immediate again."""

    def __init__(self, delay_max: float = _DELAY_MAX) -> None:
        self._next = 0.0
        self._delay_max = delay_max

    def after(self, lived: float) -> float:
        """Seconds to wait before the next start, after a life of ``lived`` seconds."""
        if lived >= _LIFE_THAT_COUNTS:
            self._next = 0.0
        delay = self._next
        self._next = min(self._delay_max, max(1.0, delay * 2))
        return delay
