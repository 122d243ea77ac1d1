"""When a backup may become master at the earliest: counted anew, from what it has heard.

    BACKUP since t, or an advert at t that it has to respect:     t + down_timer_adverts * interval + skew
    priority 0 at t, of whom it has heard last, or of the first:  t + skew
    owner that starts or has no fault any more at t:              t

where skew is (256 - priority) / 256 of a second in version 2, and of the interval in version 3, and the interval is
that of the advert in version 3, else the own one. A router with preemption need not respect weaker masters once
preempt_delay is over; one with ``nopreempt`` respects every master. So this is also where a ``nopreempt`` router is
caught that takes over from a living master.

Source: RFC 3768 and RFC 9568 section 6; nothing is taken from ``hahub.vrrp.timers``, which is judged by it.
"""

from hahub.settings import InstanceSettings
from hahub.vrrp import events

ROUNDING = 1e-6


class ElectionOracle:
    """Of one backup; times are monotonic ones of its host."""

    def __init__(self, settings: InstanceSettings) -> None:
        self._interval = settings.advert_int
        self._waits_from = float("-inf")
        self._resigned_at: float | None = None
        self._owner_from = float("inf")
        self._preempts_from: float | None = None
        self._heard_from: int | None = None
        self.deaf_until = float("-inf")
        """The end of startup_delay."""

    def begins(self, settings: InstanceSettings, now: float, heard: events.AdvertReceived | None = None) -> None:
        """It is backup from now on, perhaps because of an advert."""
        self._preempts_from = None
        self._heard_from = heard.source if heard is not None else None
        self._respect(settings, now, heard)

    def _respect(self, settings: InstanceSettings, now: float, heard: events.AdvertReceived | None) -> None:
        learned = heard is not None and settings.version == 3
        self._interval = heard.advert.advert_int if heard is not None and learned else settings.advert_int
        self._waits_from, self._resigned_at, self._owner_from = max(now, self.deaf_until), None, float("inf")

    def begins_as_owner(self, now: float) -> None:
        """It has started, or its fault is over: until it hears another owner, it waits for startup_delay only."""
        self._owner_from = max(now, self.deaf_until)

    def heard(self, settings: InstanceSettings, priority: int, event: events.AdvertReceived, now: float) -> None:
        """A backup with this priority has heard an advert."""
        if now < self.deaf_until:
            return
        theirs = event.advert.priority
        if theirs == 0:
            if self._heard_from in (None, event.source) and self._resigned_at is None:
                self._resigned_at = now  # said again, it holds nothing up
            return
        self._heard_from = event.source
        if theirs >= priority:
            self._preempts_from = None
            self._respect(settings, now, event)
        elif not settings.preempt:
            self._respect(settings, now, event)
        else:
            if self._preempts_from is None:
                self._preempts_from = now + settings.preempt_delay
            if now < self._preempts_from:
                self._respect(settings, now, event)

    @property
    def resigned(self) -> bool:
        """Whom it has heard last has resigned since."""
        return self._resigned_at is not None

    def rescheduled(self, settings: InstanceSettings, now: float, *, other_interval: bool) -> None:
        """A backup has another advert_int or down_timer_adverts: it begins to wait anew."""
        interval = settings.advert_int if other_interval else self._interval
        self._respect(settings, now, None)
        self._interval = interval

    def earliest(self, settings: InstanceSettings, priority: int) -> float:
        """When it may become master, with the priority it has then."""
        unit = 1.0 if settings.version == 2 else self._interval
        skew = (256 - priority) * unit / 256
        waited = min(self._owner_from, self._waits_from + settings.down_timer_adverts * self._interval + skew)
        if self._resigned_at is None:
            return waited - ROUNDING
        return min(waited, self._resigned_at + skew) - ROUNDING
