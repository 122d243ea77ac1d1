"""Gratuitous ARP and neighbour advertisements that must not follow each other too closely on one wire.

A switch or a neighbour may drop some of a burst: ``vrrp_garp_interval`` and ``garp_group`` keep a distance between two
frames. The first of a burst goes at once if the last one was long enough ago; the others wait in a queue, address by
address, and are sent by the loop between more urgent things.

Source: keepalived vrrp/vrrp_arp.c, vrrp/vrrp_if.c:set_default_garp_delay.
"""

from collections import deque

from hahub.core.volley import Failed, Sender
from hahub.family import Family
from hahub.settings import Pacing


class Announcement:
    """How one address is told to its neighbours, and how often that is still to be done."""

    __slots__ = ("failed", "family", "frame", "interface", "pending", "sender", "wire")

    sender: Sender
    frame: bytes
    failed: Failed

    def __init__(self, interface: str, family: Family) -> None:
        self.interface = interface
        self.wire = interface
        """The interface below, of a virtual one; else the same."""
        self.family = family
        self.pending = 0

    def send(self) -> None:
        """Put the frame on the wire, at once."""
        error = self.sender.send_packet(self.frame)
        if error is not None:
            self.failed(error)


class _Queue:
    """What waits on one wire, or on the wires of one garp_group."""

    def __init__(self) -> None:
        self.interval = 0.0
        self.next_at = float("-inf")
        self.waiting: deque[Announcement] = deque()

    def put(self, announcement: Announcement, repeat: int) -> None:
        """Send it so often; what is still to be sent of it counts."""
        if announcement.pending == 0:
            self.waiting.append(announcement)
        announcement.pending = max(announcement.pending, repeat)

    def serve(self, now: float) -> None:
        """Send the next one, if it is time."""
        while self.waiting and now >= self.next_at:
            announcement = self.waiting.popleft()
            if announcement.pending == 0:
                continue  # withdrawn
            announcement.pending -= 1
            if announcement.pending:
                self.waiting.append(announcement)
            self.next_at = now + self.interval
            announcement.send()


class Paces:
    """The queues of all wires."""

    def __init__(self) -> None:
        self._pacing: tuple[Pacing, ...] = ()
        self._queues: dict[tuple[tuple[str, ...], Family], _Queue] = {}
        """By the interfaces that share it."""

    def configure(self, pacing: tuple[Pacing, ...]) -> None:
        """Take other distances. What waits goes on waiting, by the new ones."""
        self._pacing = pacing
        for (names, family), queue in self._queues.items():
            queue.interval = self._of(names[0])[1][family]

    def _of(self, interface: str) -> tuple[tuple[str, ...], dict[Family, float]]:
        """The interfaces that share a distance with this one, and the distances."""
        for pacing in self._pacing:
            if not pacing.interfaces or interface in pacing.interfaces:
                names = pacing.interfaces or (interface,)
                return names, {Family.IPV4: pacing.arp, Family.IPV6: pacing.neighbour}
        return (interface,), dict.fromkeys(Family, 0.0)

    @property
    def keep_distance(self) -> bool:
        """False while there is none to keep on any wire."""
        return bool(self._pacing)

    def put(self, announcement: Announcement, repeat: int) -> bool:
        """Let ``serve`` send it so often; False: there is no distance to keep on its wire."""
        names, intervals = self._of(announcement.wire)
        interval = intervals[announcement.family]
        if not interval:
            return False
        queue = self._queues.setdefault((names, announcement.family), _Queue())
        queue.interval = interval
        queue.put(announcement, repeat)
        return True

    @property
    def next_deadline(self) -> float | None:
        """When ``serve`` is wanted; None for never."""
        return min((queue.next_at for queue in self._queues.values() if queue.waiting), default=None)

    def serve(self, now: float) -> None:
        """Send what the time has come for: one frame of each queue."""
        for queue in self._queues.values():
            if queue.waiting:
                queue.serve(now)
