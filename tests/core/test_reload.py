"""A second configuration: what it does not change goes on as if there had been none."""

import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from unittest import mock

import pytest
import trio

from hahub.core.process import Core
from hahub.core.router import Router
from hahub.link import Link, memory_file, pair
from hahub.messages import Configure, Ready, Shutdown, encode_settings
from hahub.model import State
from hahub.settings import CoreSettings, InstanceSettings, SyncGroupSettings, VirtualAddress
from hahub.vrrp.packet import Advertisement, encode
from tests.core.driver import CoreDriver
from tests.lab import VIP, AddressChange, GratuitousArp, Lab
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until
from tests.net.namespace import Far, connect, in_namespace, ip

FAST = InstanceSettings(
    "VI_1", "eth0", 51, priority=100, version=3, advert_int=0.1, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),)
)


def other(number: int, interface: str = "eth0", **changes: object) -> InstanceSettings:
    """Another virtual router: VI_2 has VRID 52 and 10.9.0.202."""
    address = VirtualAddress(f"10.9.0.{200 + number}", 24, interface)
    named = dataclasses.replace(FAST, name=f"VI_{number}", virtual_router_id=50 + number, interface=interface)
    return dataclasses.replace(named, **({"virtual_addresses": (address,)} | changes))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with lab_or_skip("a") as laboratory:
        host = laboratory["a"]
        wait_until(lambda: "state UP" in host.ip("link", "show", "eth0"), "carrier")
        yield laboratory


@pytest.fixture
def core(lab: Lab) -> Iterator[CoreDriver]:
    """A master of VI_1 with VI_2 beside it."""
    with ExitStack() as stack:
        core = CoreDriver(lab["a"], FAST, other(2))
        stack.callback(core.close)
        core.wait_for_state(State.MASTER)
        core.wait_for_state(State.MASTER, name="VI_2")
        yield core


def ready(core: CoreDriver, count: int) -> None:
    core.wait_for(lambda: sum(isinstance(record, Ready) for record in core.records) == count, f"{count} configurations")


@pytest.mark.namespaces
def test_a_master_that_is_not_changed_sends_at_its_pace_whatever_happens_beside_it(lab: Lab, core: CoreDriver) -> None:
    lab.timeline.wait_until(
        lambda records: sum(isinstance(r, GratuitousArp) and r.address == VIP for r in records) >= 5, "five ARP"
    )
    wait_until(lambda: lab["a"].fifo.text.count("\n") == 4, "the first lines")
    told, since = lab["a"].fifo.text.count("VI_1"), time.monotonic()

    wanted = (
        (FAST,),
        (FAST, other(2, priority=90), other(3)),
        (FAST, other(2, advert_int=0.2), other(4, "absent")),
        (FAST, other(2, advert_int=0.2, virtual_addresses=()), other(3, priority=255)),
    )
    for count, instances in enumerate(wanted, start=2):
        core.configure(*instances)
        ready(core, count)
        lab.wait_for_advert(lab["a"], since=time.monotonic(), count=6)

    mine = [advert for advert in lab.adverts(since=since) if advert.virtual_router_id == 51]
    pauses = [later.at - earlier.at for earlier, later in pairwise(mine)]
    moved = [r for r in lab.timeline.records() if isinstance(r, AddressChange) and r.address == VIP and r.at > since]
    announced = [r for r in lab.timeline.records() if isinstance(r, GratuitousArp) and r.at > since]
    assert {advert.priority for advert in mine} == {100}
    assert len(mine) > 8
    assert min(pauses) > 0.05, "a reload is no reason for another advert"
    assert max(pauses) < 0.25, "and none is left out"
    assert moved == []
    assert VIP not in {arp.address for arp in announced}
    assert lab["a"].fifo.text.count("VI_1") == told


@pytest.mark.namespaces
def test_states_are_written_at_a_reload_where_that_is_wanted(lab: Lab, core: CoreDriver) -> None:
    """Groups first, then all who had nothing to report; keepalived forgets the masters."""
    wait_until(lambda: lab["a"].fifo.text.count("\n") == 4, "the first lines")
    before = lab["a"].fifo.text
    core.configure(FAST, other(2))
    ready(core, 2)
    core.configure(FAST, other(2), other(3, "absent"), groups=(SyncGroupSettings("G", ("VI_1", "VI_2")),))
    core.wait_for_state(State.FAULT, name="VI_3")
    core.wait_for_state(State.MASTER, name="G")

    core.configure(FAST, other(3, "absent"), states_on_reload=True)

    expected = [
        'GROUP "G" MASTER 0',
        'INSTANCE "VI_3" FAULT 100',
        'INSTANCE "VI_2" FAULT 100',
        'INSTANCE "VI_1" MASTER 100',
        'INSTANCE "VI_3" FAULT 100',
    ]
    wait_until(lambda: lab["a"].fifo.text.count("FAULT 100") == 3, "the present states")
    assert lab["a"].fifo.text.removeprefix(before).splitlines() == expected
    assert len(core.transitions("VI_1")) == 2


@in_namespace
def test_no_advert_is_missed_while_virtual_routers_come_and_go_around_it() -> None:
    """A flood of numbered adverts, and twenty configurations that change everything else, on this interface too."""
    far = connect()
    ip("link add near1 type veth peer name far1")
    ip("link set near1 up")
    heard: list[int] = []
    with mock.patch.object(Router, "packet_received", lambda self, packet, now: heard.append(packet[22])):
        sent = trio.run(_reload_under_fire, far)

    # The filter of the first moment lets nothing in; from the first that was heard on, it is all of them.
    assert len(heard) > 200
    assert heard == sent[len(sent) - len(heard) :]


async def _reload_under_fire(far: Far) -> list[int]:
    ours, theirs = pair()
    parent, core = Link(ours), Core(Link(theirs))
    watched = dataclasses.replace(FAST, interface="near0", priority=50, virtual_addresses=())
    configurations = [
        (watched, *(other(number, f"near{number % 2}") for number in range(2, 2 + turn % 5))) for turn in range(20)
    ]
    over, sent = threading.Event(), []
    # Opened now, because the core gives up the right to go into other namespaces.
    sender = threading.Thread(target=_fire, args=(_gun(far), over, sent))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(core.run)
        await _configure(parent, configurations[0])
        sender.start()
        await trio.sleep(0.1)
        for instances in configurations[1:]:
            await _configure(parent, instances)
            await trio.sleep(0.01)
        over.set()
        await trio.to_thread.run_sync(sender.join)
        await trio.sleep(0.1)
        await parent.send(Shutdown(0.0))
    return sent


async def _configure(parent: Link, instances: tuple[InstanceSettings, ...]) -> None:
    settings = memory_file("settings", encode_settings(CoreSettings("here", instances, realtime_priority=0)))
    await parent.send(Configure(), [settings])
    while not isinstance((await parent.receive())[0], Ready):
        pass


def _gun(far: Far) -> socket.socket:
    with far.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.2"))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    return sock


def _fire(gun: socket.socket, over: threading.Event, sent: list[int]) -> None:
    """Adverts of VRID 51, numbered by their priority, a thousand a second."""
    with gun:
        number = 0
        while not over.is_set():
            number = number % 40 + 1
            advert = Advertisement(
                version=3,
                virtual_router_id=51,
                priority=number,
                advert_int=0.1,
                addresses=(),
                auth_type=0,
                auth_data=b"",
            )
            gun.sendto(encode(advert, source=0x0A090002, destination=0xE0000012), ("224.0.0.18", 0))
            sent.append(number)
            time.sleep(0.001)
