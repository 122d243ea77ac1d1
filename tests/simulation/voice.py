"""What one virtual router says and knows of what others said: packets, their seals and sequence numbers.

As ``hahub.core.outgoing`` has it, with the wall clock of the host: where adverts are authenticated, it counts.
"""

from hahub.family import number_of
from hahub.settings import InstanceSettings
from hahub.vrrp.ah import Sequence, seal
from hahub.vrrp.authenticity import Freshness
from hahub.vrrp.packet import AH_TYPE, TTL, Datagram
from hahub.vrrp.trailer import SENDERS, ReceivedSequences, SendSequence
from hahub.vrrp.wire import auth_type_of, group_of, key_of, message_of, signed
from tests.simulation.wire import Packet, ip_packet

Outgoing = list[tuple[int, Packet]]
"""Destinations, and the packet for each."""


def is_sealed(settings: InstanceSettings) -> bool:
    """No packet is like another."""
    return settings.auth_hmac is not None or auth_type_of(settings) == AH_TYPE


class Voice:
    """Of one virtual router in one life of a process."""

    def __init__(self, *, wall: float, last_sequence: int) -> None:
        """last_sequence: of an authentication header, sent or heard in an earlier life."""
        self.source: int | None = None
        """Where its adverts come from."""
        self.sequence = Sequence(start=int(wall), last=last_sequence)
        self._trailer_sequence = SendSequence()
        self._heard_trailers = ReceivedSequences()
        self._said: dict[int, Outgoing] = {}
        """By priority; what was said last, or would be."""

    def encode(self, source: int | None) -> None:
        """Everything has to be made anew."""
        self.source = source
        self._said.clear()

    def say(self, settings: InstanceSettings, priority: int, wall: float) -> Outgoing:
        """An advert with this priority, for each destination; none without a source."""
        if self.source is None:
            return []
        if is_sealed(settings):
            self._said[priority] = self._sealed(settings, priority, self.source, wall)
        elif priority not in self._said:
            family, messages = settings.family, self._messages(settings, priority, self.source)
            self._said[priority] = [
                (to, ip_packet(message, source=self.source, destination=to, family=family)) for to, message in messages
            ]
        return self._said[priority]

    def said(self, priority: int) -> Outgoing:
        """What it said last with this priority, as somebody may have kept it."""
        return self._said.get(priority, [])

    def _messages(self, settings: InstanceSettings, priority: int, source: int) -> list[tuple[int, bytes]]:
        destinations = [number_of(peer.address) for peer in settings.unicast_peers] or [group_of(settings)]
        return [(to, message_of(settings, priority, source=source, destination=to)) for to in destinations]

    def _sealed(self, settings: InstanceSettings, priority: int, source: int, wall: float) -> Outgoing:
        hmac, family, packets = settings.auth_hmac, settings.family, []
        number = (
            self.sequence.next() if hmac is None else self._trailer_sequence.next(int(wall * 1e9), hmac.time_window)
        )
        for to, message in self._messages(settings, priority, source):
            if hmac is not None:
                message = signed(message, settings, source=source, destination=to, sequence=number)
                packets.append((to, ip_packet(message, source=source, destination=to, family=family)))
                continue
            key, unicast = key_of(settings.auth_pass or ""), bool(settings.unicast_peers)
            sealed = seal(message, key, source=source, destination=to, ttl=TTL, sequence=number, unicast=unicast)
            packets.append((to, sealed))
        return packets

    def freshness(self, settings: InstanceSettings, source: int, wall: float) -> Freshness:
        """What a packet of this sender has to be newer than."""
        if settings.auth_hmac is None:
            return Freshness(last_sequence=self.sequence.last)
        last = self._heard_trailers.last(source, int(wall), settings.auth_hmac.time_window)
        return Freshness(last_of_sender=last, wall=int(wall))

    def refused(self, datagram: Datagram) -> None:
        """An authentic packet came, and its sequence number is none that follows."""
        if datagram.envelope is not None and self.source is not None:
            self.sequence.crossed(datagram.envelope.sequence, skips=self.source > datagram.source)

    def heard(self, settings: InstanceSettings, datagram: Datagram, sequence: int) -> None:
        """An authentic packet with this number came."""
        if datagram.envelope is None:
            self._heard_trailers.heard(datagram.source, sequence, senders=max(SENDERS, len(settings.unicast_peers)))
        else:
            self.sequence.heard(sequence)
