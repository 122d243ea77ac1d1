"""IPv6 on a real wire: sockets, addresses, announcements, and what the kernel tells of all that."""

import ipaddress
import json
import select
from pathlib import Path

import pytest
from scapy.layers.inet6 import IPv6

from hahub.family import Family
from hahub.net.addresses import AddressCommands, encode_batches, held
from hahub.net.adverts import AdvertSender
from hahub.net.adverts6 import AdvertReceiver6, AdvertSender6
from hahub.net.bpf import virtual_routers
from hahub.net.frames import FrameSender, neighbour_advertisement
from hahub.net.links import InterfaceAddress, Link, LinkMonitor, LinkTable
from hahub.net.netlink import Message
from hahub.settings import VirtualAddress
from hahub.vrrp.packet import GROUP6, PROTOCOL, Advertisement, Datagram, encode, split_ip
from tests.net.namespace import FAR_MAC, NEAR_MAC, Sniffer, connect, in_namespace, index_of, ip, wait_until
from tests.net.test_bpf import passes
from tests.net.test_links import address_message, link_message, table_of
from tests.pcap import CAPTURES, read_frames

IPV6 = 0x86DD
GROUP_MAC = bytes.fromhex("333300000012")
GOLDEN_MAC = bytes.fromhex("0a3715a2ab4e")
GOLDEN_NA = bytes.fromhex(
    "333300000001 0a3715a2ab4e 86dd 6000000000203aff fe800000000000000000000000000005"
    "ff020000000000000000000000000001 88008e6c 20000000 fe800000000000000000000000000005 02010a3715a2ab4e"
)
NODAD = 0x02


def number(text: str) -> int:
    return int(ipaddress.IPv6Address(text))


NEAR, FAR, GLOBAL_NEAR, GLOBAL_FAR = map(number, ("fe80::1", "fe80::2", "2001:db8::1", "2001:db8::2"))
VIP = VirtualAddress("2001:db8::200", 128, "near0", flags=NODAD, preferred_lft=0)


def message(vrid: int, *, source: int = FAR, destination: int = GROUP6, priority: int = 100) -> bytes:
    advert = Advertisement(3, vrid, priority, 1.0, (VIP.number,))
    return encode(advert, source=source, destination=destination, family=Family.IPV6)


def connect6() -> "object":
    """A wire with fe80::1 and 2001:db8::1 here, fe80::2 and 2001:db8::2 there."""
    far = connect()
    for address in ("fe80::1/64", "2001:db8::1/64"):
        ip(f"addr add {address} dev near0 nodad")
    with far.inside():
        for address in ("fe80::2/64", "2001:db8::2/64"):
            ip(f"addr add {address} dev far0 nodad")
    return far


def next_advert(sniffer: Sniffer) -> bytes:
    while True:
        frame = sniffer.next(IPV6)
        if frame[20] == PROTOCOL:
            return frame


def receive(receiver: AdvertReceiver6, count: int) -> list[Datagram]:
    datagrams: list[Datagram] = []
    while len(datagrams) < count:
        assert select.select([receiver.fileno()], [], [], 30.0)[0], f"{len(datagrams)} of {count} packets came"
        datagrams += receiver.receive_batch()
    return datagrams


@in_namespace
def test_an_advertisement_over_ipv6_leaves_as_the_protocol_demands():
    """VR-002, VR-003, VR-005, VR-007, VR-009, VR-012, VR-027."""
    far = connect6()
    with far.inside():
        sniffer = Sniffer("far0")
    sender = AdvertSender6("near0", index_of("near0"), NEAR)
    payload = message(51, source=NEAR)

    assert sender.send(payload) is None
    frame = next_advert(sniffer)

    packet = IPv6(frame[14:])
    assert frame[:14] == GROUP_MAC + NEAR_MAC + b"\x86\xdd"
    assert (packet.src, packet.dst, packet.hlim, packet.tc) == ("fe80::1", "ff02::12", 255, 0xC0)
    assert frame[54:] == payload
    sender.close()


