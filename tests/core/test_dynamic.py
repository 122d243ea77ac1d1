"""Interfaces that come, go, and change their names and numbers, while adverts of 0.1 s go out and packets come in."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hahub.model import Cause, State
from hahub.settings import InstanceSettings, SyncGroupSettings, TrackedInterface, VirtualAddress
from tests.core.driver import CoreDriver
from tests.lab import VIP, Host, Lab
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces

FAST = InstanceSettings(
    "VI_1", "eth0", 51, priority=100, version=3, advert_int=0.1, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),)
)
OTHER = InstanceSettings(
    "VI_2",
    "eth1",
    52,
    priority=100,
    version=3,
    advert_int=0.1,
    virtual_addresses=(VirtualAddress("10.10.0.200", 24, "eth1"),),
)
GROUP = {"groups": (SyncGroupSettings("G", ("VI_1", "VI_2")),)}
LOAD = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.2"))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
import time
while True:
    for number in range(10):
        try:
            sock.sendto(bytes([0x31, 51, number + 1, 0, 0, 10, 0, 0]), ("224.0.0.18", 0))
        except OSError:
            pass
    time.sleep(0.01)
"""
"""A thousand adverts a second for our virtual router, none of them valid."""


@pytest.fixture
def lab() -> Iterator[Lab]:
    with lab_or_skip() as laboratory:
        for host in laboratory.hosts.values():
            wait_until(lambda host=host: "state UP" in host.ip("link", "show", "eth0"), "carrier")
        command = ["ip", "netns", "exec", laboratory["b"].namespace, sys.executable, "-I", "-c", LOAD]
        with subprocess.Popen(command) as load:
            yield laboratory
            load.kill()


def start(cores: ExitStack, host: Host, *instances: InstanceSettings, **more: object) -> CoreDriver:
    core = CoreDriver(host, *instances, **more)
    cores.callback(core.close)
    return core


def rename(host: Host, before: str, after: str) -> None:
    """As a running host does it: the kernel allows it while the interface is up."""
    host.ip("link", "set", before, "name", after)


def addresses(host: Host, interface: str) -> list[str]:
    return [address.split("/")[0] for address in host.addresses(interface)]


def wait_settled(core: CoreDriver, host: Host, *, count: int) -> None:
    """Master for the so-many-th time, and the address is where it belongs."""
    core.wait_for_state(State.MASTER, count=count)
    wait_until(lambda: host.holds(), "the address on eth0")


def test_an_interface_may_come_after_the_start(lab: Lab, cores: ExitStack) -> None:
    host = lab["a"]
    host.remove_interface()
    core = start(cores, host, FAST)
    assert core.wait_for_state(State.FAULT).previous is State.INIT

    host.add_interface()

    wait_settled(core, host, count=1)
    assert core.states() == [State.FAULT, State.BACKUP, State.MASTER]


def test_a_master_whose_interface_vanishes_is_in_fault_until_there_is_one_of_that_name(
    lab: Lab, cores: ExitStack
) -> None:
    host = lab["a"]
    core = start(cores, host, FAST)
    wait_settled(core, host, count=1)

    for count in range(1, 4):
        host.remove_interface()
        assert core.wait_for_state(State.FAULT, count=count).previous is State.MASTER
        host.add_interface()
        wait_settled(core, host, count=count + 1)

    assert core.states() == [State.BACKUP, State.MASTER, *[State.FAULT, State.BACKUP, State.MASTER] * 3]


def test_a_master_whose_interface_is_renamed_leaves_no_address_behind(lab: Lab, cores: ExitStack) -> None:
    host = lab["a"]
    core = start(cores, host, FAST)
    wait_settled(core, host, count=1)

    rename(host, "eth0", "wan0")
    fault = core.wait_for_state(State.FAULT)

    assert fault.reason.cause is Cause.INTERFACE_DOWN
    wait_until(lambda: addresses(host, "wan0") == ["10.9.0.1"], "the address off the interface")
    assert lab.adverts(host)[-1].priority == 0
    rename(host, "wan0", "eth0")
    wait_settled(core, host, count=2)


