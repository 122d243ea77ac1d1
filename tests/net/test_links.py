"""Interfaces and addresses as the kernel tells them: a pure table first, then the kernel itself."""

import json
import random
import select
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from pyroute2.netlink import rtnl
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from hahub.net import netlink
from hahub.net.addresses import AddressCommands, encode_batches
from hahub.net.links import InterfaceAddress, Link, LinkMonitor, LinkTable
from hahub.net.netlink import Message
from hahub.settings import VirtualAddress
from tests.net.namespace import NEAR_MAC, connect, in_namespace, index_of, ip, wait_until

UP = 0x1 | 0x40
SECONDARY = 0x01
NET = 0x0A090000
MAC = "02:00:00:00:00:01"


def link_message(
    index: int = 2,
    name: str | None = "eth0",
    *,
    event: str = "RTM_NEWLINK",
    flags: int = UP,
    mac: str | None = MAC,
    family: int = 0,
) -> Message:
    """As pyroute2 writes it."""
    message = ifinfmsg()
    message["family"], message["index"], message["flags"] = family, index, flags
    attributes = [("IFLA_IFNAME", name), ("IFLA_ADDRESS", mac)]
    message["attrs"] = [pair for pair in attributes if pair[1] is not None]
    return written(message, event)


def written(message: ifinfmsg | ifaddrmsg, event: str) -> Message:
    message["header"]["type"] = getattr(rtnl, event)
    message.encode()
    (read,) = netlink.messages(bytes(message.data))
    return read


def address_message(
    address: str,
    prefix_length: int = 24,
    *,
    event: str = "RTM_NEWADDR",
    index: int = 2,
    flags: int = 0,
    scope: int = 0,
    label: str = "eth0",
    peer: str | None = None,
    family: int = socket.AF_INET,
    local: bool = True,
) -> Message:
    """As pyroute2 writes it. local: whether it tells the local end, as IPv6 does only where there is another one."""
    message = ifaddrmsg()
    message["family"], message["prefixlen"], message["index"] = family, prefix_length, index
    message["scope"], message["flags"] = scope, flags & 0xFF
    message["attrs"] = [
        *([("IFA_LOCAL", address)] if local else []),
        ("IFA_ADDRESS", peer or address),
        ("IFA_LABEL", label),
        ("IFA_FLAGS", flags),
    ]
    return written(message, event)


def table_of(*messages: Message) -> LinkTable:
    table = LinkTable()
    for message in messages:
        table.apply(message)
    return table


def eth0(*addresses: InterfaceAddress, up: bool = True) -> Link:
    return Link("eth0", 2, NEAR_MAC, up, addresses)


ONE = InterfaceAddress(NET + 1, 24, "eth0", False)
TWO = InterfaceAddress(NET + 2, 24, "eth0", True)
VIP = InterfaceAddress(NET + 200, 32, "eth0", False)
LINK_LOCAL = InterfaceAddress(0xA9FE0001, 16, "eth0", False, 253)


@pytest.mark.parametrize(
    ("known", "message", "changed", "after"),
    [
        pytest.param([], link_message(), {"eth0"}, eth0(), id="a new interface"),
        pytest.param([link_message()], link_message(), set(), eth0(), id="nothing new"),
        pytest.param([link_message()], link_message(flags=0x1), {"eth0"}, eth0(up=False), id="no carrier"),
        pytest.param([link_message()], link_message(flags=0x40), {"eth0"}, eth0(up=False), id="switched off"),
        pytest.param(
            [link_message()],
            link_message(mac="02:00:00:00:00:09"),
            {"eth0"},
            Link("eth0", 2, bytes.fromhex("020000000009"), True),
            id="another MAC",
        ),
        pytest.param(
            [link_message()], link_message(name=None, mac=None), set(), eth0(), id="attributes left out are as before"
        ),
        pytest.param([link_message()], link_message(name="wan"), {"eth0", "wan"}, None, id="renamed"),
        pytest.param([link_message()], link_message(event="RTM_DELLINK"), {"eth0"}, None, id="gone"),
        pytest.param([], link_message(event="RTM_DELLINK"), set(), None, id="gone without having been there"),
        pytest.param(
            [link_message()],
            link_message(event="RTM_DELLINK", family=socket.AF_BRIDGE),
            set(),
            eth0(),
            id="left a bridge, which is not gone",
        ),
        pytest.param([], link_message(name=None), set(), None, id="a nameless stranger"),
        pytest.param([link_message()], address_message("10.9.0.1"), {"eth0"}, eth0(ONE), id="an address"),
        pytest.param(
            [link_message(), address_message("10.9.0.1")],
            address_message("10.9.0.1"),
            set(),
            eth0(ONE),
            id="told twice",
        ),
        pytest.param(
            [link_message(), address_message("10.9.0.2", flags=SECONDARY), address_message("10.9.0.1")],
            address_message("10.9.0.200", 32),
            {"eth0"},
            eth0(ONE, VIP, TWO),
            id="primary addresses first, in the order of their coming",
        ),
        pytest.param(
            [link_message(), address_message("10.9.0.1")],
            address_message("169.254.0.1", 16, scope=253),
            {"eth0"},
            eth0(LINK_LOCAL, ONE),
            id="a narrower scope goes in front, as in the kernel",
        ),
        pytest.param(
            [link_message(), address_message("10.9.0.1"), address_message("10.9.0.2", flags=SECONDARY)],
            address_message("10.9.0.1", event="RTM_DELADDR"),
            {"eth0"},
            eth0(TWO),
            id="an address is gone",
        ),
        pytest.param(
            [link_message(), address_message("10.9.0.1")],
            address_message("10.9.0.1", 32, event="RTM_DELADDR"),
            set(),
            eth0(ONE),
            id="the same address with another prefix length is another one",
        ),
        pytest.param(
            [link_message()],
            address_message("10.9.0.1", 32, peer="10.9.0.9"),
            {"eth0"},
            eth0(InterfaceAddress(NET + 1, 32, "eth0", False, 0, NET + 9)),
            id="point to point",
        ),
        pytest.param([link_message()], address_message("10.9.0.1", family=35), set(), eth0(), id="another family"),
        pytest.param(
            [link_message()], address_message("10.9.0.1", index=7), set(), eth0(), id="an interface not known yet"
        ),
        pytest.param(
            [link_message(), address_message("10.9.0.1")],
            link_message(flags=0),
            {"eth0"},
            eth0(ONE, up=False),
            id="addresses stay while it is down",
        ),
        pytest.param([link_message()], Message(3, 0, 0, bytes(4)), set(), eth0(), id="something else"),
    ],
)
def test_a_message_changes_the_table_and_names_the_interface(
    known: list[Message], message: Message, changed: set[str], after: Link | None
):
    table = table_of(*known)

    assert table.apply(message) == changed
    assert table.get("eth0") == after


