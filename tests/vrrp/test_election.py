"""Instances on a lossy fake wire: whatever happens first, in the end there is exactly one master."""

import dataclasses
import heapq
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from hahub.model import State
from hahub.settings import InstanceSettings, VirtualAddress
from hahub.vrrp import events
from hahub.vrrp.actions import Action, SendAdvert
from hahub.vrrp.instance import Instance
from hahub.vrrp.packet import Advertisement, decode, encode

GROUP = 0xE0000012
VIP = VirtualAddress("10.9.0.200", 24, "eth0")


@dataclass(order=True)
class Arrival:
    at: float
    order: int
    to: "Node" = field(compare=False)
    packet: bytes = field(compare=False)
    sender: int = field(compare=False)


class Node:
    def __init__(self, source: int, configured: InstanceSettings) -> None:
        self.source = source
        self.instance = Instance(configured)
        self.alive = True


class Wire:
    """Delivers encoded packets after a delay, unless they are lost."""

    def __init__(self, nodes: list[Node], losses: st.DataObject | None, loss_until: float) -> None:
        self.nodes = nodes
        self.now = 0.0
        self._queue: list[Arrival] = []
        self._order = 0
        self._losses = losses
        self._loss_until = loss_until

    def start(self, node: Node) -> None:
        self.feed(node, events.InterfaceChanged(True, node.source))
        self.feed(node, events.Started())

    def feed(self, node: Node, event: events.Event) -> None:
        self._perform(node, node.instance.handle(event, self.now))

    def _perform(self, node: Node, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, SendAdvert):
                self._send(node, action.priority)

    def _send(self, node: Node, priority: int) -> None:
        configured = node.instance.settings
        advert = Advertisement(configured.version, 51, priority, configured.advert_int, (0x0A0900C8,))
        packet = encode(advert, source=node.source, destination=GROUP)
        for other in self.nodes:
            if other is node:
                continue
            if self.now < self._loss_until and self._losses is not None and self._losses.draw(st.booleans()):
                continue
            self._order += 1
            heapq.heappush(self._queue, Arrival(self.now + 0.0005, self._order, other, packet, node.source))

    def run(self, until: float) -> None:
        while True:
            due = min(
                (n.instance.next_deadline for n in self.nodes if n.alive and n.instance.next_deadline is not None),
                default=float("inf"),
            )
            arrival = self._queue[0].at if self._queue else float("inf")
            self.now = max(self.now, min(due, arrival, until))
            if min(due, arrival) > until:
                return
            if arrival <= due:
                self._deliver(heapq.heappop(self._queue))
            else:
                for node in self.nodes:
                    deadline = node.instance.next_deadline
                    if node.alive and deadline is not None and deadline <= self.now:
                        self.feed(node, events.DeadlineReached())

    def _deliver(self, arrival: Arrival) -> None:
        if not arrival.to.alive:
            return
        advert = decode(arrival.packet, source=arrival.sender, destination=GROUP)
        self.feed(arrival.to, events.AdvertReceived(advert, arrival.sender, str(arrival.sender)))

    @property
    def masters(self) -> list[Node]:
        return [n for n in self.nodes if n.alive and n.instance.state is State.MASTER]


def configured(version: int, priority: int, *, preempt: bool = True) -> InstanceSettings:
    return InstanceSettings(
        "VI_1", "eth0", 51, priority=priority, version=version, preempt=preempt, virtual_addresses=(VIP,)
    )


@given(
    st.data(),
    st.sampled_from([2, 3]),
    st.lists(st.tuples(st.sampled_from([50, 100, 150, 254, 255]), st.booleans()), min_size=2, max_size=2),
)
@settings(max_examples=150, deadline=None)
def test_two_instances_on_a_lossy_wire_end_with_one_master(data, version, peers):
    nodes = [Node(0x0A090001 + i, configured(version, p, preempt=pre)) for i, (p, pre) in enumerate(peers)]
    wire = Wire(nodes, data, loss_until=15.0)
    wire.start(nodes[0])
    wire.run(data.draw(st.floats(0, 8)))
    wire.start(nodes[1])

    wire.run(15.0)
    wire.run(25.0)

    assert len(wire.masters) == 1


@given(st.lists(st.integers(1, 254), min_size=3, max_size=5))
@settings(max_examples=100, deadline=None)
def test_with_preemption_the_highest_priority_and_then_the_highest_address_wins(priorities):
    nodes = [Node(0x0A090001 + i, configured(3, p)) for i, p in enumerate(priorities)]
    wire = Wire(nodes, None, loss_until=0.0)
    for node in nodes:
        wire.start(node)

    wire.run(20.0)

    best = max(nodes, key=lambda node: node.instance.priority)
    assert len(wire.masters) == 1
    assert wire.masters[0].instance.priority == best.instance.priority


def test_after_the_master_is_killed_there_is_one_master_within_master_down_interval():
    nodes = [Node(0x0A090001, configured(3, 150)), Node(0x0A090002, configured(3, 100))]
    wire = Wire(nodes, None, loss_until=0.0)
    for node in nodes:
        wire.start(node)
    wire.run(10.0)
    assert wire.masters == [nodes[0]]

    nodes[0].alive = False
    wire.run(10.0 + 3 * 1.0 + 156 / 256 + 0.001)

    assert wire.masters == [nodes[1]]


def test_a_nopreempt_node_that_comes_back_stays_backup_and_the_other_way_round_it_preempts():
    for preempt, winner in ((False, 1), (True, 0)):
        strong = configured(2, 150, preempt=preempt)
        nodes = [Node(0x0A090001, strong), Node(0x0A090002, configured(2, 100))]
        wire = Wire(nodes, None, loss_until=0.0)
        wire.start(nodes[1])
        wire.run(5.0)
        wire.start(nodes[0])

        wire.run(20.0)

        assert wire.masters == [nodes[winner]]
    assert dataclasses.replace(strong, preempt=False) != strong
