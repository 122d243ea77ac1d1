"""What a backup knows of its master, and when it will miss it: Master_Down_Timer and what is needed to set it.

Source: RFC 9568 section 6.4.2, RFC 3768 section 6.4.2; keepalived vrrp/vrrp.c:vrrp_state_backup.
"""

from collections.abc import Callable
from functools import partial

from hahub.model import Cause, Reason
from hahub.settings import InstanceSettings
from hahub.vrrp import events, timers
from hahub.vrrp.actions import Action, Note


class MasterWatch:
    """The timer of one backup. Stopped while the instance is anything else."""

    def __init__(self, settings: InstanceSettings) -> None:
        self.address: str | None = None
        """Whom the last accepted advert came from; None while nobody was heard."""
        self.source: int | None = None
        """The same as a number."""
        self.accepted = False
        """The last advert that was heard is that of a master we accept."""
        self.interval = settings.advert_int
        """Master_Adver_Interval, seconds."""
        self.due: float | None = None
        """When the master counts as down; None: nobody is waited for."""
        self._cause = Cause.MASTER_DOWN_TIMER
        self._detail: Callable[[], str] = str
        """Words for the reason, put together only when it is wanted."""
        self._preempt_at: float | None = None

    @property
    def reason(self) -> Reason:
        """Why there will be a takeover when the time has come."""
        return Reason(self._cause, self._detail())

    def reset(self, settings: InstanceSettings) -> None:
        """Nothing is known of any master: the own interval is expected of the next one."""
        self.address, self.source, self.due, self.accepted = None, None, None, False
        self.interval, self._preempt_at = settings.advert_int, None

    def arm(self, settings: InstanceSettings, priority: int, now: float) -> None:
        """Wait for Master_Down_Interval."""
        adverts = settings.down_timer_adverts
        interval = timers.master_down_interval(settings.version, priority, self.interval, adverts)
        self.due, self._cause = now + interval, Cause.MASTER_DOWN_TIMER
        self._detail = partial(_silence, interval, self.address)

    def hear(self, event: events.AdvertReceived, settings: InstanceSettings, priority: int, now: float) -> list[Action]:
        """Take an advert; ``accepted`` says whether its sender is our master. What there is to note about it."""
        theirs, sender = event.advert.priority, event.source_text
        if theirs == 0:
            if self.source not in (None, event.source):
                return [Note("stranger", f"{sender} resigns, but {self.address} is master: not believed")]
            self._resigned(settings, priority, sender, now)
            return []
        notes: list[Action] = []
        if theirs == priority and event.source != self.source:  # VR-133, VR-134
            notes.append(Note("equal", f"{sender} has priority {theirs} as well: the higher address wins"))
        if theirs >= priority:
            self._preempt_at = None
        elif self.preempts(settings, now):
            self.address, self.source = sender, event.source
            weaker = f"{sender} advertises priority {theirs}, ours is {priority}"
            self._ignore(weaker)
            return [*notes, Note("lower", f"{weaker}: not accepted")]
        self.follow(event, settings, priority, now)
        return notes

    def follow(self, event: events.AdvertReceived, settings: InstanceSettings, priority: int, now: float) -> None:
        """Its sender is our master, and its interval counts (VR-072); that of version 2 is known to be our own."""
        self.address, self.source, self.accepted = event.source_text, event.source, True
        if settings.version == 3:
            self.interval = event.advert.advert_int
        self.arm(settings, priority, now)

    def _resigned(self, settings: InstanceSettings, priority: int, sender: str, now: float) -> None:
        """Our master said priority 0: wait for Skew_Time only (VR-086), from the first time that it says so.

        Nobody holds a takeover up by saying it again and again.
        """
        if self.due is None:
            return
        self.due = min(self.due, now + timers.skew_time(settings.version, priority, self.interval))
        self._cause, self._detail = Cause.PRIORITY_ZERO, partial("{} resigned".format, sender)

    def _ignore(self, weaker: str) -> None:
        """A weaker master does not hold the time up (VR-089), but it is the reason now."""
        self.accepted = False
        if self._cause is not Cause.PRIORITY_ZERO:
            self._cause, self._detail = Cause.HIGHER_PRIORITY, partial(str, weaker)

    def preempts(self, settings: InstanceSettings, now: float) -> bool:
        """Is a weaker master to be ignored, so that the time runs out? Starts preempt_delay (VR-102)."""
        if not settings.preempt:
            return False
        if self._preempt_at is None:
            self._preempt_at = now + settings.preempt_delay
        return now >= self._preempt_at

    def end(self, cause: Cause, now: float) -> None:
        """There is nobody to wait for."""
        self.due, self._cause, self._detail = now, cause, str

    def shift(self, settings: InstanceSettings, before: int, after: int, now: float) -> None:
        """The own priority changed: the time ends when it would have ended with the new one."""
        if self.due is None:
            return
        skews = [timers.skew_time(settings.version, priority, self.interval) for priority in (before, after)]
        # A time that has passed stays so: by that it is known that adverts may wait unread.
        self.due = max(min(now, self.due), self.due + skews[1] - skews[0])


def _silence(interval: float, master: str | None) -> str:
    return f"no advertisement for {interval:.3g} s" + (f" from {master}" if master else "")
