"""VRRP messages over IPv4 and IPv6, to and from bytes.

Version 2 (RFC 3768 section 5.1; authentication of RFC 2338 section 5.3.6)::

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |Version|  Type | Virtual Rtr ID|    Priority   | Count IP Addrs|
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   Auth Type   |  Adver Int, s |           Checksum            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                 IP Address, once for each ...                 |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |               Authentication Data, 8 bytes ...                |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

Version 3 (RFC 5798 and RFC 9568, section 5.1)::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |Version|  Type | Virtual Rtr ID|    Priority   | Count IP Addrs|
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | Rsvd  | Max Advertise Int, cs |           Checksum            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                 IP Address, once for each ...                 |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

Over IPv6, where there is version 3 only, each address has 16 bytes. What the wire has in centiseconds is seconds
here; addresses are unsigned integers.
"""

import struct
from dataclasses import dataclass, field
from enum import StrEnum

from hahub.family import Family

PROTOCOL = 112
AH_PROTOCOL = 51
"""Of packets with an authentication header, RFC 2402; see ``hahub.vrrp.ah``."""
GROUP4 = 0xE0000012
"""224.0.0.18, the destination of every multicast advertisement over IPv4."""
GROUP6 = 0xFF020000_00000000_00000000_00000012
"""ff02::12, and over IPv6."""
TTL = 255
PASS_TYPE = 1
"""Auth Type of a simple text password, RFC 2338 section 5.3.6.2."""
AH_TYPE = 2
"""Auth Type of an authentication header, RFC 2338 section 5.3.6.3."""
AH_LAYOUT = struct.Struct("!BBxxII")
"""Next header, length, SPI and sequence; the check value follows."""
AH_WORDS = 4
"""The length of the header in 32-bit words, less 2."""
ICV_SIZE_BYTES = 12
TOS = 0xC0
"""Internetwork control, as keepalived sends (VR-009)."""

_ADVERTISEMENT = 1
_HEADER = struct.Struct("!BBBBHH")
_PSEUDO_HEADERS = {Family.IPV4: struct.Struct("!BBH"), Family.IPV6: struct.Struct("!IxxxB")}
"""What follows source and destination: RFC 768 for IPv4, RFC 8200 section 8.1 for IPv6."""
_IP_HEADER = struct.Struct("!BBHHHBBHII")
_AH_SIZE_BYTES = AH_LAYOUT.size + ICV_SIZE_BYTES
_AUTH_SIZE_BYTES = 8
_INTERVAL_CS_MAX = 0x0FFF
_LINK_LOCAL = 0xFE80 >> 6
"""The first ten bits of a link-local IPv6 address, fe80::/10."""
_FRAGMENT = 0x3FFF
"""More Fragments and the fragment offset, in the third word of the IPv4 header."""


class Checksum(StrEnum):
    """What a version 3 checksum covers over IPv4: implementations differ (VR-028). Over IPv6 they agree."""

    PLAIN = "plain"
    """The message: RFC 9568 section 5.2.8, Cisco; and version 2 always."""
    PSEUDO_HEADER = "pseudo-header"
    """Source, destination, protocol and length as well: keepalived, FRRouting; and IPv6 always."""


class DecodeError(Exception):
    """A packet that is no advertisement; ``field`` names what is wrong with it."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field
        self.text = text


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One advertisement, version 2 or 3."""

    version: int
    virtual_router_id: int
    priority: int
    """0 resigns, 255 is the owner of the addresses."""
    advert_int: float
    """Seconds. Whole ones in version 2; in version 3 hundredths, 0.01 to 40.95."""
    addresses: tuple[int, ...]
    auth_type: int = 0
    """Version 2 only."""
    auth_data: bytes = field(default=b"", repr=False)
    """Version 2 only: 8 bytes, or none where Auth Type is not that of a password and all are zero."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An authentication header."""

    spi: int
    sequence: int
    check_value: bytes
    packet: bytes = field(repr=False)
    """All that it covers: from the IP header on, the check value as zeros."""

    def covered(self, *, unicast: bool) -> bytes:
        """The bytes that the check value is made of.

        unicast: routers may be between the peers, so that the TTL does not count.
        """
        header = bytearray(self.packet)
        header[1] = 0
        header[6:8] = header[10:12] = bytes(2)
        if unicast:
            header[8] = 0
        return bytes(header)