@in_namespace
def test_an_advertisement_to_a_peer_over_ipv6_has_hop_limit_255():
    """VR-002, where keepalived 2.2.7 sends 64."""
    far = connect6()
    with far.inside():
        sniffer = Sniffer("far0")
    sent = [(NEAR, FAR), (GLOBAL_NEAR, GLOBAL_FAR)]

    for source, destination in sent:
        sender = AdvertSender6("near0", index_of("near0"), source, destination=destination)
        assert sender.send(message(51, source=source, destination=destination)) is None
        sender.close()
    packets = [IPv6(next_advert(sniffer)[14:]) for _ in sent]

    assert [(number(p.src), number(p.dst), p.hlim, p.tc) for p in packets] == [(*ends, 255, 0xC0) for ends in sent]


@in_namespace
def test_an_advertisement_to_a_peer_over_ipv4_comes_from_the_configured_address():
    far = connect()
    ip("addr add 10.9.0.77/24 dev near0")
    with far.inside():
        sniffer = Sniffer("far0")
    source, destination = 0x0A09004D, 0x0A090002
    payload = encode(Advertisement(3, 51, 100, 1.0, (0x0A0900C8,)), source=source, destination=destination)
    sender = AdvertSender("near0", index_of("near0"), source, destination=destination)

    assert sender.send(payload) is None
    frame = sniffer.next(0x0800, protocol=PROTOCOL)

    assert frame[:12] == FAR_MAC + NEAR_MAC
    assert split_ip(frame[14:]) == Datagram(source, destination, 255, payload)
    assert frame[15] == 0xC0
    sender.close()


@in_namespace
def test_a_receiver_hears_its_virtual_routers_with_hop_limit_and_destination():
    """VR-039, VR-047, VR-063: what the checks have to know."""
    far = connect6()
    receiver = AdvertReceiver6("near0", index_of("near0"), [51, 53])
    with far.inside():
        far_index = index_of("far0")
        group = AdvertSender6("far0", far_index, FAR)
        peer = AdvertSender6("far0", far_index, GLOBAL_FAR, destination=GLOBAL_NEAR)
    to_peer = message(53, source=GLOBAL_FAR, destination=GLOBAL_NEAR)

    for vrid in (51, 52, 53):
        assert group.send(message(vrid)) is None
    assert peer.send(to_peer) is None
    heard = receive(receiver, 3)
    receiver.set_virtual_router_ids([52])
    assert group.send(message(51)) is None
    assert group.send(message(52)) is None
    heard += receive(receiver, 1)

    assert heard == [
        Datagram(FAR, GROUP6, 255, message(51), Family.IPV6),
        Datagram(FAR, GROUP6, 255, message(53), Family.IPV6),
        Datagram(GLOBAL_FAR, GLOBAL_NEAR, 255, to_peer, Family.IPV6),
        Datagram(FAR, GROUP6, 255, message(52), Family.IPV6),
    ]
    assert receiver.receive_batch() == []


@in_namespace
def test_a_virtual_address_is_there_at_once_deprecated_and_gone_at_once():
    connect()
    monitor = LinkMonitor()
    monitor.open()
    batches = encode_batches([VIP], {"near0": index_of("near0")}.get)
    commands = AddressCommands()

    commands.submit(batches.add)
    shown = [a for a in json.loads(ip("-j -6 addr show dev near0"))[0]["addr_info"] if a["local"] == VIP.address]
    wait_until(lambda: monitor.drain() is not None and held(monitor.table, [VIP]) == [VIP], "the address in the table")
    commands.submit(batches.remove)
    left = ip("-6 addr show dev near0")
    wait_until(lambda: monitor.drain() is not None and held(monitor.table, [VIP]) == [], "the table without it")

    assert [(a["prefixlen"], a["nodad"], a["deprecated"], a["preferred_life_time"]) for a in shown] == [
        (128, True, True, 0)
    ]
    assert "tentative" not in shown[0]
    assert VIP.address not in left
    assert commands.collect() == []
    commands.submit(batches.remove)
    assert commands.collect() == []


@in_namespace
def test_a_refusal_names_the_ipv6_address():
    connect()
    Path("/proc/sys/net/ipv6/conf/near0/disable_ipv6").write_text("1")
    commands = AddressCommands()

    commands.submit(encode_batches([VIP], {"near0": index_of("near0")}.get).add)

    assert [refusal.address for refusal in commands.collect()] == ["2001:db8::200/128"]


