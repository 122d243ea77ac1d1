"""The real core over IPv6 and without multicast: sources that come and go, and a second configuration."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hahub.model import Cause, Reason, State
from hahub.settings import InstanceSettings, UnicastPeer, VirtualAddress
from tests.conftest import require
from tests.core.driver import CoreDriver
from tests.lab import VIP, Lab
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces

VIP_6 = VirtualAddress("fe80::200", 128, "eth0", flags=0x02, preferred_lft=0)
IPV6 = InstanceSettings("VI_1", "eth0", 51, version=3, advert_int=0.1, virtual_addresses=(VIP_6,))
IPV4 = dataclasses.replace(IPV6, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),))
LINK_LOCAL = "fe80::ff:fe00:1"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with lab_or_skip() as laboratory:
        for host in laboratory.hosts.values():
            wait_until(lambda host=host: "state UP" in host.ip("link", "show", "eth0"), "carrier")
        host = laboratory["a"]
        host.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad")
        host.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        wait_until(lambda: LINK_LOCAL in host.ip("-6", "address", "show", "dev", "eth0"), "the link-local address")
        yield laboratory


def start(cores: ExitStack, lab: Lab, *instances: InstanceSettings) -> CoreDriver:
    core = CoreDriver(lab["a"], *instances)
    cores.callback(core.close)
    return core


def holds(lab: Lab) -> bool:
    return "fe80::200/128" in lab["a"].ip("-6", "address", "show", "dev", "eth0")


def test_without_its_link_local_address_it_is_in_fault_until_that_is_back(lab: Lab, cores: ExitStack) -> None:
    """VR-007: a virtual address is no source."""
    core = start(cores, lab, IPV6)
    core.wait_for_state(State.MASTER)
    assert holds(lab)

    lab["a"].ip("address", "del", f"{LINK_LOCAL}/64", "dev", "eth0")
    fault = core.wait_for_state(State.FAULT)
    wait_until(lambda: not holds(lab), "the virtual address to go")
    lab["a"].ip("address", "add", f"{LINK_LOCAL}/64", "dev", "eth0")
    core.wait_for_state(State.MASTER, count=2)

    assert (fault.reason.cause, fault.reason.detail) == (
        Cause.NO_SOURCE_ADDRESS,
        "eth0 has no usable IPv6 link-local address",
    )
    assert holds(lab)


def test_an_ipv6_address_that_somebody_removes_comes_back(lab: Lab, cores: ExitStack) -> None:
    core = start(cores, lab, IPV6)
    core.wait_for_state(State.MASTER)

    lab["a"].ip("address", "del", "fe80::200/128", "dev", "eth0")
    core.wait_for(lambda: "somebody removed fe80::200/128" in core.log, "a line in the log")
    wait_until(lambda: holds(lab), "the address to come back")

    assert core.states() == [State.BACKUP, State.MASTER]


def test_an_ipv6_address_that_has_just_been_added_is_not_taken_for_removed(lab: Lab, cores: ExitStack) -> None:
    """The kernel tells of one after the other: nobody has removed the last when the first is there."""
    more = tuple(VirtualAddress(f"2001:db8::{number:x}", 64, "eth0", flags=0x02) for number in range(0x1F1, 0x201))
    core = start(cores, lab, dataclasses.replace(IPV6, virtual_addresses=(VIP_6, *more)))
    core.wait_for_state(State.MASTER)
    wait_until(lambda: "2001:db8::200/64" in lab["a"].ip("-6", "address", "show", "dev", "eth0"), "the last address")
    lab.wait_for_advert(lab["a"], since=0.0, count=4)
    for _ in range(10):
        core.pump(0.02)

    assert "somebody removed" not in core.log
    lab["a"].ip("address", "del", "2001:db8::200/64", "dev", "eth0")
    core.wait_for(lambda: "somebody removed 2001:db8::200/64:" in core.log, "a line in the log")


def test_both_families_may_share_a_virtual_router_id(lab: Lab, cores: ExitStack) -> None:
    core = start(cores, lab, IPV6, dataclasses.replace(IPV4, name="VI_2"))

    core.wait_for_state(State.MASTER)
    core.wait_for_state(State.MASTER, name="VI_2")
    lab.wait_for_advert(lab["a"], since=0.0, count=8)

    assert {(advert.source, advert.addresses) for advert in lab.adverts()} == {
        (LINK_LOCAL, ("fe80::200",)),
        ("10.9.0.1", (VIP,)),
    }


def test_every_peer_gets_its_own_advert_and_peers_can_change_while_master(lab: Lab, cores: ExitStack) -> None:
    """VR-037, VR-029: the checksum of each is right, or the wire's eyes would not tell it apart from noise."""
    require("tcpdump")
    peers = dataclasses.replace(IPV4, source="10.9.0.1", unicast_peers=(UnicastPeer("10.9.0.2"),))
    core = start(cores, lab, peers)
    core.wait_for_state(State.MASTER)
    sniffed = lab["b"].run("tcpdump", "-n", "-c", "2", "-i", "eth0", "proto", "112")

    core.configure(IPV4)
    multicast = lab["b"].run("tcpdump", "-n", "-c", "2", "-i", "eth0", "dst", "224.0.0.18")
    core.configure(peers)
    again = lab["b"].run("tcpdump", "-n", "-c", "2", "-i", "eth0", "dst", "10.9.0.2", "and", "proto", "112")

    assert sniffed.count("10.9.0.1 > 10.9.0.2: VRRPv3") == 2
    assert multicast.count("10.9.0.1 > 224.0.0.18: VRRPv3") == 2
    assert again.count("10.9.0.1 > 10.9.0.2: VRRPv3") == 2
    assert core.states() == [State.BACKUP, State.MASTER]


def test_an_interface_that_takes_no_ipv6_silences_the_ipv6_router_only(lab: Lab, cores: ExitStack) -> None:
    """Below an MTU of 1280 bytes a group of IPv6 cannot be joined. Nobody is master without being heard."""
    lab["a"].ip("link", "set", "eth0", "mtu", "1200")
    vip_6 = dataclasses.replace(IPV6, name="VI_6", virtual_router_id=61, source="fe80::1:1")

    core = start(cores, lab, IPV4, vip_6)
    fault = core.wait_for_state(State.FAULT, name="VI_6")
    core.wait_for_state(State.MASTER)
    lab.wait_for_advert(lab["a"], since=0.0)

    assert fault.reason == Reason(Cause.INTERFACE_DOWN, "eth0 has no IPv6 socket to hear adverts")
    assert core.states("VI_6") == [State.FAULT]
