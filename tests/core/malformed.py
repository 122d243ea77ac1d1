"""Ethernet frames with VRRP messages that nobody may take for valid, of every kind that there is.

Made from valid adverts by code that shares nothing with hahub's own. What the kernel would keep to itself (a wrong
IP checksum, lone fragments, sources that are none) is left out: each frame reaches the socket of the core, and each has
the VRID of a virtual router that is there, and a message that would do harm if it were accepted: it resigns, or comes
from the strongest.
"""

import ipaddress
import random
import struct
from collections.abc import Callable, Sequence
from typing import TypeVar

GROUPS = {4: ipaddress.ip_address("224.0.0.18").packed, 6: ipaddress.ip_address("ff02::12").packed}
_GROUP_MACS = {4: bytes.fromhex("01005e000012"), 6: bytes.fromhex("333300000012")}
_ETHER_TYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}
_MAC = bytes.fromhex("020000000002")
_VRRP = 112
_HEADER = struct.Struct("!BBBBHH")
_HEADER_4 = struct.Struct("!BBHHHBBH4s4s")
_HEADER_6 = struct.Struct("!IHBB16s16s")


T = TypeVar("T")


class Target:
    """A virtual router of the core that is flooded; what its frames have in common, made once for a million."""

    def __init__(
        self,
        virtual_router_id: int,
        version: int,
        ip: int,
        *,
        sender: str,
        own: str,
        addresses: tuple[str, ...],
        advert_int: int,
        password: bytes = b"",
    ) -> None:
        """ip: its version. sender: the peer that packets seem to come from. own: the address of the core.

        advert_int: as on the wire, seconds of version 2, hundredths of version 3.
        password: of version 2.
        """
        self.virtual_router_id = virtual_router_id
        self.version = version
        self.ip = ip
        self.count = len(addresses)
        self.advert_int = advert_int
        self.password = password
        self.own = ipaddress.ip_address(own).packed
        self._source = ipaddress.ip_address(sender).packed
        self._ethernet = _GROUP_MACS[ip] + _MAC + _ETHER_TYPES[ip]
        self._packed = b"".join(ipaddress.ip_address(address).packed for address in addresses)
        self._tail = password.ljust(8, b"\0") if version == 2 else b""
        self._pseudo_sum = _sum(self._source + GROUPS[ip]) + _VRRP

    def message(
        self,
        priority: int,
        *,
        version: int | None = None,
        type_: int = 1,
        count: int | None = None,
        interval: int | None = None,
        auth_type: int | None = None,
    ) -> bytearray:
        """An advert, complete and right but for the changes, which leave the checksum right."""
        middle = self.advert_int if interval is None else interval
        if self.version == 2:
            middle |= (bool(self.password) if auth_type is None else auth_type) << 8
        first = (self.version if version is None else version) << 4 | type_
        count = self.count if count is None else count
        head = _HEADER.pack(first, self.virtual_router_id, priority, count, middle, 0)
        return self.with_checksum(bytearray(head + self._packed + self._tail))

    def with_checksum(self, message: bytearray) -> bytearray:
        """The same with the checksum that the peer expects; at least 8 bytes."""
        message[6:8] = b"\0\0"
        message[6:8] = (0xFFFF - self._full_sum(message)).to_bytes(2, "big")
        return message

    def has_checksum(self, message: bytes) -> bool:
        """Whether one of the two checksums that are in use is right, by chance perhaps."""
        return not _sum(message) or not self._full_sum(message)

    def _full_sum(self, message: bytes) -> int:
        total = _sum(message)
        return total if self.version == 2 else (total + self._pseudo_sum + len(message)) % 0xFFFF

    def frame(
        self, message: bytes, *, ttl: int = 255, destination: bytes = b"", options: bytes = b"", padding: bytes = b""
    ) -> bytes:
        """A frame with an IP header that the kernel takes."""
        destination = destination or GROUPS[self.ip]
        if self.ip == 6:
            following = 0 if options else _VRRP  # a hop-by-hop header, or none
            header = _HEADER_6.pack(0x6C000000, len(options) + len(message), following, ttl, self._source, destination)
            return b"".join((self._ethernet, header, options, message, padding))
        words, length = 5 + len(options) // 4, 20 + len(options) + len(message)
        fields = (0x40 | words, 0xC0, length, 1, 0, ttl, _VRRP)
        checksum = 0xFFFF - _sum(_HEADER_4.pack(*fields, 0, self._source, destination) + options)
        header = _HEADER_4.pack(*fields, checksum, self._source, destination)
        return b"".join((self._ethernet, header, options, message, padding))


def _sum(message: bytes) -> int:
    """RFC 1071: the one's complement sum of all 16-bit words, where 0xFFFF is 0; an odd last byte is the high one."""
    return (int.from_bytes(message, "big") << 8 * (len(message) % 2)) % 0xFFFF


Kind = Callable[[Target, int], bytes]
"""Makes a frame for a target, with a priority."""