def test_a_promoted_address_goes_behind_the_other_primary_ones():
    table = table_of(
        link_message(),
        address_message("10.9.0.2", flags=SECONDARY),
        address_message("10.9.0.200", 32),
        address_message("10.9.0.2"),
    )

    assert table.get("eth0") == eth0(VIP, InterfaceAddress(NET + 2, 24, "eth0", False))


def test_an_interface_index_that_is_used_again_brings_no_addresses_along():
    table = table_of(
        link_message(), address_message("10.9.0.1"), link_message(event="RTM_DELLINK"), link_message(name="eth1")
    )

    assert list(table) == [Link("eth1", 2, NEAR_MAC, True)]


def test_becoming_another_table_names_what_differs():
    before = table_of(link_message(), link_message(3, "eth1"), link_message(4, "eth2"))
    after = table_of(link_message(), link_message(3, "eth1", flags=0), link_message(5, "eth3"))

    changed = before.become(after)

    assert changed == {"eth1", "eth2", "eth3"}
    assert list(before) == list(after)


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [
        pytest.param(set(), NET + 200, id="the first"),
        pytest.param({NET + 200}, NET + 1, id="the first that is not ours"),
        pytest.param({NET + 200, NET + 1}, NET + 2, id="a secondary one is better than none"),
        pytest.param({NET + 200, NET + 1, NET + 2}, None, id="none"),
    ],
)
def test_the_source_address_is_the_first_that_is_not_ours(exclude: set[int], expected: int | None):
    """VR-006."""
    assert eth0(VIP, ONE, TWO).primary(exclude) == expected


def opened() -> LinkMonitor:
    monitor = LinkMonitor()
    monitor.open()
    return monitor


def drained_until(monitor: LinkMonitor, condition: Callable[[], bool], what: str) -> set[str]:
    """Drain until it is so; returns all names that changed on the way."""
    changed: set[str] = set()

    def is_so() -> bool:
        select.select([monitor.fileno()], [], [], 0.05)
        changed.update(monitor.drain())
        return condition()

    wait_until(is_so, what)
    return changed


@in_namespace
def test_the_monitor_knows_what_is_there_from_the_start():
    connect()
    ip("addr add 10.9.0.200/32 dev near0 label near0:vip")

    monitor = opened()

    assert monitor.drain() == set()
    near = monitor.table.get("near0")
    assert near is not None
    assert replace(near, addresses6=(), lower=0) == Link(
        "near0",
        index_of("near0"),
        NEAR_MAC,
        True,
        (InterfaceAddress(NET + 1, 24, "near0", False), InterfaceAddress(NET + 200, 32, "near0:vip", False)),
        mtu=1500,
        kind="veth",
    )
    assert {link.name for link in monitor.table} >= {"lo", "near0"}


