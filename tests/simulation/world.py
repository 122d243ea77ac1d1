"""The world of one seed: its time, its queue of events, its hosts and wires, and the course of its rounds.

faults begin and end ... | heal | late packets | one master? | one only? | rest: nothing may move | next round
"""

import heapq
import random
from collections.abc import Callable
from typing import Any

from hahub.vrrp.actions import Action
from tests.simulation.checks import Checks
from tests.simulation.faults import Fault
from tests.simulation.host import Host
from tests.simulation.masters import Masters
from tests.simulation.plan import Plan, Round
from tests.simulation.router import Router
from tests.simulation.timeline import Timeline
from tests.simulation.wire import Packet, Wire


class World:
    """Made of a plan, and run once. Raises BrokenLawError when a law is broken."""

    def __init__(self, plan: Plan, timeline: Timeline | None = None) -> None:
        """timeline: where to write down what happens; nothing else depends on it."""
        self.plan = plan
        self.rng = random.Random(plan.seed)
        self.now = 0.0
        self.events = 0
        """How many there were."""
        self.at_rest = False
        """Nothing has gone wrong for so long that nobody may change its state."""
        self._timeline = timeline
        self._queue: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._active: list[Fault] = []
        self.wires = {name: Wire(name, plan.delay, self) for name in plan.wires}
        self.router_names = tuple(settings.name for settings in plan.hosts[0].settings)
        self.checks = Checks(self)
        self.masters = Masters(self)
        self.hosts = [Host(self, each) for each in plan.hosts]
        self._of_address = {number: host for host in self.hosts for number in host.plan.addresses}
        for wire in self.wires.values():
            wire.connect(self.hosts)
        for host in self.hosts:
            for settings in host.settings.values():
                self.masters.configured(settings)

    def at(self, time: float, what: Callable[..., None], *arguments: Any) -> None:
        """Let it happen then; what is to happen at one time happens in the order of calling."""
        self._count += 1
        heapq.heappush(self._queue, (time, self._count, what, arguments))

    def run(self) -> None:
        """From the first start to the end of the last round."""
        for host in self.hosts:
            self.at(host.plan.starts_at, host.start)
        self._begin_round(0)
        queue, pop = self._queue, heapq.heappop
        while queue:
            self.now, _, what, arguments = pop(queue)
            what(*arguments)
            self.events += 1

    # The course of a round

    def _begin_round(self, number: int) -> None:
        self.at_rest = False
        if number == len(self.plan.rounds):
            self._end()
            return
        this = self.plan.rounds[number]
        self.say(None, f"round {number + 1}")
        for fault in this.faults:
            self.at(self.now + fault.at, self._begin_fault, fault, self.now + this.lasts)
        self.at(self.now + this.lasts, self._heal, number, this)

    def _begin_fault(self, fault: Fault, heals_at: float) -> None:
        self.say(None, f"fault {fault.number}: {fault}")
        fault.begin(self)
        self._active.append(fault)
        if fault.lasts is not None and self.now + fault.lasts < heals_at:
            self.at(self.now + fault.lasts, self._end_fault, fault)

    def _end_fault(self, fault: Fault) -> None:
        if fault in self._active:
            self._active.remove(fault)
            self.say(None, f"fault {fault.number} ends")
            fault.end(self)

    def _heal(self, number: int, this: Round) -> None:
        """Everything that goes wrong ends, but for what a fault leaves as it is."""
        for fault in list(self._active):
            self._end_fault(fault)
        since = max(self.now, *(wire.late_until for wire in self.wires.values()))
        self.say(None, f"all is well from {since:.4f} on")
        first, second = self.masters.settled_after()
        self.at(since + first, self._expect_one)
        self.at(since + second, self._rest)
        self.at(since + second + this.rest, self._begin_round, number + 1)

    def _expect_one(self) -> None:
        self.masters.expect_one(only=False)

    def _rest(self) -> None:
        self.say(None, "rest")
        self.masters.expect_one(only=True)
        self.at_rest = True

    def _end(self) -> None:
        self.say(None, "all stop")
        for host in self.hosts:
            host.stop()
        self._queue.clear()

    # What hosts do

    def send(self, host: Host, wire: str, packet: Packet, destination: int) -> None:
        """A host sends a packet to the group, or to another host."""
        peer = self._of_address.get(destination)
        self.wires[wire].send(host, packet, peer.name if peer is not None else None)

    # What is written down

    def say(self, host: Host | None, text: str) -> None:
        if self._timeline is not None:
            self._timeline.say(self.now, host, text)

    def note(self, host: Host, router: Router, text: str) -> None:
        if self._timeline is not None:
            self._timeline.say(self.now, host, f"{router.name} {text}")

    def did(self, host: Host, router: Router, action: Action) -> None:
        if self._timeline is not None:
            self._timeline.did(self.now, host, router.name, action)