class Malformed:
    """Frames for some virtual routers, the same ones for the same seed."""

    def __init__(self, targets: list[Target], seed: int) -> None:
        self._targets = targets
        self._rng = random.Random(seed)
        self._half: list[Kind] = [self._mutated, self._random]
        self._all: list[Kind] = [
            *self._half, self._truncated, self._longer, self._count, self._checksum, self._version_and_type,
            self._ttl, self._destination, self._fields, self._options,
        ]  # fmt: skip

    def frame(self) -> bytes:
        """Half of all are mutations of valid adverts and random bytes, the others of one kind each."""
        draw = self._rng.random
        kind = _pick(self._half if draw() < 0.5 else self._all, draw())
        return kind(_pick(self._targets, draw()), _pick((0, 1, 254, 255), draw()))

    def _spoiled(self, target: Target, message: bytearray) -> bytearray:
        """One whose checksum is right by chance is none that has to be refused."""
        if len(message) >= 8 and target.has_checksum(message):
            message[7] ^= 0x40
        return message

    def _mutated(self, target: Target, priority: int) -> bytes:
        message, draw = target.message(priority), self._rng.random
        for _ in range(_pick((1, 1, 2, 5), draw())):
            place = int(draw() * (len(message) - 1))
            message[place + (place >= 1)] = int(draw() * 256)  # but for the VRID
        return target.frame(self._spoiled(target, message))

    def _random(self, target: Target, priority: int) -> bytes:
        noise = bytearray(self._rng.randbytes(2 + int(self._rng.random() * 78)))
        noise[1] = target.virtual_router_id
        if priority:
            noise[0] = target.version << 4 | 1
        return target.frame(self._spoiled(target, noise))

    def _truncated(self, target: Target, priority: int) -> bytes:
        """At each length, the IP length adjusted; the rest may follow as padding does."""
        message = target.message(priority)
        cut = self._rng.randrange(2, len(message))
        return target.frame(message[:cut], padding=bytes(message[cut:]) if self._rng.random() < 0.5 else b"")

    def _longer(self, target: Target, priority: int) -> bytes:
        message = target.message(priority) + self._rng.randbytes(self._rng.choice((1, 4, 16, 100, 1000)))
        return target.frame(target.with_checksum(message))

    def _count(self, target: Target, priority: int) -> bytes:
        others = [number for number in (0, target.count - 1, target.count + 1, 128, 255) if number != target.count]
        return target.frame(target.message(priority, count=self._rng.choice(others)))

    def _checksum(self, target: Target, priority: int) -> bytes:
        message = target.message(priority)
        one_bit = int.from_bytes(message[6:8], "big") ^ 1 << self._rng.randrange(16)
        message[6:8] = self._rng.choice((one_bit.to_bytes(2, "big"), b"\0\0", b"\xff\xff"))
        return target.frame(self._spoiled(target, message))

    def _version_and_type(self, target: Target, priority: int) -> bytes:
        """All other nibbles, and what CARP looks like, which shares protocol and group."""
        rng = self._rng
        if rng.random() < 0.1:
            carp = bytearray([0x21, target.virtual_router_id, priority, 7, 0, 1, 0, 0]) + rng.randbytes(28)
            return target.frame(target.with_checksum(carp))
        if rng.random() < 0.5:
            version = rng.choice([number for number in range(16) if number != target.version])
            return target.frame(target.message(priority, version=version))
        return target.frame(target.message(priority, type_=rng.choice((0, *range(2, 16)))))

    def _ttl(self, target: Target, priority: int) -> bytes:
        return target.frame(target.message(priority), ttl=self._rng.choice((1, 64, 128, 254)))

    def _destination(self, target: Target, priority: int) -> bytes:
        """To the host alone, though the virtual router listens to its group."""
        return target.frame(target.message(priority), destination=target.own)

    def _fields(self, target: Target, priority: int) -> bytes:
        """What is right on the wire, and not what is configured; or what may not be at all."""
        rng = self._rng
        if target.version == 3:
            return target.frame(target.message(priority, interval=rng.choice((0x0000, 0xF000))))
        wrong, message = rng.randrange(4), target.message(priority)
        if wrong == 0:
            others = [number for number in (0, 2, 255) if number != target.advert_int]
            return target.frame(target.message(priority, interval=rng.choice(others)))
        if wrong == 1:
            return target.frame(target.message(priority, auth_type=rng.choice((0, 2, 3, 254, 255))))
        if wrong == 2:
            prefix, upper = target.password[:3].ljust(8, b"\0"), target.password.upper().ljust(8, b"\0")
            message[-8:] = rng.choice((bytes(8), prefix, upper, b"\xff" * 8))
            return target.frame(target.with_checksum(message))
        place = 8 + 4 * rng.randrange(target.count)
        message[place : place + 4] = rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\0\0\1", GROUPS[4]))
        message[2] = min(priority, 254)  # other addresses of an owner are taken, with a warning
        return target.frame(target.with_checksum(message))

    def _options(self, target: Target, priority: int) -> bytes:
        """The message is behind options, or a hop-by-hop header, and wrong."""
        message = target.message(priority)
        message[-1] ^= 1 << self._rng.randrange(8)
        options = b"\1" * (4 * self._rng.randrange(1, 11)) if target.ip == 4 else bytes([_VRRP, 0, 1, 4, 0, 0, 0, 0])
        return target.frame(self._spoiled(target, message), options=options)


def _pick(choices: Sequence[T], chance: float) -> T:
    """``random.choice`` takes three times as long."""
    return choices[int(chance * len(choices))]
