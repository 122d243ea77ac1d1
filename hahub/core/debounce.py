"""Interfaces that go up and down for a moment, or are up before they carry anything: ``interface_up_down_delays``.

    kernel     up  down          up        down   up
    believed   up       down_delay |  up_delay           up     (down for less than down_delay: never believed)

What an interface is when it is seen first is believed at once, and that it is gone.
Source: keepalived core/keepalived_netlink.c:update_interface_flags.
"""

import time
from collections.abc import Callable

from hahub.settings import LinkDelay

Clock = Callable[[], float]


class Debounce:
    """What is believed of the interfaces that have a delay; of all others, what the kernel says."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._delays: dict[str, LinkDelay] = {}
        self._believed: dict[str, bool] = {}
        self._turns_at: dict[str, float] = {}

    def configure(self, delays: tuple[LinkDelay, ...]) -> None:
        """Take other delays: then what waits is believed at once, by whoever asks."""
        wanted = {delay.interface: delay for delay in delays}
        if wanted != self._delays:
            self._delays = wanted
            self._believed.clear()
            self._turns_at.clear()

    def is_up(self, name: str, wire: str, *, up: bool, exists: bool = True) -> bool:
        """Whether to believe that it is up.

        wire: the interface below a virtual one, whose delays count; else the same as ``name``.
        up: what the kernel says.
        """
        delay = self._delays.get(wire)
        if delay is None:
            return up
        believed = self._believed.get(name)
        if believed is None or believed is up or not exists:
            return self._believe(name, up=up)
        now = self._clock()
        turns_at = self._turns_at.setdefault(name, now + (delay.up if up else delay.down))
        return self._believe(name, up=up) if now >= turns_at else believed

    def _believe(self, name: str, *, up: bool) -> bool:
        self._turns_at.pop(name, None)
        self._believed[name] = up
        return up

    @property
    def next_deadline(self) -> float | None:
        """When a change that waits is to be believed; None: none waits."""
        return min(self._turns_at.values(), default=None)

    def due(self, now: float) -> set[str]:
        """Interfaces whose change is believed from now on."""
        names = {name for name, turns_at in self._turns_at.items() if now >= turns_at}
        for name in names:
            self._believe(name, up=not self._believed[name])
        return names