@dataclass(frozen=True, slots=True)
class Datagram:
    """What an IP packet says that matters here."""

    source: int
    destination: int
    ttl: int
    """Of IPv6 the hop limit."""
    payload: bytes
    family: Family = Family.IPV4
    envelope: Envelope | None = None
    """The authentication header before the payload."""


def group_of(family: Family) -> int:
    """The destination of multicast advertisements (VR-004, VR-005)."""
    return GROUP6 if family is Family.IPV6 else GROUP4


def is_group(address: int, family: Family) -> bool:
    """Whether it is a multicast address."""
    return address >> 120 == 0xFF if family is Family.IPV6 else address >> 28 == 0xE


def in_wire_order(addresses: list[int], family: Family) -> tuple[int, ...]:
    """Over IPv6 a link-local address stands first in an advertisement, else the order stays (VR-031)."""
    if family is Family.IPV4:
        return tuple(addresses)
    return tuple(sorted(addresses, key=lambda address: address >> 118 != _LINK_LOCAL))


def auth_bytes(password: str) -> bytes:
    """The authentication data of a password: its first 8 bytes in UTF-8, padded with zeros (VR-034)."""
    return password.encode()[:_AUTH_SIZE_BYTES].ljust(_AUTH_SIZE_BYTES, b"\0")


def encode(
    advert: Advertisement,
    *,
    source: int,
    destination: int,
    checksum: Checksum = Checksum.PSEUDO_HEADER,
    family: Family = Family.IPV4,
) -> bytes:
    """Write one advertisement, as it follows the IP header.

    source, destination: addresses of the packet that will carry it, for the pseudo-header.
    checksum: of version 3 over IPv4; version 2 has PLAIN and IPv6 PSEUDO_HEADER whatever is asked for.
    Raises ValueError for what the wire cannot carry.
    """
    if advert.version == 2 and family is Family.IPV4:
        interval = _whole(advert.advert_int, 1, 0, 0xFF) | advert.auth_type << 8
        tail = advert.auth_data.ljust(_AUTH_SIZE_BYTES, b"\0")
        if len(tail) != _AUTH_SIZE_BYTES:
            raise ValueError(f"{len(tail)} bytes of authentication data, at most {_AUTH_SIZE_BYTES} fit")
        checksum = Checksum.PLAIN
    elif advert.version == 3:
        interval = _whole(advert.advert_int, 100, 1, _INTERVAL_CS_MAX)
        tail = b""
        checksum = Checksum.PSEUDO_HEADER if family is Family.IPV6 else checksum
    else:
        raise ValueError(f"version {advert.version}, expected {_expected_version(family)}")
    count = len(advert.addresses)
    start = (advert.version << 4 | _ADVERTISEMENT, advert.virtual_router_id, advert.priority, count, interval)
    try:
        body = b"".join(map(family.pack, advert.addresses)) + tail
        message = _HEADER.pack(*start, 0) + body
        if checksum is Checksum.PSEUDO_HEADER:
            message = _pseudo_header(family, source, destination, len(message)) + message
        return _HEADER.pack(*start, 0xFFFF - (_sum(message) or 0xFFFF)) + body
    except (struct.error, OverflowError) as error:
        raise ValueError(f"not an advertisement for VRID {advert.virtual_router_id}: {error}") from error


