"""Which of two masters yields: the one of lower priority, or, where both have the same, of lower address.

Source: RFC 9568 section 6.4.3; keepalived vrrp/vrrp.c:vrrp_state_master_rx.
"""

from enum import Enum, auto

from hahub.model import Cause, Reason
from hahub.vrrp.events import AdvertReceived


class Outcome(Enum):
    """What an advert of somebody else means for this master."""

    LOST = auto()
    WON = auto()
    OURSELVES = auto()
    """Our own priority from our own address (VR-098)."""


def contest(event: AdvertReceived, priority: int, source: int | None) -> tuple[Outcome, Reason]:
    """Compare a master with us, and say why it is stronger or weaker.

    priority, source: our own; addresses compare as unsigned numbers (VR-095).
    """
    theirs, sender = event.advert.priority, event.source_text
    text = f"{sender} advertises priority {theirs}, ours is {priority}"
    if (theirs, event.source) == (priority, source or 0):
        return Outcome.OURSELVES, Reason(Cause.RIVAL, f"{sender} advertises our own address and priority")
    if (theirs, event.source) < (priority, source or 0):
        return Outcome.WON, Reason(Cause.LOWER_PRIORITY, text)
    if theirs > priority:
        return Outcome.LOST, Reason(Cause.HIGHER_PRIORITY, text)
    return Outcome.LOST, Reason(Cause.HIGHER_ADDRESS, f"{sender} advertises our priority {priority}")
