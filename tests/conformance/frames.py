"""Ethernet frames as they were on the wire, read by code that shares nothing with hahub's own.

Sources: RFC 791, RFC 8200, RFC 3768, RFC 5798 and RFC 9568 section 5, RFC 4302 (AH), RFC 826 (ARP), RFC 4861 (ND).
"""

import ipaddress
import struct
from dataclasses import dataclass
from typing import TypeAlias

VRRP = 112
AH = 51
ICMP = 1
ICMP6 = 58
IGMP = 2
HOP_BY_HOP = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Anything on a wire."""

    at: float
    """CLOCK_MONOTONIC of the kernel's stamp, seconds."""
    sent: bool
    """By the tester; else by the router under test."""
    raw: bytes

    @property
    def eth_source(self) -> str:
        return self.raw[6:12].hex(":")

    @property
    def eth_destination(self) -> str:
        return self.raw[:6].hex(":")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet(Frame):
    """An IP packet."""

    family: int
    """4 or 6."""
    source: str
    destination: str
    ttl: int
    """Of IPv6 the hop limit."""
    tos: int
    """Of IPv6 the traffic class."""
    protocol: int
    payload: bytes
    """As long as the IP header says."""
    identification: int = 0
    fragmented: bool = False
    """IPv4: more fragments, or an offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advert(Packet):
    """A VRRP message of at least 8 bytes; nothing else about it need be right."""

    message: bytes
    """From the version on, behind an Authentication Header where there is one."""
    authentication_header: bytes = b""

    @property
    def version(self) -> int:
        return self.message[0] >> 4

    @property
    def type(self) -> int:
        return self.message[0] & 15

    @property
    def vrid(self) -> int:
        return self.message[1]

    @property
    def priority(self) -> int:
        return self.message[2]

    @property
    def count(self) -> int:
        return self.message[3]

    @property
    def auth_type(self) -> int:
        """Version 2."""
        return self.message[4]

    @property
    def interval(self) -> int:
        """Version 2: seconds; version 3: centiseconds."""
        return self.message[5] if self.version == 2 else int.from_bytes(self.message[4:6], "big") & 0x0FFF

    @property
    def reserved(self) -> int:
        """Version 3: the four bits before the interval."""
        return self.message[4] >> 4

    @property
    def addresses(self) -> tuple[str, ...]:
        size = 4 if self.family == 4 else 16
        return tuple(
            str(ipaddress.ip_address(self.message[place : place + size]))
            for place in range(8, 8 + size * self.count, size)
        )

    @property
    def auth_data(self) -> bytes:
        """Version 2: what follows the addresses."""
        return self.message[8 + 4 * self.count :]

    @property
    def sequence(self) -> int:
        """Of the Authentication Header; 0 without one."""
        return int.from_bytes(self.authentication_header[8:12], "big")

    @property
    def checksum_covers_message(self) -> bool:
        """The checksum is right for the message alone."""
        return ones_complement_sum(self.message) == 0xFFFF

    @property
    def checksum_covers_pseudo_header(self) -> bool:
        """The checksum is right for the message and the pseudo-header of this very packet."""
        start = pseudo_header(self.source, self.destination, len(self.message))
        return ones_complement_sum(start + self.message) == 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Arp(Frame):
    """An ARP packet for IPv4 over Ethernet."""

    operation: int
    sender_mac: str
    sender: str
    target_mac: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour(Packet):
    """A neighbour solicitation (135) or advertisement (136)."""

    kind: int
    router: bool
    solicited: bool
    override: bool
    target: str
    link_layer_address: str
    """Of the target or the source, whichever option is there; empty without one."""


Seen: TypeAlias = Frame | Packet | Advert | Arp | Neighbour


def read(raw: bytes, *, at: float, sent: bool) -> Seen:
    """Read a frame as far as it can be understood."""
    ether_type = int.from_bytes(raw[12:14], "big")
    try:
        if ether_type == 0x0806:
            return _read_arp(raw, at, sent)
        if ether_type == 0x0800:
            return _read_inner(_read_ipv4(raw, at, sent))
        if ether_type == 0x86DD:
            return _read_inner(_read_ipv6(raw, at, sent))
    except (IndexError, struct.error, ValueError):
        pass
    return Frame(at=at, sent=sent, raw=raw)


def _read_arp(raw: bytes, at: float, sent: bool) -> Arp:
    operation, sender_mac, sender, target_mac, target = struct.unpack_from("!H6s4s6s4s", raw, 20)
    return Arp(
        at=at,
        sent=sent,
        raw=raw,
        operation=operation,
        sender_mac=sender_mac.hex(":"),
        sender=str(ipaddress.IPv4Address(sender)),
        target_mac=target_mac.hex(":"),
        target=str(ipaddress.IPv4Address(target)),
    )


def _read_ipv4(raw: bytes, at: float, sent: bool) -> Packet:
    first, tos, length, identification, fragment, ttl, protocol = struct.unpack_from("!BBHHHBB", raw, 14)
    return Packet(
        at=at,
        sent=sent,
        raw=raw,
        family=4,
        source=str(ipaddress.IPv4Address(raw[26:30])),
        destination=str(ipaddress.IPv4Address(raw[30:34])),
        ttl=ttl,
        tos=tos,
        protocol=protocol,
        payload=raw[14 + (first & 15) * 4 : 14 + length],
        identification=identification,
        fragmented=bool(fragment & 0x3FFF),
    )


def _read_ipv6(raw: bytes, at: float, sent: bool) -> Packet:
    first, length, protocol, hop_limit = struct.unpack_from("!IHBB", raw, 14)
    payload = raw[54 : 54 + length]
    while protocol == HOP_BY_HOP:  # MLD has one
        protocol, payload = payload[0], payload[8 * (payload[1] + 1) :]
    return Packet(
        at=at,
        sent=sent,
        raw=raw,
        family=6,
        source=str(ipaddress.IPv6Address(raw[22:38])),
        destination=str(ipaddress.IPv6Address(raw[38:54])),
        ttl=hop_limit,
        tos=first >> 20 & 0xFF,
        protocol=protocol,
        payload=payload,
    )


def _read_inner(packet: Packet) -> Packet:
    common = {name: getattr(packet, name) for name in Packet.__dataclass_fields__}
    if packet.protocol == VRRP and len(packet.payload) >= 8 and not packet.fragmented:
        return Advert(**common, message=packet.payload)
    if packet.protocol == AH and packet.payload[0] == VRRP:
        size = 4 * (packet.payload[1] + 2)
        if len(packet.payload) >= size + 8:
            return Advert(**common, message=packet.payload[size:], authentication_header=packet.payload[:size])
    if packet.protocol == ICMP6 and packet.payload[0] in (135, 136):
        flags = packet.payload[4] if packet.payload[0] == 136 else 0
        return Neighbour(
            **common,
            kind=packet.payload[0],
            router=bool(flags & 0x80),
            solicited=bool(flags & 0x40),
            override=bool(flags & 0x20),
            target=str(ipaddress.IPv6Address(packet.payload[8:24])),
            link_layer_address=packet.payload[26:32].hex(":"),
        )
    return packet


def pseudo_header(source: str, destination: str, length: int, protocol: int = VRRP) -> bytes:
    """Return what a checksum covers besides the message; RFC 768 and RFC 8200 section 8.1."""
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    tail = struct.pack("!BBH", 0, protocol, length) if len(ends) == 8 else struct.pack("!II", length, protocol)
    return ends + tail


def ones_complement_sum(content: bytes) -> int:
    """Return the sum of RFC 1071, carries folded in; 0xFFFF over a message with a right checksum."""
    if len(content) % 2:
        content += b"\0"
    total = sum(struct.unpack(f"!{len(content) // 2}H", content))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total
