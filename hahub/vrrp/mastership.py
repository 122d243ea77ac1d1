"""What a master keeps and sends while it is one: Adver_Timer, its announcements, and who else advertises.

Source: RFC 9568 section 6.4.3; keepalived vrrp/vrrp.c:vrrp_state_master_tx.
"""

from hahub.settings import InstanceSettings
from hahub.vrrp import timers
from hahub.vrrp.actions import Action, AddAddresses, AnnounceAddresses, SendAdvert
from hahub.vrrp.announcements import Announcements
from hahub.vrrp.rivals import AnswerLimit, Finding, RivalWatch


class Mastership:
    """Of no meaning while the instance is anything else. Pure, ``now`` as everywhere."""

    def __init__(self) -> None:
        self.announcements = Announcements()
        self.rivals = RivalWatch()
        self._answers = AnswerLimit()
        self._advertise_at = 0.0
        """Adver_Timer."""
        self._sent_at = 0.0
        """When the last advert went out."""

    @property
    def next_deadline(self) -> float:
        """When there is something to do next."""
        waiting = (self._advertise_at, self.announcements.next_deadline, self.rivals.next_deadline)
        return min(t for t in waiting if t is not None)

    def begin(self, settings: InstanceSettings, priority: int, now: float) -> list[Action]:
        """The advert before the addresses, and these before they are announced (VR-085)."""
        self.restart_timer(settings, now)
        self.announcements.start(settings, now)
        return [SendAdvert(priority), AddAddresses(), AnnounceAddresses(settings.garp_master_repeat)]

    def resume(self, settings: InstanceSettings, priority: int, now: float) -> list[Action]:
        """Somebody was master here a moment ago; the neighbours know."""
        return self.begin(settings, priority, now)[:2]

    def end(self) -> Finding | None:
        """Master no more: the finding when a rival had been told."""
        self.announcements.stop()
        return self.rivals.stop()

    def restart_timer(self, settings: InstanceSettings, now: float) -> None:
        """An advert goes out now."""
        self._advertise_at, self._sent_at = now + settings.advert_int, now

    def due(self, settings: InstanceSettings, priority: int, now: float) -> list[Action]:
        """What the time has come for."""
        actions: list[Action] = []
        if now >= self._advertise_at:
            self._sent_at = now
            self._advertise_at = timers.next_multiple(self._advertise_at, settings.advert_int, now)
            actions.append(SendAdvert(priority))
        return actions + self.announcements.due(settings, now)

    def answer_weaker(self, settings: InstanceSettings, priority: int, now: float) -> list[Action] | None:
        """VR-097: a weaker master yields at once; traffic that it drew comes back by gratuitous ARP.

        None: it comes so often that this one is not answered.
        """
        if not self._answers.admits(settings.advert_int, now):
            return None
        answer: list[Action] = [] if settings.lower_prio_no_advert else [SendAdvert(priority)]
        return answer + self.announcements.recover(settings, now)

    def silence(self, now: float) -> float:
        """Seconds since the last advert."""
        return now - self._sent_at


def stall_limit(settings: InstanceSettings, priority: int) -> float:
    """Seconds without an own advert after which a peer of our priority has taken over."""
    adverts = settings.down_timer_adverts
    return timers.master_down_interval(settings.version, priority, settings.advert_int, adverts)
