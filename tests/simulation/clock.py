"""The clocks of one host: the monotonic one, which state machines are given, and the wall clock, which they are not."""


class Clock:
    """Both in seconds. The world's time is known here and nowhere on the node."""

    def __init__(self, monotonic: float, wall: float) -> None:
        """What they say at the world's time 0."""
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self, world_now: float) -> float:
        return world_now + self._monotonic

    def world_time(self, monotonic: float) -> float:
        """When, by the world's time, the monotonic clock will say this, if nothing is done to it."""
        return monotonic - self._monotonic

    def wall(self, world_now: float) -> float:
        return world_now + self._wall

    def leap(self, seconds: float) -> None:
        """The monotonic clock jumps; negative: it stood still for as long, as in suspend on Linux."""
        self._monotonic += seconds

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the wall clock, forward or backward."""
        self._wall += seconds

    def reboot(self, world_now: float) -> None:
        """The monotonic clock begins anew."""
        self._monotonic = -world_now
