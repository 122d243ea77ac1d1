"""Authentication Headers in front of advertisements: RFC 2402, RFC 2403 (HMAC-MD5-96), as keepalived has them.

::

     0                   1                   2                   3
    +---------------+---------------+-------------------------------+
    |   Next = 112  |  Length = 4   |           Reserved            |
    +---------------+---------------+-------------------------------+
    |             SPI: the source address of the packet             |
    +---------------------------------------------------------------+
    |                         Sequence number                       |
    +---------------------------------------------------------------+
    |           Digest, 12 bytes, over the whole packet ...         |
    +---------------------------------------------------------------+

What changes on the way counts as zero: TOS, fragmentation, the header's checksum. The TTL of multicast does not change.
"""

import hmac
import ipaddress
import struct

from tests.conformance.frames import AH, VRRP, Advert
from tests.conformance.packets import Outgoing

SIZE = 24
"""Bytes of the header with its digest."""


def digest(ip_header: bytes, header: bytes, message: bytes, key: str) -> bytes:
    """Return the digest of a packet; ``header`` may have one already."""
    unchanging = bytearray(ip_header)
    unchanging[1] = 0
    unchanging[6:8] = unchanging[10:12] = bytes(2)
    covered = bytes(unchanging) + header[:12] + bytes(12) + message
    return hmac.digest(key.encode()[:8].ljust(8, b"\0"), covered, "md5")[:12]


def is_authentic(advert: Advert, key: str) -> bool:
    """Say whether the digest of an advert that was heard is right."""
    header = advert.authentication_header
    return hmac.compare_digest(header[12:], digest(advert.raw[14:34], header, advert.message, key))


def authenticated(outgoing: Outgoing, key: str, *, sequence: int, cut: int = 0, lie: int | None = None) -> Outgoing:
    """Return it with a header.

    cut: bytes that are missing at the end of the digest. lie: a priority that replaces the authentic one.
    """
    message = outgoing.message()
    spi = ipaddress.IPv4Address(outgoing.source).packed
    header = struct.pack("!BBH", VRRP, SIZE // 4 - 2, 0) + spi + struct.pack("!I", sequence)
    bare = outgoing.but(protocol=AH, payload=header + bytes(12) + message)
    right = digest(bare.frame()[14:34], header, message, key)
    if lie is not None:
        message = message[:2] + bytes([lie]) + message[3:]
    return bare.but(payload=header + right[: 12 - cut] + message)
