"""What a master keeps, sends and answers while it is one: Adver_Timer, its announcements, and who else advertises.

Source: RFC 9568 section 6.4.3; keepalived vrrp/vrrp.c:vrrp_state_master_tx, vrrp_state_master_rx.
"""

from hahub.model import Cause, Reason, State
from hahub.settings import InstanceSettings
from hahub.vrrp import timers
from hahub.vrrp.actions import Action, AddAddresses, AnnounceAddresses, Note, Report, SendAdvert
from hahub.vrrp.announcements import Announcements
from hahub.vrrp.contest import Outcome, contest
from hahub.vrrp.events import AdvertReceived
from hahub.vrrp.owners import OwnerConflict
from hahub.vrrp.priority import PRIORITY_MAX, PRIORITY_OWNER
from hahub.vrrp.rivals import AnswerLimit, Finding, RivalWatch

CROSSING = 0.25
"""Advert intervals after a takeover in which the advert of another one, who took over with us, may be on its way."""


class Mastership:
    """Of no meaning while the instance is anything else. Pure, ``now`` as everywhere."""

    def __init__(self, settings: InstanceSettings) -> None:
        self.settings = settings
        self.announcements = Announcements()
        self.owners = OwnerConflict()
        self._rivals = RivalWatch()
        self._answers = AnswerLimit()
        self._guest_until = float("-inf")
        self._displaced: int | None = None
        self._since = 0.0
        self._advertise_at = 0.0
        """Adver_Timer."""
        self._sent_at = 0.0
        """When the last advert went out."""

    @property
    def next_deadline(self) -> float:
        """When there is something to do next."""
        earliest = self._advertise_at  # asked for at every advert: loops, not comprehensions
        for other in (self.announcements.next_deadline, self._rivals.next_deadline):
            if other is not None and other < earliest:
                earliest = other
        return earliest

    # Beginning and end

    def begin(self, priority: int, now: float) -> list[Action]:
        """The advert before the addresses, and these before they are announced (VR-085)."""
        self.restart_timer(now)
        self.announcements.start(self.settings, now)
        return [SendAdvert(priority), AddAddresses(), AnnounceAddresses(self.settings.garp_master_repeat)]

    def displaces(self, master: int | None, now: float) -> None:
        """It begins because no master was heard any more: one may be there all the same.

        master: source of the last adverts that were heard; None: none were.
        """
        self._displaced, self._since = master, now
        if not self.settings.preempt:
            self._guest_until = now + self.settings.nopreempt_window

    def resume(self, priority: int, now: float) -> list[Action]:
        """Somebody was master here a moment ago; the neighbours know."""
        return self.begin(priority, now)[:2]

    def end(self, priority: int, state: State) -> list[Action]:
        """Master no more, but what ``state`` says: the end of a rival that had been told is told."""
        self._guest_until, self._displaced = float("-inf"), None
        self.announcements.stop()
        self.owners.end()
        return self._tell(self._rivals.stop(), priority, state)

    # Time

    def restart_timer(self, now: float) -> None:
        """An advert goes out now."""
        self._advertise_at, self._sent_at = now + self.settings.advert_int, now

    def due(self, priority: int, now: float) -> list[Action]:
        """What the time has come for."""
        actions: list[Action] = []
        if now >= self._advertise_at:
            self._sent_at = now
            self._advertise_at = timers.next_multiple(self._advertise_at, self.settings.advert_int, now)
            actions.append(SendAdvert(priority))
            self.owners.advert_sent(self.settings.advert_int, now)
        actions += self.announcements.due(self.settings, now)
        return actions + self._tell(self._rivals.due(now), priority)

    def slept(self, seconds: float) -> None:
        """For the peers, the last advert is so much older."""
        self._sent_at -= seconds

    def silence(self, now: float) -> float:
        """Seconds since the last advert."""
        return now - self._sent_at

    # Others

    def hear(
        self, event: AdvertReceived, priority: int, source: int | None, now: float
    ) -> tuple[list[Action], Reason | None]:
        """Take an advert of somebody else.

        priority, source: our own. Returns what to do at once, and why to be a backup then; None: there is no reason to.
        """
        if event.advert.priority == 0:
            return self._answer_resignation(event.source_text, priority, now), None
        outcome, reason = contest(event, priority, source)
        if outcome is Outcome.OURSELVES:
            return [Note("own-address", f"{reason.detail}: duplicate address?")], None
        actions: list[Action] = []
        if priority == event.advert.priority == PRIORITY_OWNER:
            actions.append(
                Note("owners", f"{event.source_text} has priority 255 as well, expected one owner on a link")
            )
            if outcome is Outcome.WON and self.owners.goes_on(event, now):
                concession = (
                    f"{event.source_text} goes on as owner of the addresses, ours is {PRIORITY_MAX} until it stops"
                )
                return actions, Reason(Cause.HIGHER_PRIORITY, concession)
        if outcome is Outcome.WON and not self._is_guest(now):
            return actions + self._answer_weaker(event, priority, reason, now), None
        if event.source == self._displaced and now - self._since < stall_limit(self.settings, priority):  # VR-078
            missed = f"{event.source_text} is alive: it was missed for too short a time for this host or network"
            actions.append(Note("hasty", missed))
        if outcome is Outcome.WON:
            # Who has yielded to us already takes over again after its Skew_Time; who has not answers at once.
            return [*actions, SendAdvert(0)], Reason(Cause.NOPREEMPT, f"{reason.detail}, but it was master before us")
        if self.settings.higher_prio_send_advert:
            actions.append(SendAdvert(priority))
        return actions, reason

    def _is_guest(self, now: float) -> bool:
        """May a weaker master have been there before us? Not one whose advert crosses our first: it began with us."""
        return self._since + CROSSING * self.settings.advert_int <= now < self._guest_until

    def _answer_resignation(self, sender: str, priority: int, now: float) -> list[Action]:
        """VR-093: somebody who resigns was master beside us, and drew traffic."""
        if not self._answers.admits(self.settings.advert_int, now):
            return [Note("flood", f"too many adverts of priority 0 to answer them all, the last from {sender}")]
        self.restart_timer(now)
        return [SendAdvert(priority), *self.announcements.recover(self.settings, now)]

    def _answer_weaker(self, event: AdvertReceived, priority: int, reason: Reason, now: float) -> list[Action]:
        """VR-097: a weaker master yields at once; traffic that it drew comes back by gratuitous ARP."""
        sender, settings, actions = event.source_text, self.settings, list[Action]()
        if not self._answers.admits(settings.advert_int, now):
            flood = f"too many adverts of weaker masters to answer them all, the last from {sender}"
            actions.append(Note("flood", flood))
        else:
            if not settings.lower_prio_no_advert:
                actions.append(SendAdvert(priority))
            actions += self.announcements.recover(settings, now)
            actions.append(Report(State.MASTER_RX_LOWER_PRI, State.MASTER, priority, reason))
        interval = max(event.advert.advert_int, settings.advert_int)
        return actions + self.rival_heard(sender, f"priority {event.advert.priority}", priority, now, interval=interval)

    def rival_heard(
        self, sender: str, detail: str, priority: int, now: float, *, interval: float = 0.0
    ) -> list[Action]:
        """Somebody else advertises for this virtual router: told when it goes on.

        interval: seconds between its adverts; 0: as between ours.
        """
        settings = self.settings
        finding = self._rivals.heard(
            sender, detail, interval=interval or settings.advert_int,
            down_timer_adverts=settings.down_timer_adverts, now=now,
        )  # fmt: skip
        return self._tell(finding, priority)

    def _tell(self, finding: Finding | None, priority: int, state: State = State.MASTER) -> list[Action]:
        if finding is None:
            return []
        word = State.DUAL_MASTER if finding.began else State.DUAL_MASTER_OVER
        return [Report(word, state, priority, Reason(Cause.RIVAL, f"{self.settings.interface}: {finding.detail}"))]


def stall_limit(settings: InstanceSettings, priority: int) -> float:
    """Seconds without an own advert after which a peer of our priority, or of the highest there is, has taken over."""
    highest = settings.timer_expired_backup or priority
    adverts = settings.down_timer_adverts
    return timers.master_down_interval(settings.version, highest, settings.advert_int, adverts)
