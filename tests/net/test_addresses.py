"""Batches of virtual addresses: what they hold, and what the kernel makes of them."""

import errno
import itertools
import json
import os
import select
import socket
import struct

import pytest
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.net import netlink
from hahub.net.addresses import AddressBatches, AddressCommands, encode_batches, held
from hahub.net.links import LinkMonitor
from hahub.net.refusals import AddressError
from hahub.settings import VirtualAddress
from tests.net.namespace import connect, in_namespace, index_of, ip

VIP = VirtualAddress("10.9.0.200", 24, "near0")
MANY = tuple(VirtualAddress(f"10.9.{1 + n // 250}.{1 + n % 250}", 32, "near0") for n in range(200))


def decoded(chunk: bytes) -> list[tuple[str, int, dict[str, object]]]:
    """Each message of a chunk: event, flags, and what it says."""
    return [
        (
            message["event"],
            message["header"]["flags"],
            {
                **{key: message[key] for key in ("family", "prefixlen", "scope", "index")},
                **dict(message["attrs"]),
            },
        )
        for message in MarshalRtnl().parse(chunk)
    ]


def test_a_batch_says_all_that_is_configured():
    address = VirtualAddress("10.9.0.200", 24, "eth0", label="eth0:vip", scope=253, broadcast="10.9.0.255")

    batches = encode_batches([address], {"eth0": 7}.get)

    place = {
        "family": 2,
        "prefixlen": 24,
        "scope": 253,
        "index": 7,
        "IFA_LOCAL": "10.9.0.200",
        "IFA_ADDRESS": "10.9.0.200",
    }
    (add,), (remove,) = batches.add, batches.remove
    assert decoded(add) == [
        ("RTM_NEWADDR", 0x601, {**place, "IFA_PROTO": 18, "IFA_LABEL": "eth0:vip", "IFA_BROADCAST": "10.9.0.255"}),
    ]
    assert decoded(remove) == [("RTM_DELADDR", 0x1, place)]


def test_batches_are_cut_into_chunks_and_keep_the_order():
    batches = encode_batches(MANY[:120], {"near0": 7}.get)

    chunks = [[said["IFA_LOCAL"] for _, _, said in decoded(chunk)] for chunk in batches.add]
    assert [len(chunk) for chunk in chunks] == [50, 50, 20]
    assert list(itertools.chain(*chunks)) == [address.address for address in MANY[:120]]
    assert len(batches.remove) == 3


@pytest.mark.parametrize(
    "addresses", [pytest.param((), id="none"), pytest.param((VIP,), id="on an interface that is not there")]
)
def test_what_has_no_place_is_left_out(addresses: tuple[VirtualAddress, ...]):
    assert encode_batches(addresses, {}.get) == AddressBatches((), ())


def addresses_on(interface: str) -> dict[str, dict[str, object]]:
    (found,) = json.loads(ip(f"-j -4 addr show dev {interface}"))
    return {f"{a['local']}/{a['prefixlen']}": a for a in found["addr_info"]}


def answers(commands: AddressCommands) -> list[AddressError]:
    """Wait for at least one answer that counts."""
    refused: list[AddressError] = []
    while not refused:
        assert select.select([commands.fileno()], [], [], 30.0)[0], "no answer came"
        refused += commands.collect()
    return refused


@in_namespace
def test_200_addresses_are_there_when_submit_returns_and_gone_after_the_next():
    connect()
    batches = encode_batches(MANY, index_of)
    commands = AddressCommands()

    unsent = commands.submit(batches.add)
    after_add = set(addresses_on("near0"))
    commands.submit(batches.remove)
    after_remove = set(addresses_on("near0"))

    assert unsent is None
    assert after_add == {"10.9.0.1/24", *map(str, MANY)}
    assert after_remove == {"10.9.0.1/24"}
    assert commands.collect() == []
    commands.close()


@in_namespace
def test_an_address_has_its_label_scope_and_broadcast():
    connect()
    address = VirtualAddress("10.9.7.200", 24, "near0", label="near0:vip", scope=253, broadcast="10.9.7.255")
    commands = AddressCommands()

    commands.submit(encode_batches([address], index_of).add)

    found = addresses_on("near0")["10.9.7.200/24"]
    assert [found[key] for key in ("label", "scope", "broadcast")] == ["near0:vip", "link", "10.9.7.255"]


