"""What a master does for its addresses over time: gratuitous ARP bursts, and putting back what others remove.

    takeover ──────── burst ── garp_master_delay ────── burst ── garp_master_refresh ── refresh ── ...
    weaker master ─── burst ── garp_lower_prio_delay ── burst

Source: keepalived vrrp/vrrp.c, the garp_* keywords; RFC 9568 section 6.4.
"""

from hahub.settings import InstanceSettings
from hahub.vrrp import timers
from hahub.vrrp.actions import Action, AnnounceAddresses, AnnounceElsewhere, RestoreAddresses, RestoreRoutes

RESTORE_INTERVAL = 1.0
"""Seconds between two restorations of addresses that somebody else removes again and again."""

RECOVERY_PAUSE = 0.5
"""Advert intervals between two bursts because of weaker masters, who draw traffic once only: adverts that somebody
makes up must not become a flood of announcements, ``garp_lower_prio_repeat`` for each address."""


class Announcements:
    """The schedule of one master; does nothing while stopped. Pure, ``now`` as everywhere."""

    def __init__(self) -> None:
        self._announce_at: float | None = None
        self._recover_at: float | None = None
        self._refresh_at: float | None = None
        self._elsewhere_at: float | None = None
        self._restore_at: float | None = None
        self._restored_at = float("-inf")
        self._recovered_at = float("-inf")
        self._recheck_at: float | None = None
        self._checked_at = float("-inf")

    @property
    def next_deadline(self) -> float | None:
        earliest = None
        announcing = (self._announce_at, self._recover_at, self._refresh_at, self._elsewhere_at)
        for waiting in (*announcing, self._restore_at, self._recheck_at):
            if waiting is not None and (earliest is None or waiting < earliest):
                earliest = waiting
        return earliest

    def start(self, settings: InstanceSettings, now: float) -> None:
        """All has just been added, and the addresses announced for the first time."""
        self._checked_at = now
        self._announce_at = _after(settings.garp_master_delay, now)
        self._refresh_at = _after(settings.garp_master_refresh, now)
        self._elsewhere_at = _after(settings.garp_extra_if, now + settings.garp_master_delay)

    def reschedule(self, before: InstanceSettings, after: InstanceSettings, now: float) -> None:
        """Other settings: what is repeated for ever follows them at once; what has begun comes to its end."""
        if before.garp_master_refresh != after.garp_master_refresh:
            self._refresh_at = _after(after.garp_master_refresh, now)
        if before.garp_extra_if != after.garp_extra_if:
            self._elsewhere_at = _after(after.garp_extra_if, now)

    def recover(self, settings: InstanceSettings, now: float) -> list[Action]:
        """A weaker master has drawn the traffic: announce now, and again after garp_lower_prio_delay."""
        if not settings.garp_lower_prio_repeat:
            return []
        self._recover_at = _after(settings.garp_lower_prio_delay, now)
        pause = RECOVERY_PAUSE * settings.advert_int
        if now - self._recovered_at < pause:
            self._recover_at = self._recover_at or self._recovered_at + pause
            return []
        self._recovered_at = now
        return [AnnounceAddresses(settings.garp_lower_prio_repeat)]

    def stop(self) -> None:
        self._announce_at = self._recover_at = self._refresh_at = self._elsewhere_at = self._restore_at = None
        self._recheck_at = None

    def lost(self, settings: InstanceSettings, now: float) -> list[Action]:
        """Somebody else removed addresses: put them back, but do not fight without pause."""
        if now - self._restored_at < RESTORE_INTERVAL:
            self._restore_at = self._restored_at + RESTORE_INTERVAL
            return []
        self._restore_at, self._restored_at = None, now
        return [RestoreAddresses(), AnnounceAddresses(settings.garp_master_repeat)]

    def doubt(self, now: float) -> list[Action]:
        """Routes may be missing: the same, without a word to the neighbours."""
        if now - self._checked_at < RESTORE_INTERVAL:
            self._recheck_at = self._checked_at + RESTORE_INTERVAL
            return []
        self._recheck_at, self._checked_at = None, now
        return [RestoreRoutes()]

    def due(self, settings: InstanceSettings, now: float) -> list[Action]:
        """What the time has come for."""
        actions: list[Action] = []
        if self._restore_at is not None and now >= self._restore_at:
            actions += self.lost(settings, now)
        if self._recheck_at is not None and now >= self._recheck_at:
            actions += self.doubt(now)
        if self._announce_at is not None and now >= self._announce_at:
            self._announce_at = None
            actions.append(AnnounceAddresses(settings.garp_master_repeat))
        if self._recover_at is not None and now >= self._recover_at:
            self._recover_at = None
            if settings.garp_lower_prio_repeat:  # a reload may have set it to 0
                actions.append(AnnounceAddresses(settings.garp_lower_prio_repeat))
        if self._refresh_at is not None and now >= self._refresh_at:
            self._refresh_at = timers.next_multiple(self._refresh_at, settings.garp_master_refresh, now)
            actions.append(AnnounceAddresses(settings.garp_master_refresh_repeat))
        if self._elsewhere_at is not None and now >= self._elsewhere_at:
            self._elsewhere_at = timers.next_multiple(self._elsewhere_at, settings.garp_extra_if, now)
            actions.append(AnnounceElsewhere())
        return actions


def _after(delay: float, now: float) -> float | None:
    """When it is time; never for 0."""
    return now + delay if delay else None
