"""The real core with virtual MACs: what is on the wire, what the kernel has, and what is left in the end."""

import dataclasses
import ipaddress
import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6

from hahub.lifeline import create
from hahub.link import pair
from hahub.messages import Ready, Shutdown
from hahub.model import Cause, State
from hahub.settings import InstanceSettings, VirtualAddress, VirtualInterface
from tests.core.driver import CoreDriver
from tests.lab import VIP, Lab
from tests.lab.network import Host
from tests.lab.recorder import in_namespace
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces

MAC, MAC_6 = "00:00:5e:00:01:33", "00:00:5e:00:02:33"
IPV4 = InstanceSettings(
    "VI_1",
    "eth0",
    51,
    version=3,
    advert_int=0.1,
    virtual_addresses=(VirtualAddress(VIP, 24, "vrrp.51"),),
    virtual_interface=VirtualInterface("vrrp.51", "eth0", MAC),
)
IPV6 = dataclasses.replace(
    IPV4,
    name="VI_6",
    virtual_addresses=(VirtualAddress("fe80::200", 64, "vrrp6.51", flags=0x02),),
    virtual_interface=VirtualInterface("vrrp6.51", "eth0", MAC_6, ipv4=False, ipv6=True),
)
OF_MAC = {"arp_ignore": "1", "accept_local": "1", "rp_filter": "0", "promote_secondaries": "1"}


def start(
    cores: ExitStack, lab: Lab, name: str, *instances: InstanceSettings, lifeline: int | None = None
) -> CoreDriver:
    core = CoreDriver(lab[name], *(instances or (IPV4,)), lifeline=lifeline)
    cores.callback(core.close)
    return core


def numbered(virtual_router_id: int) -> InstanceSettings:
    """Another instance, with a macvlan and without addresses."""
    virtual = VirtualInterface(f"vrrp.{virtual_router_id}", "eth0", f"00:00:5e:00:01:{virtual_router_id:02x}")
    more = {"virtual_router_id": virtual_router_id, "virtual_addresses": (), "virtual_interface": virtual}
    return dataclasses.replace(IPV4, name=f"VI_{virtual_router_id}", **more)


def stop(core: CoreDriver) -> None:
    core.link.try_send(Shutdown(1.0))
    core.wait_for_end()


def links(host: Host) -> dict[str, dict[str, Any]]:
    """What ip(8) says of each interface."""
    return {each["ifname"]: each for each in json.loads(host.ip("-j", "-d", "link", "show"))}


def sysctls(host: Host, interface: str, *names: str, family: str = "ipv4") -> dict[str, str]:
    return {name: host.run("cat", f"/proc/sys/net/{family}/conf/{interface}/{name}").strip() for name in names}


def enable_ipv6(host: Host) -> str:
    """Switch IPv6 on, for eth0 and all that comes; returns the link-local address of eth0."""
    # Switching all on reaches eth0 as well: what has to hold for it by then comes first.
    for setting in ("accept_dad", "disable_ipv6"):
        for name in ("default", "eth0", "all"):
            host.run("sh", "-c", f"echo 0 > /proc/sys/net/ipv6/conf/{name}/{setting}")
    own = f"fe80::ff:fe00:{int(host.mac[-2:], 16):x}"
    wait_until(lambda: own in host.ip("-6", "address", "show", "dev", "eth0", "-tentative"), "the link-local address")
    return own