def _whole(advert_int: float, units_per_second: int, smallest: int, largest: int) -> int:
    """The interval in units of the wire. Raises ValueError when it is none of them."""
    units = round(advert_int * units_per_second)
    if not smallest <= units <= largest or abs(units - advert_int * units_per_second) > 1e-6:
        raise ValueError(f"advert_int {advert_int:g} s, expected {smallest}-{largest} times {1 / units_per_second:g} s")
    return units


def _expected_version(family: Family) -> str:
    return "3" if family is Family.IPV6 else "2 or 3"


def with_checksum(message: bytes, trailer: bytes, *, source: int, destination: int) -> bytes:
    """A message over IPv6 with the checksum that covers what follows it, too; then that."""
    blank = message[:6] + bytes(2) + message[8:] + trailer
    total = _sum(_pseudo_header(Family.IPV6, source, destination, len(blank)) + blank)
    return blank[:6] + (0xFFFF - (total or 0xFFFF)).to_bytes(2, "big") + blank[8:]


def decode(
    payload: bytes, *, source: int, destination: int, family: Family = Family.IPV4, trailer: bytes = b""
) -> Advertisement:
    """Read one advertisement, as it follows the IP header; nothing may follow it.

    source, destination: addresses of the packet, for the pseudo-header.
    trailer: what followed the message all the same; over IPv6 the checksum covers it.
    Over IPv4 a version 3 checksum is accepted with and without the pseudo-header (VR-046).
    Raises DecodeError, naming the field, for anything else.
    """
    if len(payload) < _HEADER.size:
        raise DecodeError("length", f"{len(payload)} bytes, expected at least {_HEADER.size}")
    version_type, virtual_router_id, priority, count, interval, _ = _HEADER.unpack_from(payload)
    version = version_type >> 4
    if version != 3 and not (version == 2 and family is Family.IPV4):
        raise DecodeError("version", f"{version}, expected {_expected_version(family)}")
    if version_type & 0x0F != _ADVERTISEMENT:
        raise DecodeError("type", f"{version_type & 0x0F}, expected {_ADVERTISEMENT}")
    end = _HEADER.size + family.size_bytes * count
    expected = end + (_AUTH_SIZE_BYTES if version == 2 else 0)
    if len(payload) != expected:
        raise DecodeError("length", f"{len(payload)} bytes, expected {expected} for {count} addresses")
    checked = payload + trailer if family is Family.IPV6 else payload
    if not _is_intact(checked, version, family, source, destination):
        raise DecodeError("checksum", f"{payload[6:8].hex()} does not match the message")
    addresses = _addresses(payload, family, count)
    if version == 2:
        auth_type, auth_data = interval >> 8, payload[end:]
        if auth_type != PASS_TYPE and not any(auth_data):
            auth_data = b""
        return Advertisement(2, virtual_router_id, priority, float(interval & 0xFF), addresses, auth_type, auth_data)
    interval_cs = interval & _INTERVAL_CS_MAX
    if interval_cs == 0:
        raise DecodeError("interval", "0, expected 1-4095 centiseconds")
    return Advertisement(3, virtual_router_id, priority, interval_cs / 100, addresses)


def _addresses(payload: bytes, family: Family, count: int) -> tuple[int, ...]:
    if family is Family.IPV4:
        return struct.unpack_from(f"!{count}I", payload, _HEADER.size)
    halves = struct.unpack_from(f"!{2 * count}Q", payload, _HEADER.size)
    return tuple(high << 64 | low for high, low in zip(halves[::2], halves[1::2], strict=True))


def _is_intact(payload: bytes, version: int, family: Family, source: int, destination: int) -> bool:
    """Whether the checksum is right: for version 3 over IPv4 in one of the two ways."""
    if family is Family.IPV4 and _sum(payload) == 0:
        return True
    return version == 3 and _sum(_pseudo_header(family, source, destination, len(payload)) + payload) == 0


def _pseudo_header(family: Family, source: int, destination: int, length: int) -> bytes:
    layout = _PSEUDO_HEADERS[family]
    last = (length, PROTOCOL) if family is Family.IPV6 else (0, PROTOCOL, length)
    return family.pack(source) + family.pack(destination) + layout.pack(*last)