@in_namespace
def test_the_kernel_is_told_who_made_an_address():
    """Kernels from 5.18 on remember it; ip(8) shows it from 6.3 on."""
    connect()
    ours, theirs = VirtualAddress("10.9.7.200", 24, "near0"), "10.9.0.1"
    AddressCommands().submit(encode_batches([ours, VirtualAddress("fd00::200", 64, "near0", flags=2)], index_of).add)

    with netlink.open_socket() as sock:
        sock.settimeout(30.0)
        sock.send(struct.pack("=IHHII B15x", 32, 22, 0x301, 0, 0, socket.AF_UNSPEC))  # RTM_GETADDR, all
        told = {}
        while not {ours.address, "fd00::200"} <= told.keys():
            for message in MarshalRtnl().parse(sock.recv(netlink.RECEIVE_SIZE_BYTES)):
                if message["event"] == "RTM_NEWADDR":
                    told[message.get_attr("IFA_ADDRESS")] = message.get_attr("IFA_PROTO")

    release = tuple(map(int, os.uname().release.split(".")[:2]))
    assert (told[ours.address], told["fd00::200"]) == ((18, 18) if release >= (5, 18) else (None, None))
    assert told[theirs] != 18


@in_namespace
def test_an_address_has_its_peer_flags_and_lifetime():
    connect()
    address = VirtualAddress("10.9.7.200", 16, "near0", peer="10.8.0.0", flags=0x200, preferred_lft=0)
    commands = AddressCommands()
    batches = encode_batches([address], index_of)

    commands.submit(batches.add)
    (found,) = (a for a in json.loads(ip("-j -4 addr show dev near0"))[0]["addr_info"] if a["local"] == "10.9.7.200")
    commands.submit(batches.remove)

    assert (found["address"], found["prefixlen"], found["noprefixroute"]) == ("10.8.0.0", 16, True)
    assert found["deprecated"] is True
    assert set(addresses_on("near0")) == {"10.9.0.1/24"}
    assert commands.collect() == []


@in_namespace
def test_adding_twice_and_removing_twice_is_no_error():
    connect()
    batches = encode_batches(MANY, index_of)
    commands = AddressCommands()

    for chunks in (batches.add, batches.add, batches.remove, batches.remove):
        commands.submit(chunks)

    assert commands.collect() == []
    assert set(addresses_on("near0")) == {"10.9.0.1/24"}


@in_namespace
def test_removing_from_an_interface_that_is_gone_is_no_error_and_adding_is():
    connect()
    index = index_of("near0")
    batches = encode_batches([VIP], {"near0": index}.get)
    commands = AddressCommands()
    ip("link delete near0")

    commands.submit(batches.remove)
    silent = commands.collect()
    commands.submit(batches.add)

    assert silent == []
    assert answers(commands) == [AddressError("add", "10.9.0.200/24", index, errno.ENODEV)]


@in_namespace
def test_one_that_is_refused_does_not_keep_the_others():
    connect()
    bad = VirtualAddress("10.9.0.202", 24, "none0")
    batches = encode_batches([*MANY[:60], bad, *MANY[60:120]], {"near0": index_of("near0"), "none0": 999}.get)
    commands = AddressCommands()

    commands.submit(batches.add)
    (refused,) = answers(commands)

    assert str(refused) == "cannot add 10.9.0.202/24 on interface 999: No such device (ipv4: Device not found)"
    assert len(addresses_on("near0")) == 121


@in_namespace
def test_refusals_that_overflow_are_told_and_the_socket_works_on():
    connect()
    nowhere = encode_batches(MANY, lambda _: 999)
    commands = AddressCommands()
    commands._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    commands.submit(nowhere.add)
    refused = answers(commands)
    commands.submit(encode_batches([VIP], index_of).add)

    assert {error.errno for error in refused} == {errno.ENODEV, errno.ENOBUFS}
    assert "answers about addresses were lost: No buffer space available" in map(str, refused)
    assert "10.9.0.200/24" in addresses_on("near0")
    assert commands.collect() == []


@in_namespace
def test_held_tells_which_addresses_are_on_their_interface():
    connect()
    ip("link add other0 type veth peer name other1")
    ip("addr add 10.9.0.201/24 dev other0")
    here = VirtualAddress("10.9.0.200", 32, "near0", label="not compared")
    addresses = [
        VirtualAddress("10.9.0.200", 24, "near0"),
        here,
        VirtualAddress("10.9.0.201", 24, "near0"),
        VirtualAddress("10.9.0.202", 24, "near0"),
        VirtualAddress("10.9.0.200", 32, "none0"),
    ]
    ip("addr add 10.9.0.200/32 dev near0")
    monitor = LinkMonitor()
    monitor.open()

    assert held(monitor.table, addresses) == [here]
