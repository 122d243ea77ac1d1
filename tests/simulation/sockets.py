"""What a process reads of the wire: packets that wait in its sockets, and what each means for a virtual router."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from hahub.family import Family
from hahub.net.arrival import AGE_MAX
from hahub.vrrp import events
from hahub.vrrp.packet import Datagram, DecodeError, split_ip, virtual_router_id_of
from hahub.vrrp.reception import Accepted, Rejection, check
from tests.simulation.router import Router
from tests.simulation.wire import Packet

SOCKET_PACKETS = 500
"""What the socket of one interface and family keeps while nobody reads."""
_RIVALRY = {
    Rejection.VERSION, Rejection.AUTH_TYPE, Rejection.PASSWORD, Rejection.CHECK_VALUE, Rejection.KEY_ID,
    Rejection.CLOCK, Rejection.SEQUENCE, Rejection.INTERVAL, Rejection.ADDRESSES,
}  # fmt: skip
"""Why a peer that means to be one is not heard."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet, and where and when it arrived."""

    wire: str
    packet: Packet
    at: float
    """Monotonic time of the host."""

    @property
    def family(self) -> Family:
        return Family.IPV6 if isinstance(self.packet, Datagram) else Family.IPV4

    @property
    def virtual_router_id(self) -> int:
        """What the socket's filter looks at."""
        return self.packet.payload[1] if isinstance(self.packet, Datagram) else virtual_router_id_of(self.packet)

    def heard_at(self, now: float) -> float:
        """When it counts as heard if it is read now, as ``hahub.net.arrival`` has it."""
        return self.at if now - AGE_MAX <= self.at <= now else now


class Sockets:
    """One for each wire and family: packets wait there while the process sleeps."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, Family], deque[Arrival]] = {}

    def put(self, arrival: Arrival) -> None:
        waiting = self._waiting.setdefault((arrival.wire, arrival.family), deque())
        if len(waiting) < SOCKET_PACKETS:
            waiting.append(arrival)

    def take(self, limit: int = SOCKET_PACKETS) -> Iterator[Arrival]:
        """At most ``limit`` of each."""
        for waiting in self._waiting.values():
            for _ in range(min(limit, len(waiting))):
                yield waiting.popleft()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a packet means."""

    valid: bool
    event: events.AdvertReceived | events.RivalHeard | None
    text: str


def judge(packet: Packet, router: Router, wall: float) -> Verdict:
    """As ``hahub.core.router`` does it: what was judged once is known."""
    known = router.familiar.recall(packet, router.instance.master.source)
    if known is not None:
        return Verdict(True, known, f"hears {known.advert.priority} from {known.source_text}")
    try:
        datagram = packet if isinstance(packet, Datagram) else split_ip(packet)
    except DecodeError as error:
        return Verdict(False, None, f"drops a packet: {error}")
    settings, voice, known_master = router.settings, router.voice, router.instance.master.source
    freshness = voice.freshness(settings, datagram.source, wall)
    verdict = check(datagram, settings, own_source=voice.source, known_master=known_master, freshness=freshness)
    if verdict.sequence:
        voice.heard(settings, datagram, verdict.sequence)
    sender = datagram.family.text(datagram.source)
    if isinstance(verdict, Accepted):
        event = events.AdvertReceived(verdict.advert, datagram.source, sender)
        if not (verdict.note or verdict.sequence or verdict.old_checksum):
            router.familiar.learn(packet, event)
        return Verdict(True, event, f"hears {verdict.advert.priority} from {sender}")
    if verdict.rejection is Rejection.SEQUENCE:
        voice.refused(datagram)
    rival = events.RivalHeard(sender, "is no peer") if verdict.rejection in _RIVALRY else None
    return Verdict(False, rival, f"drops a packet: {verdict.text}")
