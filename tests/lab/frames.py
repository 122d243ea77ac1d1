"""Ethernet frames read as VRRP advertisements, gratuitous ARP and neighbour advertisements, by code of its own.

Sources: RFC 3768 and RFC 9568 section 5.1 (VRRP), RFC 5227 (ARP announcements), RFC 4861 section 4.4.
"""

import ipaddress
import struct
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Advert:
    """One VRRP advertisement as it was on the wire."""

    at: float
    """CLOCK_MONOTONIC, seconds."""
    host: str
    """The switch port it came in by."""
    source: str
    version: int
    virtual_router_id: int
    priority: int
    advert_int: float
    addresses: tuple[str, ...]
    auth_type: int = 0
    auth_data: bytes = b""
    ttl: int = 255
    sequence: int = 0
    """Of the authentication header in front of it, RFC 2402; 0 without one."""
    destination: str = field(default="", compare=False)
    mac: str = field(default="", compare=False)
    """Source MAC of the frame."""


@dataclass(frozen=True, slots=True)
class GratuitousArp:
    """One announcement that an address lives at a MAC."""

    at: float
    host: str
    mac: str
    address: str


@dataclass(frozen=True, slots=True)
class NeighbourAdvert:
    """One unsolicited announcement to all nodes that an IPv6 address lives at a MAC."""

    at: float
    host: str
    mac: str
    address: str


def decode_frame(frame: bytes, *, host: str, at: float) -> Advert | GratuitousArp | NeighbourAdvert | None:
    """Read one Ethernet frame; None for everything but adverts and announcements."""
    if len(frame) < 14:
        return None
    (ether_type,) = struct.unpack_from("!H", frame, 12)
    if ether_type == 0x0806:
        return _decode_arp(frame[14:], host=host, at=at)
    if ether_type == 0x0800 and len(frame) >= 34 and frame[23] in (51, 112):
        return _decode_advert(frame[14:], host=host, at=at, mac=frame[6:12].hex(":"))
    if ether_type == 0x86DD and len(frame) >= 54 and frame[20] == 112:
        return _decode_advert6(frame[14:], host=host, at=at, mac=frame[6:12].hex(":"))
    if ether_type == 0x86DD and len(frame) >= 86 and frame[20] == 58 and frame[54] == 136:
        to_all_nodes = frame[38:54] == bytes.fromhex("ff02") + bytes(13) + b"\x01"
        address = str(ipaddress.IPv6Address(frame[62:78]))
        return NeighbourAdvert(at, host, frame[80:86].hex(":"), address) if to_all_nodes else None
    return None


def _decode_arp(packet: bytes, *, host: str, at: float) -> GratuitousArp | None:
    if len(packet) < 28:
        return None
    mac, sender, _, target = struct.unpack_from("!6s4s6s4s", packet, 8)
    if sender != target:
        return None
    return GratuitousArp(at, host, mac.hex(":"), str(ipaddress.IPv4Address(sender)))


def _decode_advert(packet: bytes, *, host: str, at: float, mac: str) -> Advert | None:
    header_length = (packet[0] & 15) * 4
    (total_length,) = struct.unpack_from("!H", packet, 2)
    message = packet[header_length:total_length]
    sequence = 0
    if packet[9] == 51:
        if len(message) < 24 or message[0] != 112:
            return None
        sequence = int.from_bytes(message[8:12], "big")
        message = message[4 * (message[1] + 2) :]
    if len(message) < 8:
        return None
    first, virtual_router_id, priority, count = message[:4]
    version = first >> 4
    if len(message) < 8 + 4 * count:
        return None
    addresses = tuple(str(ipaddress.IPv4Address(message[8 + 4 * i : 12 + 4 * i])) for i in range(count))
    after = message[8 + 4 * count :]
    return Advert(
        at=at,
        host=host,
        source=str(ipaddress.IPv4Address(packet[12:16])),
        version=version,
        virtual_router_id=virtual_router_id,
        priority=priority,
        advert_int=float(message[5]) if version == 2 else (int.from_bytes(message[4:6]) & 0x0FFF) / 100,
        addresses=addresses,
        auth_type=message[4] if version == 2 else 0,
        auth_data=after if version == 2 else b"",
        ttl=packet[8],
        sequence=sequence,
        destination=str(ipaddress.IPv4Address(packet[16:20])),
        mac=mac,
    )


def _decode_advert6(packet: bytes, *, host: str, at: float, mac: str) -> Advert | None:
    """RFC 8200 section 3: 40 bytes of header, the hop limit in the eighth."""
    message = packet[40 : 40 + int.from_bytes(packet[4:6], "big")]
    if len(message) < 8 or len(message) - 8 - 16 * message[3] not in (0, 28):  # 28: the trailer of auth_hmac
        return None
    return Advert(
        at=at,
        host=host,
        source=str(ipaddress.IPv6Address(packet[8:24])),
        version=message[0] >> 4,
        virtual_router_id=message[1],
        priority=message[2],
        advert_int=(int.from_bytes(message[4:6], "big") & 0x0FFF) / 100,
        addresses=tuple(
            str(ipaddress.IPv6Address(message[place : place + 16])) for place in range(8, 8 + 16 * message[3], 16)
        ),
        ttl=packet[7],
        destination=str(ipaddress.IPv6Address(packet[24:40])),
        mac=mac,
    )