def _sum(message: bytes) -> int:
    """The one's complement sum of RFC 1071, where 0 and 0xFFFF are the same: 0. Checked messages have 0.

    As 0x10000 leaves 1 when divided by 0xFFFF, the sum of the 16-bit words is the whole message modulo 0xFFFF.
    """
    return int.from_bytes(message, "big") % 0xFFFF


def ipv4_header(
    protocol: int, length: int, *, source: int, destination: int, ttl: int = TTL, identification: int = 0
) -> bytes:
    """Write the IPv4 header in front of so many bytes.

    identification: for 0 the kernel finds one, and makes the checksum anew.
    """
    fields = (0x45, TOS, _IP_HEADER.size + length, identification, 0, ttl, protocol)
    checksum = 0xFFFF - (_sum(_IP_HEADER.pack(*fields, 0, source, destination)) or 0xFFFF)
    return _IP_HEADER.pack(*fields, checksum, source, destination)


def virtual_router_id_of(packet: bytes) -> int:
    """The VRID of an IPv4 packet that nobody has checked yet; 0, which is nobody's, where there is none."""
    if len(packet) < _IP_HEADER.size:
        return 0
    place = (packet[0] & 0x0F) * 4 + (_AH_SIZE_BYTES if packet[9] == AH_PROTOCOL else 0) + 1
    return packet[place] if len(packet) > place else 0


def split_ip(packet: bytes) -> Datagram:
    """Read the IPv4 header that a raw socket leaves in front, options skipped, padding cut off (VR-044, VR-061).

    An authentication header behind it is read too, and not checked.
    Raises DecodeError when a header contradicts itself or the packet, or announces something other than VRRP.
    """
    if len(packet) < _IP_HEADER.size:
        raise DecodeError("ip", f"{len(packet)} bytes, expected at least {_IP_HEADER.size}")
    version_ihl, _, total_length, _, fragment, ttl, protocol, _, source, destination = _IP_HEADER.unpack_from(packet)
    header_length = (version_ihl & 0x0F) * 4
    if version_ihl >> 4 != 4:
        raise DecodeError("ip", f"version {version_ihl >> 4}, expected 4")
    if not _IP_HEADER.size <= header_length <= total_length <= len(packet):
        raise DecodeError(
            "ip", f"header of {header_length} bytes, total length {total_length}, {len(packet)} bytes received"
        )
    if fragment & _FRAGMENT:
        raise DecodeError("ip", "a fragment, expected a whole packet")
    if protocol == PROTOCOL:
        return Datagram(source, destination, ttl, packet[header_length:total_length])
    if protocol == AH_PROTOCOL:
        envelope = _envelope(packet[:total_length], header_length)
        payload = packet[header_length + _AH_SIZE_BYTES : total_length]
        return Datagram(source, destination, ttl, payload, envelope=envelope)
    raise DecodeError("ip", f"protocol {protocol}, expected {PROTOCOL} or {AH_PROTOCOL}")


def _envelope(packet: bytes, start: int) -> Envelope:
    """The authentication header at a place of the packet."""
    end = start + _AH_SIZE_BYTES
    if len(packet) < end:
        raise DecodeError("ah", f"{len(packet) - start} bytes, expected at least {_AH_SIZE_BYTES}")
    next_header, words, spi, sequence = AH_LAYOUT.unpack_from(packet, start)
    if next_header != PROTOCOL:
        raise DecodeError("ah", f"next header {next_header}, expected {PROTOCOL}")
    if words != AH_WORDS:
        raise DecodeError("ah", f"length {words}, expected {AH_WORDS}: 12 bytes of HMAC-MD5")
    icv = end - ICV_SIZE_BYTES
    return Envelope(spi, sequence, packet[icv:end], packet[:icv] + bytes(ICV_SIZE_BYTES) + packet[end:])
