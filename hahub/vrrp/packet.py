"""VRRP advertisements over IPv4 as bytes.

Version 2 (RFC 3768 section 5.1, RFC 2338 for the authentication data):

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | Version | Type| Virtual Rtr ID|   Priority    | Count IP Addrs|
    |   Auth Type   |   Adver Int   |           Checksum            |
    |                         IP Address (1) ... (n)                |
    |                 Authentication Data, 8 bytes                  |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

Version 3 (RFC 9568 section 5.1), interval in centiseconds:

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | Version | Type| Virtual Rtr ID|   Priority    | Count IP Addrs|
    | 0 0 0 0 | Max Advertise Int   |           Checksum            |
    |                         IP Address (1) ... (n)                |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

The version 3 checksum over IPv4 is sent by keepalived with the pseudo-header of RFC 5798, while RFC 9568 has none:
both are understood, keepalived's is sent unless told otherwise (VR-028, VR-046).
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

PROTOCOL = 112
ADVERTISEMENT = 1
NO_AUTHENTICATION = 0
PASS_TYPE = 1
AUTH_SIZE_BYTES = 8
ADDRESSES_MAX = 255
_HEADER = struct.Struct("!BBBBHH")
_IP_HEADER_MIN_BYTES = 20


class DecodeError(Exception):
    """A packet that is no valid advertisement; names the field, what it held and what it should."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field


class Checksum(StrEnum):
    """What the checksum of version 3 over IPv4 covers besides the message."""

    PSEUDO_HEADER = "pseudo-header"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One advertisement, IPv4 addresses as unsigned integers."""

    version: int
    virtual_router_id: int
    priority: int
    advert_int: float
    """Seconds: whole ones on the wire of version 2, centiseconds of version 3."""
    addresses: tuple[int, ...]
    auth_type: int = NO_AUTHENTICATION
    """Version 2 only."""
    auth_data: bytes = b""
    """Version 2 only; 8 bytes, or empty for zeros."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """What matters of an IPv4 packet."""

    source: int
    destination: int
    ttl: int
    payload: bytes


def auth_bytes(password: str) -> bytes:
    """The password as the wire has it: the first 8 bytes of its UTF-8, padded with zeros (VR-034)."""
    return password.encode()[:AUTH_SIZE_BYTES].ljust(AUTH_SIZE_BYTES, b"\0")


def encode(
    advert: Advertisement, *, source: int, destination: int, checksum: Checksum = Checksum.PSEUDO_HEADER
) -> bytes:
    """Write an advertisement as it follows the IP header.

    source, destination: as in the IP header; the version 3 checksum covers them.
    """
    addresses = struct.pack(f"!{len(advert.addresses)}I", *advert.addresses)
    first = advert.version << 4 | ADVERTISEMENT
    if advert.version == 2:
        fourth = advert.auth_type << 8 | round(advert.advert_int)
        tail = addresses + advert.auth_data.ljust(AUTH_SIZE_BYTES, b"\0")
    else:
        fourth = round(advert.advert_int * 100)
        tail = addresses
    count = len(advert.addresses)
    packet = _HEADER.pack(first, advert.virtual_router_id, advert.priority, count, fourth, 0) + tail
    covered = packet
    if advert.version == 3 and checksum is Checksum.PSEUDO_HEADER:
        covered = _pseudo_header(source, destination, len(packet)) + packet
    return packet[:6] + internet_checksum(covered).to_bytes(2, "big") + packet[8:]


def decode(payload: bytes, *, source: int, destination: int) -> Advertisement:
    """Read one advertisement as it follows the IP header.

    payload: exactly the message, as cut to the length in the IP header. Raises DecodeError on anything that is
    short, long, inconsistent or has a wrong checksum. Reserved bits are ignored (VR-056).
    """
    if len(payload) < _HEADER.size:
        raise DecodeError("length", f"{len(payload)} bytes, at least {_HEADER.size} expected")
    first, virtual_router_id, priority, count, fourth, _ = _HEADER.unpack_from(payload)
    version, kind = first >> 4, first & 0x0F
    if version not in (2, 3):
        raise DecodeError("version", f"{version}, 2 or 3 expected")
    if kind != ADVERTISEMENT:
        raise DecodeError("type", f"{kind}, {ADVERTISEMENT} expected")
    expected = _HEADER.size + 4 * count + (AUTH_SIZE_BYTES if version == 2 else 0)
    if len(payload) != expected:
        raise DecodeError("length", f"{len(payload)} bytes, {expected} expected for {count} addresses")
    _verify_checksum(payload, version, source, destination)
    if virtual_router_id == 0:
        raise DecodeError("virtual_router_id", "0, 1-255 expected")
    addresses = struct.unpack_from(f"!{count}I", payload, _HEADER.size)
    if version == 2:
        auth_data = payload[-AUTH_SIZE_BYTES:]
        return Advertisement(2, virtual_router_id, priority, float(fourth & 0xFF), addresses, fourth >> 8, auth_data)
    interval_cs = fourth & 0x0FFF
    if interval_cs == 0:  # VR-055: it would make the master count as down at once
        raise DecodeError("max_advertise_interval", "0, at least 1 centisecond expected")
    return Advertisement(3, virtual_router_id, priority, interval_cs / 100, addresses)


def _verify_checksum(payload: bytes, version: int, source: int, destination: int) -> None:
    if internet_checksum(payload) == 0:
        return
    if version == 3 and internet_checksum(_pseudo_header(source, destination, len(payload)) + payload) == 0:
        return
    raise DecodeError("checksum", f"0x{int.from_bytes(payload[6:8], 'big'):04x} does not fit the message")


def split_ip(packet: bytes) -> Datagram:
    """Take an IPv4 packet apart, as a raw socket delivers it.

    Header options are skipped; the payload ends where the header says, whatever padding follows (VR-044, VR-061).
    Raises DecodeError.
    """
    if len(packet) < _IP_HEADER_MIN_BYTES:
        raise DecodeError("ip length", f"{len(packet)} bytes, at least {_IP_HEADER_MIN_BYTES} expected")
    header = (packet[0] & 0x0F) * 4
    total = int.from_bytes(packet[2:4], "big")
    if packet[0] >> 4 != 4:
        raise DecodeError("ip version", f"{packet[0] >> 4}, 4 expected")
    if header < _IP_HEADER_MIN_BYTES or total < header or total > len(packet):
        raise DecodeError("ip length", f"header {header}, total {total} bytes of {len(packet)} received")
    if packet[9] != PROTOCOL:
        raise DecodeError("ip protocol", f"{packet[9]}, {PROTOCOL} expected")
    source, destination = struct.unpack_from("!II", packet, 12)
    return Datagram(source, destination, packet[8], packet[header:total])


def _pseudo_header(source: int, destination: int, length: int) -> bytes:
    return struct.pack("!IIBBH", source, destination, 0, PROTOCOL, length)


def internet_checksum(data: bytes) -> int:
    """RFC 1071: 0 when ``data`` contains its own right checksum."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
