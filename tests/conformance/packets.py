"""Advertisements to be sent to a router, every field of which may be wrong."""

import ipaddress
import struct
from dataclasses import dataclass, replace
from typing import Any, Self

from tests.conformance.frames import VRRP, ones_complement_sum, pseudo_header

GROUPS = {4: ("224.0.0.18", "01:00:5e:00:00:12"), 6: ("ff02::12", "33:33:00:00:00:12")}
"""Destination of multicast adverts by family: address and MAC."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One advertisement and the packet around it; right, unless told otherwise."""

    eth_source: str
    eth_destination: str
    source: str
    destination: str
    addresses: tuple[str, ...]
    version: int = 3
    type: int = 1
    vrid: int = 51
    priority: int = 200
    count: int | None = None
    """None: as many as there are addresses."""
    interval: int = 100
    """As on the wire: seconds of version 2, centiseconds of version 3."""
    reserved: int = 0
    auth_type: int = 0
    auth_data: bytes = bytes(8)
    """Version 2 only; any length."""
    checksum: int | None = None
    """None: the right one."""
    checksum_xor: int = 0
    """Bits of the checksum that are turned over."""
    pseudo_header: bool = True
    """Version 3 over IPv4: the checksum covers it, as keepalived has it."""
    pseudo_destination: str | None = None
    """Another destination for the checksum."""
    flipped_bit: int | None = None
    """A bit of the message that is turned over after its checksum was made."""
    cut: int | None = None
    """Bytes of the message that are left, the IP length adjusted."""
    trailing: bytes = b""
    """Inside the IP packet, not in the checksum."""
    padding: int = 0
    """Bytes behind the IP packet."""
    ttl: int = 255
    tos: int = 0xC0
    protocol: int = VRRP
    options: bytes = b""
    """IPv4: a multiple of 4 bytes."""
    payload: bytes | None = None
    """Instead of the message."""

    def but(self, **changes: Any) -> Self:
        """Return it with other fields."""
        return replace(self, **changes)

    @property
    def family(self) -> int:
        return ipaddress.ip_address(self.source).version

    def message(self) -> bytes:
        """Return the VRRP message."""
        if self.payload is not None:
            return self.payload
        count = len(self.addresses) if self.count is None else self.count
        first = bytes([self.version << 4 | self.type, self.vrid, self.priority, count])
        body = b"".join(ipaddress.ip_address(address).packed for address in self.addresses)
        if self.version == 2:
            second = bytes([self.auth_type, self.interval])
            body += self.auth_data
        else:
            second = struct.pack("!H", self.reserved << 12 | self.interval)
        message = bytearray(first + second + self._checksum(first + second + bytes(2) + body) + body)
        if self.flipped_bit is not None:
            message[self.flipped_bit // 8] ^= 0x80 >> self.flipped_bit % 8
        return bytes(message)[: self.cut]

    def _checksum(self, message: bytes) -> bytes:
        if self.checksum is not None:
            return struct.pack("!H", self.checksum)
        covered = message
        if self.family == 6 or (self.version != 2 and self.pseudo_header):
            covered = pseudo_header(self.source, self.pseudo_destination or self.destination, len(message)) + message
        return struct.pack("!H", (0xFFFF - ones_complement_sum(covered)) ^ self.checksum_xor)

    def frame(self) -> bytes:
        """Return the Ethernet frame."""
        content = self.message() + self.trailing
        ends = ipaddress.ip_address(self.source).packed + ipaddress.ip_address(self.destination).packed
        if self.family == 6:
            header = struct.pack("!IHBB", 6 << 28 | self.tos << 20, len(content), self.protocol, self.ttl) + ends
            return self._ethernet(0x86DD) + header + content + bytes(self.padding)
        words = 5 + len(self.options) // 4
        length = 4 * words + len(content)
        before = struct.pack("!BBHHHBB", 0x40 | words, self.tos, length, 7, 0, self.ttl, self.protocol)
        checksum = 0xFFFF - ones_complement_sum(before + ends + self.options)
        header = before + struct.pack("!H", checksum) + ends + self.options
        return self._ethernet(0x0800) + header + content + bytes(self.padding)

    def _ethernet(self, ether_type: int) -> bytes:
        ends = bytes.fromhex((self.eth_destination + self.eth_source).replace(":", ""))
        return ends + struct.pack("!H", ether_type)
