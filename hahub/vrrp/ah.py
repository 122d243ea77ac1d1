"""The authentication header around a version 2 advertisement: ``auth_type AH``, as keepalived speaks it.

::

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |             IPv4 header, 20 bytes, protocol 51 ...            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | Next Hdr: 112 | Payload Len: 4|           Reserved            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |        Security Parameters Index: the source address          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                        Sequence Number                        |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |        Integrity Check Value: HMAC-MD5-96, 12 bytes ...       |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |         the advertisement, its authentication data zero ...   |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

The check value covers all of the packet, itself as zeros; as zeros too what changes on the way: TOS, flags and fragment
offset, header checksum. The TTL is covered between neighbours, and as zero between unicast peers.
Source: RFC 2402, RFC 2403; keepalived vrrp/vrrp.c:vrrp_update_pkt, vrrp_in_chk_ipsecah; VR-035, VR-052.
"""

import hmac

from hahub.vrrp.packet import AH_LAYOUT, AH_PROTOCOL, AH_WORDS, ICV_SIZE_BYTES, PROTOCOL, Envelope, ipv4_header

SEQUENCE_MAX = 0xFFFFFFFF


class Key:
    """A password as the key of check values; it is not to be had back."""

    __slots__ = ("_keyed",)

    def __init__(self, password: bytes) -> None:
        """password: as on the wire of ``auth_type PASS``: 8 bytes, the last ones zero where it is shorter."""
        # MD5 is weak where collisions matter; here it is what the peers speak, inside HMAC.
        self._keyed = hmac.new(password, digestmod="md5")

    def check_value(self, covered: bytes) -> bytes:
        """The first 12 bytes of the HMAC-MD5."""
        keyed = self._keyed.copy()
        keyed.update(covered)
        return keyed.digest()[:ICV_SIZE_BYTES]

    def has_signed(self, envelope: Envelope, *, unicast: bool) -> bool:
        """Whether the packet is as one that knows the password sent it; takes the same time for any other."""
        return hmac.compare_digest(envelope.check_value, self.check_value(envelope.covered(unicast=unicast)))


def seal(message: bytes, key: Key, *, source: int, destination: int, ttl: int, sequence: int, unicast: bool) -> bytes:
    """Write the whole packet that carries one advertisement, from its IPv4 header on.

    message: with Auth Type 2 and without authentication data.
    sequence: also becomes the identification, which the check value covers and which may not be 0.
    """
    header = ipv4_header(
        AH_PROTOCOL,
        AH_LAYOUT.size + ICV_SIZE_BYTES + len(message),
        source=source,
        destination=destination,
        ttl=ttl,
        identification=(sequence - 1) % 0xFFFF + 1,
    )
    head = header + AH_LAYOUT.pack(PROTOCOL, AH_WORDS, source, sequence)
    unsigned = Envelope(source, sequence, b"", head + bytes(ICV_SIZE_BYTES) + message)
    return head + key.check_value(unsigned.covered(unicast=unicast)) + message


class Sequence:
    """The sequence numbers of one virtual router, sent and heard.

    keepalived counts both in one: who becomes master goes on above the master before, and a number that is not above
    all others is a repetition, whoever sent it (VR-052).
    """

    def __init__(self, *, start: int = 0, last: int = 0) -> None:
        """start: what the numbers of our own are above; seconds since 1970 make a life begin above the one before it.

        last: sent or heard in an earlier life.
        """
        self.last = last
        """The highest one sent or heard; nothing up to it is accepted any more."""
        self._start = start if start < SEQUENCE_MAX // 2 else 0

    def next(self) -> int:
        """The number of the next advertisement. After the last there is comes 1: nobody who listens has another way."""
        if self.last >= SEQUENCE_MAX:
            self.last = self._start = 0
        self.last = max(self.last, self._start) + 1
        return self.last

    def heard(self, number: int) -> None:
        """An authentic packet has this number."""
        self.last = max(self.last, number)

    def crossed(self, number: int, *, skips: bool) -> None:
        """An authentic packet was refused, as its number is not above all others.

        Where it is the last one, there may be two masters that count in step, so that their adverts always cross and
        neither hears the other: one of them, ``skips``, leaves out a number. A packet that is repeated does so once.
        """
        if skips and number == self.last < SEQUENCE_MAX:
            self.last += 1
