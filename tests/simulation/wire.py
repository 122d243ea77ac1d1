"""The simulated wire: who hears whom, how late, and how often not at all.

Each ordered pair of nodes on a wire has a path of its own, so that a cut may be one-way. What travels is what raw
sockets deliver: of IPv4 the packet with its IP header, of IPv6 the message, with the header's fields beside it.
"""

import dataclasses
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hahub.family import Family
from hahub.vrrp.packet import PROTOCOL, TTL, Datagram

if TYPE_CHECKING:
    from tests.simulation.host import Host
    from tests.simulation.world import World

Packet = bytes | Datagram
_HEADER_BYTES = 20


@dataclass(frozen=True, slots=True)
class Impairment:
    """What is wrong with a path for a while."""

    cut: bool = False
    loss: float = 0.0
    """Chance for each packet."""
    slow: float = 0.0
    """Seconds that a packet may take more; those that differ overtake each other."""
    duplicates: float = 0.0
    corrupts: float = 0.0

    @property
    def is_harmful(self) -> bool:
        """An advert may not come, or not come in time."""
        return self.cut or self.loss > 0 or self.slow > 0 or self.corrupts > 0


class Path:
    """From one node to another on one wire."""

    __slots__ = ("impairments", "receiver", "sound_since")

    def __init__(self, receiver: "Host") -> None:
        self.receiver = receiver
        self.impairments: list[Impairment] = []
        self.sound_since = 0.0
        """World time since when all packets arrive in time; infinite while they do not."""

    def impair(self, impairment: Impairment) -> None:
        self.impairments.append(impairment)
        if impairment.is_harmful:
            self.sound_since = float("inf")

    def repair(self, impairment: Impairment, now: float) -> None:
        """now: world time when the last packet that was late on this wire has arrived."""
        self.impairments.remove(impairment)
        if impairment.is_harmful and not any(each.is_harmful for each in self.impairments):
            self.sound_since = now


class Wire:
    """One broadcast domain; every node has an interface of the wire's name on it."""

    def __init__(
        self,
        name: str,
        delay: tuple[float, float],
        world: "World",
    ) -> None:
        """delay: the shortest and the longest of a sound path, seconds."""
        self.name = name
        self._world = world
        self.delay_max = delay[1]
        self._delay_min, self._spread = delay[0], delay[1] - delay[0]
        self._paths: dict[str, list[Path]] = {}
        self.late_until = 0.0
        """World time after which no packet arrives that took longer than a sound path allows."""

    def connect(self, nodes: list["Host"]) -> None:
        self._paths = {node.name: [Path(other) for other in nodes if other is not node] for node in nodes}

    def path(self, sender: str, receiver: str) -> Path:
        return next(path for path in self._paths[sender] if path.receiver.name == receiver)

    def paths(self, senders: list[str] | None = None, receivers: list[str] | None = None) -> list[Path]:
        """Those from and to these nodes; None: any."""
        return [
            path
            for sender, paths in self._paths.items()
            if senders is None or sender in senders
            for path in paths
            if receivers is None or path.receiver.name in receivers
        ]

    def send(self, sender: "Host", packet: Packet, receiver: str | None) -> None:
        """To one host, or to all others."""
        rng, at, now = self._world.rng, self._world.at, self._world.now
        for path in self._paths[sender.name]:
            if receiver is not None and path.receiver.name != receiver:
                continue
            delay = self._delay_min + rng.random() * self._spread
            if path.impairments:
                self._send_impaired(path, delay, packet)
            else:
                at(now + delay, path.receiver.arrive, self.name, packet)

    def _send_impaired(self, path: Path, delay: float, packet: Packet) -> None:
        rng, now, copies = self._world.rng, self._world.now, 1
        for impairment in path.impairments:
            if impairment.cut or rng.random() < impairment.loss:
                return
            delay += rng.random() * impairment.slow
            copies += rng.random() < impairment.duplicates
            if rng.random() < impairment.corrupts:
                packet = corrupted(packet, rng)
        for copy in range(copies):
            at = now + delay * (1 + copy * rng.random())
            self.late_until = max(self.late_until, at)
            self._world.at(at, path.receiver.arrive, self.name, packet)


def ip_packet(payload: bytes, *, source: int, destination: int, family: Family, ttl: int = TTL) -> Packet:
    """A message as a raw socket would deliver it."""
    if family is Family.IPV6:
        return Datagram(source, destination, ttl, payload, family)
    header = bytes([0x45, 0xC0]) + (_HEADER_BYTES + len(payload)).to_bytes(2, "big") + bytes(4)
    return header + bytes([ttl, PROTOCOL, 0, 0]) + family.pack(source) + family.pack(destination) + payload


def corrupted(packet: Packet, rng: random.Random) -> Packet:
    """One bit of the message is another, or its end is missing: what a checksum, or a length, has to show."""
    payload = bytearray(packet.payload if isinstance(packet, Datagram) else packet[_HEADER_BYTES:])
    if len(payload) <= 2:
        return packet
    if rng.random() < 0.3:
        del payload[rng.randrange(2, len(payload)) :]
    else:
        place = rng.randrange(2, len(payload))  # another VRID would be another virtual router's packet
        payload[place] ^= 1 << rng.randrange(8)
    if isinstance(packet, Datagram):
        return dataclasses.replace(packet, payload=bytes(payload))
    return packet[:_HEADER_BYTES] + bytes(payload)