@in_namespace
def test_the_monitor_sees_an_interface_go_down_come_up_be_renamed_and_deleted():
    far = connect()
    monitor = opened()

    def up(name: str) -> bool | None:
        link = monitor.table.get(name)
        return link.up if link is not None else None

    ip("link set near0 down")
    assert drained_until(monitor, lambda: up("near0") is False, "down") == {"near0"}
    ip("link set near0 up")
    assert drained_until(monitor, lambda: up("near0") is True, "up again") == {"near0"}
    with far.inside():
        ip("link set far0 down")
    assert drained_until(monitor, lambda: up("near0") is False, "the carrier lost") == {"near0"}
    ip("link set near0 down")
    ip("link set near0 name wan0")
    assert drained_until(monitor, lambda: up("wan0") is False, "renamed") == {"near0", "wan0"}
    assert monitor.table.get("near0") is None
    ip("link delete wan0")
    assert drained_until(monitor, lambda: up("wan0") is None, "deleted") == {"wan0"}
    ip("link add near0 type veth peer name other0")
    assert drained_until(monitor, lambda: up("near0") is False, "a new one") >= {"near0"}


@in_namespace
def test_leaving_a_bridge_is_not_taken_for_the_end_of_the_interface():
    connect()
    ip("link add br0 type bridge")
    ip("link set near0 master br0")
    monitor = opened()

    ip("link set near0 nomaster")
    ip("link set near0 down")

    drained_until(monitor, lambda: not near0(monitor).up, "down")
    assert near0(monitor).index == index_of("near0")


def near0(monitor: LinkMonitor) -> Link:
    link = monitor.table.get("near0")
    assert link is not None
    return link


def kernel_order() -> list[tuple[str, int, bool]]:
    interfaces = json.loads(ip("-j -4 addr show dev near0"))  # none when it has no address
    return [(a["local"], a["prefixlen"], a.get("secondary", False)) for i in interfaces for a in i["addr_info"]]


def known_order(addresses: Iterable[InterfaceAddress]) -> list[tuple[str, int, bool]]:
    return [(socket.inet_ntoa(a.address.to_bytes(4, "big")), a.prefix_length, a.secondary) for a in addresses]


@in_namespace
@pytest.mark.parametrize("promote", [0, 1], ids=["secondaries go with their primary", "secondaries are promoted"])
def test_addresses_keep_the_order_of_the_kernel(promote: int):
    connect()
    ip("addr flush dev near0")
    Path("/proc/sys/net/ipv4/conf/near0/promote_secondaries").write_text(str(promote))
    monitor = opened()
    choose = random.Random(6)
    subnets = [("10.9.0", 24, "global"), ("10.9.1", 24, "global"), ("10.9.2", 32, "global"), ("169.254.0", 16, "link")]
    pool = [(f"{net}.{host}/{length}", scope) for net, length, scope in subnets for host in range(1, 5)]
    longest = 0

    for _ in range(150):
        address, scope = choose.choice(pool)
        if address in {f"{held}/{length}" for held, length, _ in kernel_order()}:
            ip(f"addr del {address} dev near0")
        else:
            ip(f"addr add {address} scope {scope} dev near0")
        monitor.drain()

        assert known_order(near0(monitor).addresses) == kernel_order()
        longest = max(longest, len(near0(monitor).addresses))

    assert longest > 5


@in_namespace
def test_lost_news_leads_to_reading_everything_anew():
    connect()
    monitor = opened()
    twin = netlink.open_socket(0x10)
    for sock in (monitor._socket(), twin):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    commands = AddressCommands()
    many = encode_batches([VirtualAddress(f"10.9.1.{n}", 32, "near0") for n in range(200)], index_of)

    commands.submit(many.add)
    added = monitor.drain()
    after_add = near0(monitor).addresses
    with pytest.raises(OSError, match="No buffer space"):
        twin.recv(65536)
    commands.submit(many.remove)
    removed = monitor.drain()

    assert (added, len(after_add)) == ({"near0"}, 201)
    assert (removed, known_order(near0(monitor).addresses)) == ({"near0"}, [("10.9.0.1", 24, False)])


class Restless(LinkMonitor):
    """Sees something change under every reading, as on a host that starts containers all the time."""

    def _read_into(self, table: LinkTable, sock: socket.socket, what: int) -> bool:
        super()._read_into(table, sock, what)
        return False


@in_namespace
def test_interfaces_that_never_rest_are_read_anew_with_the_next_news():
    connect()
    monitor = Restless()
    monitor.open()
    monitor.table = LinkTable()

    ip("addr add 10.9.0.200/32 dev near0")
    changed = drained_until(monitor, lambda: len(near0(monitor).addresses) == 2, "both addresses")

    assert changed == {link.name for link in monitor.table}


@in_namespace
def test_messages_of_other_processes_are_not_believed():
    monitor = opened()
    port = monitor._socket().getsockname()[0]
    liar = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    body = link_message(1, "evil0", flags=0).body

    liar.sendto(struct.pack("=IHHII", 16 + len(body), 16, 0, 0, 0) + body, (port, 0))
    select.select([monitor.fileno()], [], [], 30.0)

    assert monitor.drain() == set()
    assert monitor.table.get("evil0") is None
