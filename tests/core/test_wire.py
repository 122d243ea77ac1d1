"""The real core: adverts to other groups, from other sources, with another TTL, and reasons not to send any."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from hahub.model import Cause, State
from hahub.settings import InstanceSettings, UnicastPeer, VirtualAddress, WireSettings
from tests.core.driver import CoreDriver
from tests.lab import VIP, Lab

pytestmark = pytest.mark.namespaces

FIRST = InstanceSettings(
    "VI_1", "eth0", 51, priority=150, version=3, advert_int=0.1, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),)
)
SECOND = replace(
    FIRST,
    name="VI_2",
    virtual_router_id=52,
    virtual_addresses=(VirtualAddress("10.9.0.201", 24, "eth0"),),
    wire=WireSettings(group="224.0.0.99"),
)


def start(cores: ExitStack, lab: Lab, name: str, *instances: InstanceSettings) -> CoreDriver:
    core = CoreDriver(lab[name], *instances)
    cores.callback(core.close)
    return core


def test_each_virtual_router_of_an_interface_may_have_its_group(lab: Lab, cores: ExitStack) -> None:
    """VR-004, also when a reload changes one of them."""
    a = start(cores, lab, "a", FIRST, SECOND)
    a.wait_for_state(State.MASTER)
    a.wait_for_state(State.MASTER, name="VI_2")
    b = start(cores, lab, "b", replace(FIRST, priority=100), replace(SECOND, priority=100))
    b.wait_for_state(State.BACKUP, name="VI_2")
    lab.wait_for_advert(lab["a"], since=lab.started_at, count=20)
    sent = {(advert.virtual_router_id, advert.destination) for advert in lab.adverts()}
    assert sent == {(51, "224.0.0.18"), (52, "224.0.0.99")}
    assert b.states() == b.states("VI_2") == [State.BACKUP]

    moved = replace(FIRST, wire=WireSettings(group="239.1.2.3"))
    a.configure(moved, SECOND)
    b.configure(replace(moved, priority=100), replace(SECOND, priority=100))
    since = lab.wait_for_advert(lab["a"], since=lab.started_at, count=len(lab.adverts()) + 1).at
    a.wait_for(lambda: any(each.destination == "239.1.2.3" for each in lab.adverts(since=since)), "the other group")
    since = next(each.at for each in lab.adverts(since=since) if each.destination == "239.1.2.3")
    lab.wait_for_advert(lab["a"], since=since, count=20)

    sent = {(advert.host, advert.virtual_router_id, advert.destination) for advert in lab.adverts(since=since)}
    assert sent == {("a", 51, "239.1.2.3"), ("a", 52, "224.0.0.99")}
    b.pump(0)
    assert (a.states(), b.states("VI_2")) == ([State.BACKUP, State.MASTER], [State.BACKUP])


def test_adverts_have_the_source_and_the_ttl_that_were_asked_for(lab: Lab, cores: ExitStack) -> None:
    """The source is no address of this host; keepalived sends so as well."""
    a = start(cores, lab, "a", replace(FIRST, source="10.9.0.99"))
    a.wait_for_state(State.MASTER)
    lab.wait_for_advert(lab["a"], since=lab.started_at, count=3)

    peers = replace(FIRST, unicast_peers=(UnicastPeer("10.9.0.2"),), wire=WireSettings(unicast_ttl=7))
    a.configure(peers)
    a.wait_for(lambda: any(advert.ttl == 7 for advert in lab.adverts()), "adverts to the peer")

    sent = {(advert.source, advert.destination, advert.ttl) for advert in lab.adverts()}
    assert sent == {("10.9.0.99", "224.0.0.18", 255), ("10.9.0.1", "10.9.0.2", 7)}
    assert a.states() == [State.BACKUP, State.MASTER]


def test_a_source_that_is_tracked_and_not_there_is_a_fault(lab: Lab, cores: ExitStack) -> None:
    a = start(cores, lab, "a", replace(FIRST, source="10.9.0.99", wire=WireSettings(track_source=True)))
    fault = a.wait_for_state(State.FAULT)

    lab["a"].ip("address", "add", "10.9.0.99/24", "dev", "eth0")
    a.wait_for_state(State.MASTER)
    lab["a"].ip("address", "del", "10.9.0.99/24", "dev", "eth0")
    again = a.wait_for_state(State.FAULT, count=2)

    assert {(each.reason.cause, each.reason.detail) for each in (fault, again)} == {
        (Cause.NO_SOURCE_ADDRESS, "eth0 has not the address 10.9.0.99")
    }
    assert a.states() == [State.FAULT, State.BACKUP, State.MASTER, State.FAULT]
    assert {advert.source for advert in lab.adverts()} == {"10.9.0.99"}


def test_without_the_peers_that_it_needs_it_is_in_fault_and_silent(lab: Lab, cores: ExitStack) -> None:
    a = start(cores, lab, "a", replace(FIRST, wire=WireSettings(needs_peers=True)))
    fault = a.wait_for_state(State.FAULT)

    a.configure(replace(FIRST, unicast_peers=(UnicastPeer("10.9.0.2"),), wire=WireSettings(needs_peers=True)))
    a.wait_for_state(State.MASTER)
    lab.wait_for_advert(lab["a"], since=0.0)

    assert fault.reason.cause is Cause.NO_PEERS
    assert {advert.destination for advert in lab.adverts()} == {"10.9.0.2"}


def test_virtual_routers_that_are_not_configured_are_named_once_when_asked_for(lab: Lab, cores: ExitStack) -> None:
    a = start(cores, lab, "a", FIRST)
    a.wait_for_state(State.MASTER)
    b = start(cores, lab, "b", replace(SECOND, wire=WireSettings()))
    b.wait_for_state(State.MASTER, name="VI_2")
    lab.wait_for_advert(lab["b"], since=lab.started_at, count=3)
    a.pump(0)
    before = a.log

    a.configure(FIRST, log_unknown_vrids=True)
    line = "eth0: 10.9.0.2 advertises virtual_router_id 52, which is not configured here"
    a.wait_for(lambda: line in a.log, "the name of the other one")
    lab.wait_for_advert(lab["b"], since=lab.adverts()[-1].at, count=5)
    a.pump(0)

    assert "virtual_router_id 52" not in before
    assert a.log.count(line) == 1
    assert a.states() == [State.BACKUP, State.MASTER]


def test_an_advert_that_is_longer_than_the_mtu_is_told_with_what_to_do(lab: Lab, cores: ExitStack) -> None:
    """VR-010."""
    lab["a"].ip("link", "set", "eth0", "mtu", "68")
    many = tuple(VirtualAddress(f"10.9.0.{number}", 24, "eth0") for number in range(200, 212))
    a = start(cores, lab, "a", replace(FIRST, virtual_addresses=many))

    a.wait_for_state(State.MASTER)
    a.wait_for(lambda: "advertisement not sent" in a.log, "word of it")

    assert "longer than the MTU of the interface; some addresses belong into virtual_ipaddress_excluded" in a.log
    assert lab.adverts() == []