class Wire:
    """All frames that leave a host, from now on, and frames into it."""

    def __init__(self, host: Host) -> None:
        self._sock = in_namespace(host.lab.switch, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self._sock.setblocking(False)
        in_namespace(host.lab.switch, lambda: self._sock.bind((host.port, 3)))

    def frames(self) -> list[bytes]:
        """What has left since the last time."""
        found: list[bytes] = []
        try:
            while True:
                frame, (_, _, kind, _, _) = self._sock.recvfrom(2048)
                if kind != socket.PACKET_OUTGOING:
                    found.append(frame)
        except BlockingIOError:
            return found

    def ask_arp(self, address: str) -> list[str]:
        """Ask who has this address; the MACs that say so within a moment."""
        self.frames()
        asker = bytes.fromhex("020000000099")
        target = ipaddress.IPv4Address(address).packed
        request = bytes.fromhex("0001080006040001") + asker + bytes([10, 9, 0, 99]) + bytes(6) + target
        self._sock.send(b"\xff" * 6 + asker + b"\x08\x06" + request)
        time.sleep(0.1)  # whoever answers does so at once; more than one would be the mistake
        replies = [f for f in self.frames() if f[12:14] == b"\x08\x06" and f[20:22] == b"\0\2" and f[28:32] == target]
        return [f"{reply[6:12].hex(':')} says {reply[22:28].hex(':')}" for reply in replies]

    def solicit(self, address: str) -> list[str]:
        """The same over IPv6."""
        self.frames()
        target = ipaddress.IPv6Address(address).packed
        group = f"ff02::1:ff{target[13:14].hex()}:{target[14:].hex()}"
        asked = IPv6(src="fe80::99", dst=group, hlim=255) / ICMPv6ND_NS(tgt=address)
        asked /= ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:99")
        group_mac = b"\x33\x33\xff" + target[13:]
        self._sock.send(group_mac + bytes.fromhex("020000000099") + b"\x86\xdd" + bytes(asked))
        time.sleep(0.1)
        replies = [f for f in self.frames() if f[12:14] == b"\x86\xdd" and f[54] == 136 and f[62:78] == target]
        return [f"{reply[6:12].hex(':')} says {reply[80:86].hex(':')}" for reply in replies]

    def close(self) -> None:
        self._sock.close()


@pytest.fixture
def wires(lab: Lab) -> Iterator[dict[str, Wire]]:
    found = {name: Wire(host) for name, host in lab.hosts.items()}
    yield found
    for wire in found.values():
        wire.close()


def test_the_virtual_mac_is_the_masters_and_a_backup_says_nothing_with_it(
    lab: Lab, cores: ExitStack, wires: dict[str, Wire]
) -> None:
    """VR-011, VR-013, VR-064, VR-109, VR-110, VR-114, VR-115, VR-119."""
    a = start(cores, lab, "a", dataclasses.replace(IPV4, priority=150))
    a.wait_for_state(State.MASTER)
    b = start(cores, lab, "b")
    b.wait_for_state(State.BACKUP)
    lab.wait_for_advert(lab["a"], since=time.monotonic(), count=8)
    backup_said = wires["b"].frames()

    assert (wires["a"].ask_arp(VIP), wires["b"].ask_arp(VIP)) == ([f"{MAC} says {MAC}"], [])
    assert wires["a"].ask_arp("10.9.0.1") == [f"{lab['a'].mac} says {lab['a'].mac}"]
    assert {f[6:12].hex(":") for f in backup_said} == {lab["b"].mac}, "the backup joins the group with its own MAC"
    assert sysctls(lab["a"], "vrrp.51", *OF_MAC) == OF_MAC
    assert sysctls(lab["a"], "eth0", "arp_ignore", "arp_filter") == {"arp_ignore": "1", "arp_filter": "1"}
    assert links(lab["a"])["vrrp.51"]["linkinfo"]["info_data"]["mode"] == "private"

    stop(a)
    b.wait_for_state(State.MASTER)
    lab.wait_for_advert(lab["b"], since=0.0, count=2)

    assert wires["b"].ask_arp(VIP) == [f"{MAC} says {MAC}"]
    assert {(x.host, x.mac, x.source) for x in lab.adverts()} == {("a", MAC, "10.9.0.1"), ("b", MAC, "10.9.0.2")}
    assert links(lab["a"]).keys() == {"lo", "eth0"}
    assert sysctls(lab["a"], "eth0", "arp_ignore", "arp_filter") == {"arp_ignore": "0", "arp_filter": "0"}
    assert (a.states(), b.states()) == ([State.BACKUP, State.MASTER, State.STOP], [State.BACKUP, State.MASTER])


def test_both_families_have_a_virtual_mac_and_no_identifier_is_made_of_it(
    lab: Lab, cores: ExitStack, wires: dict[str, Wire]
) -> None:
    """VR-013, VR-109, VR-112, VR-116, VR-128; and neither instance takes the other for a rival."""
    own = [enable_ipv6(host) for host in lab.hosts.values()]
    lab["b"].ip("address", "del", f"{own[1]}/64", "dev", "eth0")  # adverts come from there all the same
    for wire in wires.values():
        wire.frames()
    better = [dataclasses.replace(each, priority=150) for each in (IPV4, IPV6)]
    a = start(cores, lab, "a", *better)
    a.wait_for_state(State.MASTER, name="VI_6")
    b = start(cores, lab, "b", IPV4, IPV6)
    b.wait_for_state(State.BACKUP, name="VI_6")
    lab.wait_for_advert(lab["a"], since=time.monotonic(), count=16)

    backup_said = [frame for frame in wires["b"].frames() if frame[6:12].hex(":") != lab["b"].mac]
    addresses = [lab["a"].ip("-6", "-o", "address", "show", "dev", name) for name in ("vrrp.51", "vrrp6.51")]

    assert backup_said == []
    assert addresses[0] == ""
    assert addresses[1].count("inet6") == 1
    assert "fe80::200/64" in addresses[1]
    assert lab["b"].ip("-6", "-o", "address", "show", "dev", "vrrp6.51") == ""
    assert sysctls(lab["a"], "vrrp6.51", "accept_ra", family="ipv6") == {"accept_ra": "0"}
    assert {(x.mac, x.source) for x in lab.adverts()} == {(MAC, "10.9.0.1"), (MAC_6, own[0])}
    announced = [f for f in wires["a"].frames() if f[12:14] == b"\x86\xdd" and f[54] == 136]
    assert {(f[6:12].hex(":"), f[80:86].hex(":")) for f in announced} == {(MAC_6, MAC_6)}
    assert (wires["a"].solicit("fe80::200"), wires["b"].solicit("fe80::200")) == ([f"{MAC_6} says {MAC_6}"], [])
    assert wires["a"].solicit(own[0]) == [f"{lab['a'].mac} says {lab['a'].mac}"]

    a.signal(signal.SIGKILL)
    b.wait_for_state(State.MASTER, name="VI_6")
    lab.wait_for_advert(lab["b"], since=time.monotonic(), count=4)

    assert {(x.mac, x.source) for x in lab.adverts(lab["b"])} == {(MAC, "10.9.0.2"), (MAC_6, own[1])}
    assert b.states() == b.states("VI_6") == [State.BACKUP, State.MASTER]


def test_with_xmit_base_adverts_have_the_other_mac_and_either_kind_is_heard(lab: Lab, cores: ExitStack) -> None:
    """Who sends from the virtual MAC is heard on the macvlan only, all others below it: each of them once."""
    base = dataclasses.replace(IPV4, vmac_xmit_base=True)
    a = start(cores, lab, "a", dataclasses.replace(base, priority=150))
    a.wait_for_state(State.MASTER)
    b = start(cores, lab, "b")
    b.wait_for_state(State.BACKUP)
    lab.wait_for_advert(lab["a"], since=time.monotonic(), count=8)
    assert b.states() == [State.BACKUP]

    b.configure(dataclasses.replace(IPV4, priority=200))
    b.wait_for_state(State.MASTER)
    a.wait_for_state(State.BACKUP, count=2)
    lab.wait_for_advert(lab["b"], since=time.monotonic(), count=8)

    assert a.states() == [State.BACKUP, State.MASTER, State.BACKUP]
    assert {(x.host, x.mac) for x in lab.adverts()} == {("a", lab["a"].mac), ("b", MAC)}
    assert lab["b"].holds(interface="vrrp.51")


def test_a_core_that_follows_in_time_finds_all_as_it_was(lab: Lab, cores: ExitStack) -> None:
    """The same macvlan, the same address on it; what the first changed below is put back by the second."""
    memory = create()
    slow = dataclasses.replace(IPV4, advert_int=1.0, priority=255)
    first = start(cores, lab, "a", slow, lifeline=memory)
    first.wait_for_state(State.MASTER)
    number = links(lab["a"])["vrrp.51"]["ifindex"]

    first.signal(signal.SIGKILL)
    first.wait_for_end()
    second = start(cores, lab, "a", slow, lifeline=memory)
    second.wait_for(lambda: "goes on as MASTER" in second.log, "the next core to go on")
    lab.wait_for_advert(lab["a"], since=time.monotonic())
    after = links(lab["a"])["vrrp.51"]["ifindex"], lab["a"].holds(interface="vrrp.51")
    stop(second)

    assert after == (number, True)
    assert links(lab["a"]).keys() == {"lo", "eth0"}
    assert sysctls(lab["a"], "eth0", "arp_ignore", "arp_filter") == {"arp_ignore": "0", "arp_filter": "0"}


def test_a_core_that_takes_over_in_peace_changes_nothing_before_and_all_then(lab: Lab, cores: ExitStack) -> None:
    host, lifeline = lab["a"], create()
    first = start(cores, lab, "a", IPV4, numbered(52), lifeline=lifeline)
    first.wait_for_state(State.MASTER)
    number = links(host)["vrrp.51"]["ifindex"]
    ours, theirs = pair()
    second = CoreDriver(host, IPV4, numbered(53), lifeline=lifeline, predecessor=theirs)
    cores.callback(second.close)
    second.wait_for(lambda: any(isinstance(record, Ready) for record in second.records), "the prepared core")
    before = links(host).keys()
    since = time.monotonic()

    first.hand_over_to(ours)
    second.wait_for_takeover()
    first.wait_for_end()
    second.wait_for_state(State.MASTER, name="VI_53")
    lab.wait_for_advert(host, since=time.monotonic(), count=2)

    assert before == {"lo", "eth0", "vrrp.51", "vrrp.52"}
    assert links(host).keys() == {"lo", "eth0", "vrrp.51", "vrrp.53"}
    assert links(host)["vrrp.51"]["ifindex"] == number
    assert {x.mac for x in lab.adverts(since=since) if x.virtual_router_id == 51} == {MAC}
    assert second.states() == []
    stop(second)
    assert links(host).keys() == {"lo", "eth0"}
    assert sysctls(host, "eth0", "arp_ignore", "arp_filter") == {"arp_ignore": "0", "arp_filter": "0"}


def test_a_successor_with_another_configuration_deletes_what_is_not_in_it(lab: Lab, cores: ExitStack) -> None:
    first = start(cores, lab, "a", IPV4, numbered(52))
    first.wait_for_state(State.MASTER)
    first.signal(signal.SIGKILL)
    first.wait_for_end()
    lab["a"].ip("link", "add", "link", "eth0", "name", "mine", "type", "macvlan", "mode", "private")

    renamed = dataclasses.replace(IPV4, virtual_interface=VirtualInterface("foo", "eth0", MAC))
    second = start(cores, lab, "a", dataclasses.replace(renamed, virtual_addresses=(VirtualAddress(VIP, 24, "foo"),)))
    second.wait_for_state(State.MASTER)

    assert links(lab["a"]).keys() == {"lo", "eth0", "mine", "foo"}
    second.configure()
    second.wait_for(lambda: "foo: deleted" in second.log, "the last one to go")
    assert links(lab["a"]).keys() == {"lo", "eth0", "mine"}
    assert sysctls(lab["a"], "eth0", "arp_ignore", "arp_filter") == {"arp_ignore": "0", "arp_filter": "0"}


def test_what_somebody_deletes_or_renames_comes_back_and_the_master_stays_master(lab: Lab, cores: ExitStack) -> None:
    host = lab["a"]
    core = start(cores, lab, "a")
    core.wait_for_state(State.MASTER)
    wait_until(lambda: host.holds(interface="vrrp.51"), "the address")
    number = links(host)["vrrp.51"]["ifindex"]

    time.sleep(1.0)  # not sooner than a second after it was made
    host.ip("link", "del", "vrrp.51")
    wait_until(lambda: links(host).get("vrrp.51", {}).get("ifindex", number) != number, "another macvlan")
    wait_until(lambda: host.holds(interface="vrrp.51"), "the address on it")
    lab.wait_for_advert(host, since=time.monotonic(), count=3)
    assert core.states() == [State.BACKUP, State.MASTER]

    host.ip("link", "set", "vrrp.51", "name", "stolen")
    core.wait_for_state(State.MASTER, count=2)
    wait_until(lambda: host.holds(interface="vrrp.51"), "the address on the third")
    assert links(host).keys() == {"lo", "eth0", "vrrp.51"}

    host.ip("link", "set", "eth0", "mtu", "1400")
    wait_until(lambda: links(host)["vrrp.51"]["mtu"] == 1400, "the MTU below it")
    host.ip("link", "set", "eth0", "mtu", "1500")
    wait_until(lambda: links(host)["vrrp.51"]["mtu"] == 1500, "the MTU above it to grow")


def test_both_interfaces_have_to_be_there_and_up(lab: Lab, cores: ExitStack) -> None:
    host = lab["a"]
    core = start(cores, lab, "a")

    def fault(count: int) -> tuple[Cause, str]:
        reason = core.wait_for_state(State.FAULT, count=count).reason
        core_faults = [t for t in core.transitions() if t.state is State.FAULT]
        assert len(core_faults) == count
        return reason.cause, reason.detail

    core.wait_for_state(State.MASTER)
    host.ip("link", "set", "vrrp.51", "down")
    assert fault(1) == (Cause.INTERFACE_DOWN, "vrrp.51 is down")
    host.ip("link", "set", "vrrp.51", "up")
    core.wait_for_state(State.MASTER, count=2)
    host.ip("link", "set", "eth0", "down")
    assert fault(2) == (Cause.INTERFACE_DOWN, "eth0 is down")
    host.ip("link", "set", "eth0", "name", "lan0")
    wait_until(lambda: links(host).keys() == {"lo", "lan0"}, "the macvlan to go")
    host.ip("link", "set", "lan0", "name", "eth0")
    host.ip("link", "set", "eth0", "up")
    core.wait_for_state(State.MASTER, count=3)
    host.remove_interface()
    assert fault(3) == (Cause.INTERFACE_DOWN, "eth0 does not exist")
    assert links(host).keys() == {"lo"}
    host.add_interface()
    core.wait_for_state(State.MASTER, count=4)
    wait_until(lambda: host.holds(interface="vrrp.51"), "the address")


def test_an_interface_of_that_name_is_left_alone_and_told(lab: Lab, cores: ExitStack) -> None:
    host = lab["a"]
    host.ip("link", "add", "vrrp.51", "type", "veth", "peer", "name", "other")
    core = start(cores, lab, "a")

    reason = core.wait_for_state(State.FAULT).reason
    there = links(host)["vrrp.51"]["linkinfo"]["info_kind"]
    host.ip("link", "del", "vrrp.51")
    core.wait_for_state(State.MASTER)

    assert reason.detail == "vrrp.51: there is an interface of this name already, and it is no macvlan of ours"
    assert there == "veth"


def test_what_keepalived_left_is_taken_over_without_its_addresses(lab: Lab, cores: ExitStack) -> None:
    host = lab["a"]
    host.ip("link", "add", "link", "eth0", "name", "vrrp.51", "address", MAC, "type", "macvlan", "mode", "private")
    host.ip("link", "set", "vrrp.51", "up")
    for address in (f"{VIP}/24", "10.9.0.77/24", "192.0.2.1/32"):
        host.ip("address", "add", address, "dev", "vrrp.51")
    number = links(host)["vrrp.51"]["ifindex"]

    core = start(cores, lab, "a")
    core.wait_for_state(State.BACKUP)
    as_backup = host.addresses("vrrp.51")
    core.wait_for_state(State.MASTER)
    wait_until(lambda: host.addresses("vrrp.51") == [f"{VIP}/24"], "the virtual address")
    as_master = links(host)["vrrp.51"]["ifindex"], sysctls(host, "vrrp.51", *OF_MAC)
    stop(core)

    assert as_backup == []
    assert as_master == (number, OF_MAC)
    assert links(host).keys() == {"lo", "eth0"}
