"""Two routers that both say they own the addresses: only one of them can be right, and one has to give in.

The one of the lower address yields as in any contest. One that does not, because it takes no advice from anybody, as
the RFCs have it (VR-049), would be master beside us for ever. So who has the higher address waits until it has sent
two adverts; if the other still goes on, it counts as 254 itself until the other is gone.

Source: keepalived vrrp/vrrp.c:vrrp_state_master_rx, rogue_counter.
"""

from hahub.vrrp.events import AdvertReceived
from hahub.vrrp.priority import PRIORITY_OWNER

_ADVERTS = 2
_PATIENCE = 1.2
"""Intervals in which it has to be heard once more after these adverts."""


class OwnerConflict:
    """What an owner knows of another one. Pure."""

    def __init__(self) -> None:
        self.conceded = False
        """The other goes on, and we count as 254."""
        self._other: int | None = None
        self._adverts_left = 0
        self._interval = 0.0
        self._listens_until: float | None = None

    def goes_on(self, event: AdvertReceived, now: float) -> bool:
        """An owner of lower address advertises: has it had its time to yield? Then we do."""
        if self._listens_until is not None and now < self._listens_until:
            self.conceded, self._other = True, event.source
            self._listens_until = None
            return True
        if not self._adverts_left:
            self._adverts_left, self._listens_until = _ADVERTS, None
        self._interval = event.advert.advert_int
        return False

    def advert_sent(self, advert_int: float, now: float) -> None:
        """One of our adverts went out, in its time."""
        if not self._adverts_left:
            return
        self._adverts_left -= 1
        if not self._adverts_left:
            self._listens_until = now + _PATIENCE * max(advert_int, self._interval)

    def is_over(self, event: AdvertReceived) -> bool:
        """Somebody else is master than the one we gave in to, or it is an owner no more."""
        return self.conceded and (event.source != self._other or event.advert.priority != PRIORITY_OWNER)

    def settle(self) -> bool:
        """We are the only owner again; True when that is news."""
        conceded, self.conceded = self.conceded, False
        return conceded

    def end(self) -> None:
        """Master no more: what we waited for means nothing."""
        self._adverts_left, self._listens_until = 0, None
