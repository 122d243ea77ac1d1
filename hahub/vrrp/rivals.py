"""Dual-master detection: somebody else goes on advertising for this virtual router while we are its master.

One advert is nothing yet: a master that is being preempted sends some until it hears us. What counts is that it
goes on. Invalid adverts count as well, another password above all: they change neither state nor timer, and
are just how two masters come about that never hear each other.
"""

from dataclasses import dataclass

PERSISTS = 2.5
"""Advert intervals for which a rival has to go on before it is told."""

_ANSWERS_MAX = 10
_ANSWERS_WITHIN = 1.0
"""Answers to weaker masters within so many seconds, or within one advert interval when that is longer."""


class AnswerLimit:
    """A flood of weaker adverts, forged or in a loop, must not become a greater one, nor fill anybody's journal."""

    def __init__(self) -> None:
        self._since = float("-inf")
        self._answers = 0

    def admits(self, interval: float, now: float) -> bool:
        """May one more be answered and told?"""
        if now - self._since >= max(interval, _ANSWERS_WITHIN):
            self._since, self._answers = now, 0
        self._answers += 1
        return self._answers <= _ANSWERS_MAX


@dataclass(slots=True)
class Rival:
    """Somebody else who advertises."""

    since: float
    last: float
    detail: str
    told: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A rival that is to be told, at its beginning or at its end."""

    began: bool
    detail: str


class RivalWatch:
    """Remembers who else advertises. Bounded: one rival at a time is enough to wake somebody."""

    def __init__(self) -> None:
        self._rival: Rival | None = None
        self._gone_at: float | None = None

    @property
    def next_deadline(self) -> float | None:
        """When the rival counts as gone if it is not heard again."""
        return self._gone_at

    def heard(
        self, sender: str, detail: str, *, interval: float, down_timer_adverts: int = 3, now: float
    ) -> Finding | None:
        """Somebody advertises; the finding when this is the moment to tell.

        interval: seconds between the adverts that are to be expected of it, at least our own advert_int.
        down_timer_adverts: of these so many may be missed; with one more it counts as gone.
        """
        self._gone_at = now + (down_timer_adverts + 1) * interval
        rival = self._rival
        if rival is None:
            self._rival = Rival(now, now, f"{sender}: {detail}")
            return None
        rival.last = now
        if rival.told or now - rival.since < PERSISTS * interval:
            return None
        rival.told = True
        return Finding(True, f"{rival.detail}, for {now - rival.since:.3g} s")

    def due(self, now: float) -> Finding | None:
        """Nothing was heard for long enough: the finding when its presence was told."""
        if self._gone_at is None or now < self._gone_at:
            return None
        return self.stop()

    def stop(self) -> Finding | None:
        """We are master no more, or the rival is gone: the finding when its presence was told."""
        rival, self._rival, self._gone_at = self._rival, None, None
        if rival is None or not rival.told:
            return None
        return Finding(False, f"{rival.detail}, for {rival.last - rival.since:.3g} s")
