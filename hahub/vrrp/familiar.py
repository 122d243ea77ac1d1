"""A master says the same again and again: what was judged once need not be judged again.

Of an IPv4 packet everything counts but the identification, which is another one each time, and the checksum, which the
kernel has verified. What the judgement depends on besides is up to the caller, who forgets when that changes.
"""

from hahub.vrrp.events import AdvertReceived
from hahub.vrrp.packet import Datagram

_Essence = tuple[bytes, ...] | Datagram


class Familiar:
    """The last packet that was accepted, without anything odd about it."""

    def __init__(self) -> None:
        self._essence: _Essence | None = None
        self._event: AdvertReceived | None = None

    def learn(self, packet: bytes | Datagram, event: AdvertReceived) -> None:
        """This packet was accepted, and means this."""
        self._essence, self._event = _essence(packet), event

    def forget(self) -> None:
        """Settings, or the own address, are no longer those of the judgement."""
        self._essence = self._event = None

    def recall(self, packet: bytes | Datagram, known_master: int | None) -> AdvertReceived | None:
        """What this packet means if it is the same again; None: it has to be judged.

        known_master: sender of the last accepted advertisement. Another one's packets may have been judged milder.
        """
        if self._event is None or self._event.source != known_master or self._essence != _essence(packet):
            return None
        return self._event


def _essence(packet: bytes | Datagram) -> _Essence:
    return packet if isinstance(packet, Datagram) else (packet[12:], packet[6:10], packet[:4])