def entry(text: str, *, usable: bool = True, prefix_length: int = 64, scope: int = 0) -> InterfaceAddress:
    return InterfaceAddress(number(text), prefix_length, "", False, scope, None, Family.IPV6, usable)


def message6(text: str, *, flags: int = 0, event: str = "RTM_NEWADDR") -> Message:
    return address_message(text, 64, family=10, flags=flags, event=event, label="", local=False)


@pytest.mark.parametrize(
    ("flags", "usable"),
    [(0x80, True), (0x40, False), (0x44, True), (0x48, False), (0x08, False), (0x82, True)],
    ids=["permanent", "tentative", "optimistic", "failed, tentative", "failed", "nodad"],
)
def test_an_ipv6_address_is_usable_once_it_is_known_to_be_unique(flags: int, usable: bool):
    table = table_of(link_message(), message6("fe80::1", flags=flags))

    assert table.get("eth0") == Link("eth0", 2, NEAR_MAC, True, (), (entry("fe80::1", usable=usable),))


def test_adverts_over_ipv6_come_from_the_first_usable_link_local_address_that_is_not_virtual():
    """VR-007."""
    addresses = [message6("2001:db8::1"), message6("fe80::5"), message6("fe80::1", flags=0x40), message6("fe80::2")]
    table: LinkTable = table_of(link_message(), address_message("10.9.0.1"), *addresses)

    link = table.get("eth0")

    assert link is not None
    assert link.source(Family.IPV6, {number("fe80::5")}) == number("fe80::2")
    assert link.source(Family.IPV6, {number("fe80::5"), number("fe80::2")}) is None
    assert link.source(Family.IPV4, ()) == 0x0A090001
    assert table.apply(message6("fe80::2", event="RTM_DELADDR")) == {"eth0"}
    assert table.apply(message6("fe80::2", event="RTM_DELADDR")) == set()


def test_the_announcement_is_that_of_keepalived():
    """VR-112."""
    assert neighbour_advertisement(GOLDEN_MAC, number("fe80::5"), router=False) == GOLDEN_NA


@pytest.mark.parametrize("name", ["failover-ipv6-na", "v3-ipv6", "vmac-ipv6"])
def test_every_captured_announcement_over_ipv6_is_written_to_the_same_bytes(name: str):
    frames = [frame for frame in read_frames(CAPTURES / f"{name}.pcap") if frame[12:14] == b"\x86\xdd"]
    # solicited ones are answers of the kernel, whose source is not the target
    announcements = [frame for frame in frames if frame[20] == 58 and frame[54] == 136 and frame[22:38] == frame[62:78]]

    assert announcements
    for frame in announcements:
        target, router = int.from_bytes(frame[62:78]), bool(frame[58] & 0x80)
        assert neighbour_advertisement(frame[80:86], target, router=router)[12:] == frame[12:]


@in_namespace
def test_a_neighbour_learns_the_new_place_of_an_ipv6_address():
    far = connect6()
    with far.inside():
        ip("neigh add 2001:db8::200 lladdr 02:00:00:00:00:99 dev far0 nud stale")
    sender = FrameSender("near0", index_of("near0"))

    assert sender.send(neighbour_advertisement(NEAR_MAC, VIP.number, router=False)) is None

    def learned() -> bool:
        with far.inside():
            return NEAR_MAC.hex(":") in ip("-6 neigh show 2001:db8::200 dev far0")

    wait_until(learned, "the neighbour to learn the MAC")
    sender.close()


@pytest.mark.parametrize("wanted", [[], [51], [1, 255], list(range(1, 256))], ids=["none", "one", "ends", "all"])
def test_the_filter_of_an_ipv6_socket_lets_exactly_the_wanted_virtual_routers_pass(wanted: list[int]):
    program = virtual_routers(wanted, Family.IPV6)

    assert [vrid for vrid in range(256) if passes(program, bytes([0x31, vrid, 100, 0]))] == wanted
    assert not passes(program, b"\x31")
