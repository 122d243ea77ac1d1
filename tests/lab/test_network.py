"""The laboratory tells the truth, and leaves nothing behind."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from scapy.layers.l2 import ARP, Ether

from tests.lab import VIP, AddressChange, GratuitousArp, Host, Lab
from tests.lab.network import ip, lab_or_skip
from tests.lab.recorder import in_namespace
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces


@pytest.fixture(name="lab")
def open_lab() -> Iterator[Lab]:
    with lab_or_skip() as lab:
        yield lab


def reaches(lab: Lab, sender: str, receiver: str) -> bool:
    """True when a datagram gets from host to host within half a second."""

    def open_socket() -> socket.socket:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    with (
        in_namespace(lab[sender].namespace, open_socket) as source,
        in_namespace(lab[receiver].namespace, open_socket) as target,
    ):
        target.bind((lab[receiver].address, 0))
        target.settimeout(0.5)
        source.sendto(b"hello", target.getsockname())
        try:
            return target.recv(16) == b"hello"
        except TimeoutError:
            return False


def test_hosts_reach_each_other_unless_one_is_unplugged(lab: Lab) -> None:
    assert reaches(lab, "a", "b")

    lab["b"].unplug()
    assert not reaches(lab, "a", "b")

    lab["b"].plug()
    assert reaches(lab, "a", "b")


def flags(host: Host) -> set[str]:
    (link,) = json.loads(host.ip("-j", "link", "show", "dev", "eth0"))
    return {"UP", "NO-CARRIER", "LOWER_UP"} & set(link["flags"])


def test_losing_carrier_and_being_switched_off_are_two_things(lab: Lab) -> None:
    host = lab["a"]
    assert flags(host) == {"UP", "LOWER_UP"}

    host.carrier_down()
    assert flags(host) == {"UP", "NO-CARRIER"}

    host.carrier_up()
    assert flags(host) == {"UP", "LOWER_UP"}

    host.interface_down()
    assert flags(host) == set()


def test_addresses_and_announcements_are_seen_with_their_host(lab: Lab) -> None:
    host = lab["b"]
    announcement = GratuitousArp(0.0, "b", host.mac, VIP)

    host.ip("address", "add", f"{VIP}/24", "dev", "eth0")
    with in_namespace(host.namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)) as sock:
        sock.bind(("eth0", 0))
        arp = ARP(op=1, hwsrc=host.mac, psrc=VIP, pdst=VIP)
        sock.send(bytes(Ether(src=host.mac, dst="ff:ff:ff:ff:ff:ff") / arp))
    host.ip("address", "del", f"{VIP}/24", "dev", "eth0")

    records = lab.timeline.wait_until(lambda records: len(records) >= 3, "address, announcement, no address")
    assert sorted((replace(record, at=0.0) for record in records), key=str) == sorted(
        [announcement, AddressChange(0.0, "b", VIP, present=True), AddressChange(0.0, "b", VIP, present=False)], key=str
    )
    assert not host.holds()


def test_the_root_namespace_sees_nothing_of_it() -> None:
    def links() -> list[str]:
        return sorted(link["ifname"] for link in json.loads(ip("-j", "link")))

    before = links()
    with lab_or_skip():
        assert links() == before


def test_a_failing_test_leaves_no_process_no_namespace_and_no_file() -> None:
    with pytest.raises(RuntimeError, match="the test fails"), lab_or_skip() as lab:  # noqa: PT012 - raised on purpose
        sleeper = subprocess.Popen(["ip", "netns", "exec", lab["a"].namespace, "sleep", "600"])
        wait_until(lambda: sleeper.pid in lab["a"].processes(), "the sleeper to sleep")
        raise RuntimeError("the test fails")

    assert sleeper.wait(30) == -signal.SIGKILL
    assert [name for name in ip("netns", "list").split() if name.startswith(lab.prefix)] == []
    assert not lab.directory.exists()