def test_another_interface_may_take_the_name_and_the_place(lab: Lab, cores: ExitStack) -> None:
    """Both at once: eth0 becomes wan0, and what was eth1 becomes eth0, other number, other MAC, other wire."""
    host = lab["a"]
    for each in lab.hosts.values():
        each.add_second_interface()
    core = start(cores, host, FAST)
    wait_settled(core, host, count=1)

    host.run("sh", "-c", "ip link set eth0 name wan0 && ip link set eth1 name eth0")

    core.wait_for_state(State.FAULT)
    wait_until(lambda: addresses(host, "wan0") == ["10.9.0.1"], "the address off what was eth0")
    wait_settled(core, host, count=2)
    since = time.monotonic()
    lab.wait_for_advert(host, since=since, count=3)
    assert {advert.source for advert in lab.adverts(host, since=since)} == {"10.10.0.1"}


def test_an_interface_of_the_same_name_and_number_is_known_to_be_another_one(lab: Lab, cores: ExitStack) -> None:
    """Deleted and made again before anybody has read the news, with the number it had."""
    host = lab["a"]
    core = start(cores, host, FAST)
    wait_settled(core, host, count=1)
    index = host.run("cat", "/sys/class/net/eth0/ifindex").strip()
    address = "02:00:00:00:00:01"

    script = (
        f"ip link del eth0 && ip link add eth0 index {index} address {address} type veth peer name eth9"
        " && ip address add 10.9.0.1/24 dev eth0 && ip link set eth9 up && ip link set eth0 up"
    )
    host.run("sh", "-c", script)

    core.wait_for_state(State.FAULT)
    wait_settled(core, host, count=2)
    heard = host.run(
        "timeout", "5", sys.executable, "-I", "-c",
        "import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(('eth9', 3));"
        " print(next(f for f in iter(lambda: s.recv(2048), None) if f[23] == 112)[35])",
    )  # fmt: skip
    assert heard == "51\n"


def test_a_group_follows_the_member_whose_interface_goes(lab: Lab, cores: ExitStack) -> None:
    host = lab["a"]
    for each in lab.hosts.values():
        each.add_second_interface()
    core = start(cores, host, FAST, OTHER, **GROUP)
    core.wait_for_state(State.MASTER, name="G")
    wait_until(lambda: host.holds() and host.holds("10.10.0.200", interface="eth1"), "both addresses")

    host.ip("link", "del", "eth1")
    core.wait_for_state(State.FAULT, name="G")
    wait_until(lambda: not host.holds(), "no address")
    host.add_second_interface()
    core.wait_for_state(State.MASTER, name="G", count=2)

    rename(host, "eth0", "wan0")
    core.wait_for_state(State.FAULT, name="G", count=2)
    wait_until(lambda: addresses(host, "wan0") == ["10.9.0.1"], "no address on what was eth0")
    wait_until(lambda: not host.holds("10.10.0.200", interface="eth1"), "no address on eth1")
    rename(host, "wan0", "eth0")
    core.wait_for_state(State.MASTER, name="G", count=3)
    wait_until(lambda: host.holds() and host.holds("10.10.0.200", interface="eth1"), "both addresses")


def test_a_tracked_interface_may_come_go_and_change_its_name(lab: Lab, cores: ExitStack) -> None:
    host = lab["a"]
    core = start(cores, host, dataclasses.replace(FAST, track_interfaces=(TrackedInterface("uplink"),)))
    core.wait_for_state(State.FAULT)

    host.run(
        "sh", "-c", "ip link add uplink type veth peer name down1 && ip link set uplink up && ip link set down1 up"
    )
    wait_settled(core, host, count=1)
    rename(host, "uplink", "other")
    core.wait_for_state(State.FAULT, count=2)
    rename(host, "down1", "uplink")
    wait_settled(core, host, count=2)
    host.ip("link", "del", "uplink")
    assert core.wait_for_state(State.FAULT, count=3).reason.detail == "uplink is down"
