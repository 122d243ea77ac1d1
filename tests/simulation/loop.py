"""When a process reads its sockets and serves its timers: the order and the delays of ``hahub.core.engine``."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hahub.core.bursts import Bursts
from hahub.core.engine import OVERSLEPT, PACKETS_PER_TURN
from hahub.core.turns import turn
from hahub.family import Family
from hahub.settings import InstanceSettings
from hahub.vrrp import events
from tests.simulation.router import Router
from tests.simulation.sockets import SOCKET_PACKETS, Arrival, Sockets, judge
from tests.simulation.wire import Packet

if TYPE_CHECKING:
    from tests.simulation.host import Host

_EARLY = 1e-9
"""Seconds; two clocks that are converted to and fro differ by less."""

Handle = Callable[[Router, events.Event, float], None]


class Loop:
    """Of one process: packets and deadlines in, events out."""

    def __init__(self, host: "Host", routers: dict[str, Router], handle: Handle) -> None:
        """routers: those of the process, whichever there are."""
        self.sockets = Sockets()
        self._host = host
        self._world = host.world
        self._routers = routers
        self._handle = handle
        self._bursts = Bursts()
        self._by_wire: dict[tuple[str, Family, int], Router] = {}
        self._life = 0
        """Another number whenever what was planned means nothing any more."""
        self._wake_at = float("inf")
        self._wake_number = 0
        self._naps = False
        """Packets wait until some more have come in."""

    def configure(self) -> None:
        """The routers, or their settings, are others."""
        self._by_wire = {_key(router.settings): router for router in self._routers.values()}
        self._bursts.configure(router.settings for router in self._routers.values())

    def restart(self) -> None:
        """It has slept, or its clock has jumped: nothing is planned."""
        self._life += 1
        self._wake_at, self._naps = float("inf"), False

    # Packets

    def packet_arrived(self, wire: str, packet: Packet) -> None:
        arrival, now = Arrival(wire, packet, self._host.now), self._host.now
        if self._host.asleep or self._naps:
            self.sockets.put(arrival)
            return
        pause = self._bursts.pause(now, self._earliest())
        if pause:
            self.sockets.put(arrival)
            self._naps = True
            self._world.at(self._world.now + pause, self._wake_from_nap, self._life)
            return
        self._receive(arrival)
        self._bursts.read(now)
        self.arm()

    def _wake_from_nap(self, life: int) -> None:
        if life == self._life and not self._host.asleep:
            self._naps = False
            self.read(PACKETS_PER_TURN)
            self._bursts.read(self._host.now)
            self.arm()

    def read(self, limit: int = SOCKET_PACKETS) -> None:
        """What waits, at most so many of each socket."""
        for arrival in self.sockets.take(limit):
            self._receive(arrival)

    def _receive(self, arrival: Arrival) -> None:
        router = self._by_wire.get((arrival.wire, arrival.family, arrival.virtual_router_id))
        if router is None:
            return
        checks, verdict, now = (
            self._world.checks,
            judge(arrival.packet, router, self._host.wall),
            arrival.heard_at(self._host.now),
        )
        self._host.lifeline[router.name].sequence = router.voice.sequence.last
        self._world.note(self._host, router, verdict.text)
        before = None if verdict.valid else checks.standing(router)
        if verdict.event is not None:
            self._handle(router, verdict.event, now)
        if before is not None:
            checks.rejected(self._host, router, before)

    # Timers

    def _earliest(self) -> float | None:
        return min((at for router in self._routers.values() if (at := turn(router)) is not None), default=None)

    def arm(self) -> None:
        """Wake up for the first deadline, a little late, as every process does."""
        earliest = self._earliest()
        if earliest is None or self._host.asleep:
            return
        at = max(self._host.clock.world_time(earliest), self._world.now)
        if at < self._wake_at:
            self._wake_at = at
            self._wake_number += 1
            late = self._world.rng.random() * self._host.plan.lateness
            self._world.at(at + late, self._wake, self._life, self._wake_number)

    def _wake(self, life: int, number: int) -> None:
        if (life, number) == (self._life, self._wake_number) and not self._host.asleep:
            self._wake_at = float("inf")
            self.serve()
            self.arm()

    def serve_after_sleep(self) -> None:
        """Packets first if a deadline has passed long ago."""
        earliest = self._earliest()
        if earliest is not None and self._host.now - earliest > OVERSLEPT:
            self.read(PACKETS_PER_TURN)
        self.serve()

    def serve(self) -> None:
        """All whose turn it is."""
        served = 0
        while True:
            now = self._host.now
            due = [
                (at, number, router)
                for number, router in enumerate(self._routers.values())
                if (at := turn(router)) is not None and at <= now + _EARLY
            ]
            if not due:
                return
            router = min(due)[2]
            self._handle(router, events.DeadlineReached(), max(now, router.next_deadline or now))
            served += 1
            self._world.checks.served(self._host, router, served)


def _key(settings: InstanceSettings) -> tuple[str, Family, int]:
    return (settings.interface, settings.family, settings.virtual_router_id)
