"""The adverts of one virtual router, encoded before they are needed, and sent; the order of those that come."""

import errno
import time
from collections.abc import Iterable
from dataclasses import dataclass

from hahub.core.interfaces import Interface, Use
from hahub.family import Family, number_of
from hahub.lifeline import Slot
from hahub.net.adverts import AdvertSender
from hahub.net.adverts6 import AdvertSender6
from hahub.settings import InstanceSettings
from hahub.vrrp.ah import Sequence, seal
from hahub.vrrp.authenticity import Freshness
from hahub.vrrp.packet import AH_TYPE, Datagram
from hahub.vrrp.trailer import SENDERS, ReceivedSequences, SendSequence
from hahub.vrrp.wire import auth_type_of, key_of, message_of, signed


@dataclass(frozen=True, slots=True)
class _Addressed:
    """One advert on its way to one destination."""

    sender: AdvertSender | AdvertSender6
    destination: int
    message: bytes
    packet: bytes
    """What goes out, unless it has to have a number."""


class Outgoing:
    """Everything that one virtual router can say to its peers, and the numbers by which it knows what is new.

    An authentication header, or trailer, is made when its advert leaves: each has its number.
    """

    def __init__(self, settings: InstanceSettings, slot: Slot | None = None, *, last_sequence: int = 0) -> None:
        """slot: where the next life of the core finds the sequence number.

        last_sequence: of an authentication header, sent or heard in an earlier life.
        """
        self.source: int | None = None
        """The address that adverts come from; None while there is none."""
        self.sequence = Sequence(start=int(time.time()), last=last_sequence)
        self._trailer_sequence = SendSequence()
        self._heard_trailers = ReceivedSequences()
        self._settings = settings
        self._slot = slot
        self._interface: Interface | None = None
        self._use: Use | None = None
        self._adverts: dict[int, list[_Addressed]] = {}
        """By priority."""
        self.old_peers: set[int] = set()
        """Those whose checksums are made with the multicast address."""

    def use_slot(self, slot: Slot, last_sequence: int) -> None:
        """Go on above this number, and leave the next ones there."""
        self._slot = slot
        self.sequence.heard(last_sequence)
        slot.numbered(self.sequence.last)

    @property
    def trailers(self) -> tuple[int, tuple[tuple[str, int], ...]]:
        """The sequence of the last authentication trailer of our own, and the last one of each sender."""
        text = self._settings.family.text
        return self._trailer_sequence.last, tuple((text(who), last) for who, last in self._heard_trailers.all())

    def recall_trailers(self, own: int, heard: Iterable[tuple[str, int]]) -> None:
        """Go on above these, as another process has left them: peers have heard the former, and we the latter."""
        self._trailer_sequence = SendSequence(own)
        for sender, sequence in heard:
            self._heard_trailers.heard(number_of(sender), sequence, senders=self._senders_max)

    @property
    def _senders_max(self) -> int:
        return max(SENDERS, len(self._settings.unicast_peers))

    def encode(self, settings: InstanceSettings, interface: Interface, use: Use, priorities: Iterable[int]) -> None:
        """Make the adverts anew: after a change of configuration or of interfaces.

        priorities: those that will be needed; any other is encoded on the way.
        """
        self._settings, self._interface, self._use = settings, interface, use
        self.source = interface.source_of(use)
        self._adverts.clear()
        if self.source is not None:
            for priority in priorities:
                self._advert(priority)

    def packets(self, priority: int) -> list[tuple[AdvertSender | AdvertSender6, bytes]]:
        """One advert to each destination, to be sent now: sender and packet. None without a source."""
        adverts = self._advert(priority)
        number = self._number() if adverts else 0
        return [(advert.sender, self._numbered(advert, number) if number else advert.packet) for advert in adverts]

    def freshness(self, source: int) -> Freshness:
        """What a packet of this sender has to be newer than."""
        hmac = self._settings.auth_hmac
        if hmac is None:
            return Freshness(last_sequence=self.sequence.last)
        wall = int(time.time())
        return Freshness(last_of_sender=self._heard_trailers.last(source, wall, hmac.time_window), wall=wall)

    def heard(self, datagram: Datagram, sequence: int) -> None:
        """An authentic packet with this sequence number came: none of its sender is accepted again that is older.

        Of an authentication header, what we send next has to be above it as well.
        """
        if datagram.envelope is None:
            self._heard_trailers.heard(datagram.source, sequence, senders=self._senders_max)
            return
        self.sequence.heard(sequence)
        if self._slot is not None:
            self._slot.numbered(self.sequence.last)

    def refused(self, datagram: Datagram) -> None:
        """An authentic packet came, and its sequence number is none that follows."""
        if datagram.envelope is not None and self.source is not None:
            self.sequence.crossed(datagram.envelope.sequence, skips=self.source > datagram.source)

    def _number(self) -> int:
        """One for each advert, whatever the number of destinations; 0 for none."""
        hmac = self._settings.auth_hmac
        if hmac is not None:
            return self._trailer_sequence.next(time.time_ns(), hmac.time_window) if hmac.signs else 0
        if auth_type_of(self._settings) != AH_TYPE:
            return 0
        number = self.sequence.next()
        if self._slot is not None:
            self._slot.numbered(number)
        return number

    def _numbered(self, advert: _Addressed, number: int) -> bytes:
        source, destination = self.source or 0, advert.destination
        if self._settings.auth_hmac is not None or not isinstance(advert.sender, AdvertSender):
            ends = {"source": source, "destination": destination}
            return advert.sender.packet_of(signed(advert.message, self._settings, **ends, sequence=number))
        return seal(
            advert.message,
            key_of(self._settings.auth_pass or ""),
            source=source,
            destination=destination,
            ttl=advert.sender.ttl,
            sequence=number,
            unicast=bool(self._settings.unicast_peers),
        )

    def peer_is_old(self, peer: int) -> bool:
        """This peer makes checksums with the multicast address, and gets such ones from now on; False: it was known."""
        if peer in self.old_peers or self._settings.wire.old_unicast_checksum is not None:
            return False
        self.old_peers.add(peer)
        self._adverts.clear()
        return True

    def _advert(self, priority: int) -> list[_Addressed]:
        adverts = self._adverts.get(priority)
        if adverts is None and self._interface is not None and self._use is not None:
            # What the checksum covers differs from peer to peer.
            adverts = []
            for destination, sender in self._interface.senders_of(self._use):
                message = self._message(priority, destination)
                adverts.append(_Addressed(sender, destination, message, sender.packet_of(message)))
            self._adverts[priority] = adverts
        return adverts or []

    def _message(self, priority: int, destination: int) -> bytes:
        settings, source = self._settings, self.source or 0
        old = bool(settings.wire.old_unicast_checksum) or destination in self.old_peers
        old = old and bool(settings.unicast_peers) and settings.family is Family.IPV4
        return message_of(settings, priority, source=source, destination=destination, old_checksum=old)


def why_not(error: OSError) -> str:
    """For the log: why an advert did not go out."""
    if error.errno == errno.EMSGSIZE:
        return "longer than the MTU of the interface; some addresses belong into virtual_ipaddress_excluded"
    return error.strerror or "unknown error"
