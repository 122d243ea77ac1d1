"""The trailer that authenticates an advertisement: ``auth_hmac``, as keepalived has it since 2.4.0.

It follows a message of any version over any family, to the group or to peers::

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |    Type: 1    |    Key ID     |           Reserved            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                Sequence: seconds since 1970 ...               |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |     ... 1/65536 seconds       |     ... and a counter         |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |         HMAC-SHA-256, the first 16 bytes ...                  |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

The HMAC covers a pseudo-header (family, version, VRID, 0, source in 16 bytes), the message with its checksum as zero,
and the trailer with the HMAC as zeros: not the destination, so that one trailer fits all peers. The checksum of a
message over IPv4 does not cover the trailer, over IPv6 it does.

Sequences are compared as in RFC 1982. They are the time of the sender where clocks agree (``anti_replay time``), and
in any case each is after the one before.

Source: keepalived vrrp/vrrp_auth_hmac.c and its IETF draft.
"""

import hmac
import struct
from dataclasses import dataclass, field

from hahub.family import Family

TYPE = 1
_LAYOUT = struct.Struct("!BBHQ")
_MAC_BYTES = 16
TRAILER_BYTES = _LAYOUT.size + _MAC_BYTES
SENDERS = 4
"""Senders to a group that are remembered; more are there only when somebody plays games."""
_MODULUS = 1 << 64
_CHECKSUM = slice(6, 8)


@dataclass(frozen=True, slots=True)
class Trailer:
    """What follows a message."""

    type: int
    key_id: int
    reserved: int
    sequence: int
    mac: bytes
    prefix: bytes = field(repr=False)
    """All before the HMAC, as it came."""

    @property
    def at(self) -> int:
        """When it was made by the sender's clock; seconds since 1970."""
        return self.sequence >> 32


def split_trailer(payload: bytes, family: Family) -> tuple[bytes, Trailer | None]:
    """The message, and what follows it when that has the length of a trailer; the payload is not checked yet."""
    if len(payload) < 4 + TRAILER_BYTES:
        return payload, None
    end = 8 + family.size_bytes * payload[3] + (8 if payload[0] >> 4 == 2 else 0)
    if len(payload) != end + TRAILER_BYTES:
        return payload, None
    prefix = payload[end : end + _LAYOUT.size]
    kind, key_id, reserved, sequence = _LAYOUT.unpack(prefix)
    return payload[:end], Trailer(kind, key_id, reserved, sequence, payload[end + _LAYOUT.size :], prefix)


class TrailerKey:
    """A key that makes and checks trailers; it is not to be had back."""

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes) -> None:
        """secret: 32 to 64 bytes."""
        self._keyed = hmac.new(secret, digestmod="sha256")

    def make(self, message: bytes, *, family: Family, source: int, key_id: int, sequence: int) -> bytes:
        """The trailer of a message."""
        prefix = _LAYOUT.pack(TYPE, key_id, 0, sequence)
        return prefix + self._mac(message, family, source, prefix)

    def has_made(self, trailer: Trailer, message: bytes, *, family: Family, source: int) -> bool:
        """Whether one who knows the key made it for this message; takes the same time for any other."""
        return hmac.compare_digest(trailer.mac, self._mac(message, family, source, trailer.prefix))

    def _mac(self, message: bytes, family: Family, source: int, prefix: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(bytes([family, message[0] >> 4, message[1], 0]) + family.pack(source).ljust(16, b"\0"))
        keyed.update(message[: _CHECKSUM.start] + bytes(2) + message[_CHECKSUM.stop :] + prefix + bytes(_MAC_BYTES))
        return keyed.digest()[:_MAC_BYTES]


def is_after(sequence: int, other: int) -> bool:
    """RFC 1982 section 3.2, for 64 bits."""
    return 0 < (sequence - other) % _MODULUS < _MODULUS // 2


def distance(at: int, other: int) -> int:
    """Seconds from one time on the wire to another, which have 32 bits."""
    return (other - at + (1 << 31)) % (1 << 32) - (1 << 31)


class SendSequence:
    """The sequences of one sender."""

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def next(self, wall_ns: int, time_window: int) -> int:
        """The next one; wall_ns: UTC, nanoseconds since 1970.

        time_window: 0 for ``anti_replay monotonic``; else, after the clock was set back by more seconds than that,
        receivers take no more of the old ones, and the sequences begin anew at the clock.
        """
        clock = (wall_ns // 10**9 % (1 << 32) << 32) | (wall_ns % 10**9 * 65536 // 10**9 << 16)
        ahead = distance(clock >> 32, self.last >> 32)
        if is_after(clock, self.last) or (time_window and ahead > time_window):
            self.last = clock
        else:
            self.last = (self.last + 1) % _MODULUS
        return self.last


class ReceivedSequences:
    """The last sequence of each sender of one virtual router."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        """By source; the one heard last is the last."""

    def all(self) -> list[tuple[int, int]]:
        """Each sender and its last sequence, in the order in which they were heard last."""
        return list(self._last.items())

    def last(self, source: int, now: int, time_window: int) -> int | None:
        """What the next one of this sender has to be after; None when anything will do.

        now: UTC, seconds. One that is out of the window only says what the window says anyway; forgetting it lets a
        sender in again whose clock was set.
        """
        last = self._last.get(source)
        if last is None or (time_window and abs(distance(last >> 32, now)) > time_window):
            return None
        return last

    def heard(self, source: int, sequence: int, *, senders: int = SENDERS) -> None:
        """An authentic packet came; of more senders than these the one that was silent longest is forgotten."""
        self._last.pop(source, None)
        self._last[source] = sequence
        while len(self._last) > senders:
            del self._last[next(iter(self._last))]
