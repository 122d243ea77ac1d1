"""Reading netlink messages, with pyroute2 as a second opinion."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.net import attributes, netlink
from hahub.net.attributes import NESTED, address, attribute, u8, u32
from hahub.net.links import LinkTable
from hahub.net.netlink import Message
from tests.net.namespace import connect, in_namespace, ip

ONE = struct.pack("=IHHII", 19, 16, 5, 1, 77) + b"abc" + b"\0"
TWO = struct.pack("=IHHII", 16, 3, 0, 0, 0)


def test_a_packet_holds_several_messages_each_padded_to_four_bytes():
    assert list(netlink.messages(ONE + TWO)) == [Message(16, 5, 77, b"abc"), Message(3, 0, 0, b"")]


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(b"", id="empty"),
        pytest.param(TWO[:15], id="a header that is cut off"),
        pytest.param(ONE[:18], id="longer than the packet"),
        pytest.param(struct.pack("=IHHII", 15, 3, 0, 0, 0), id="shorter than its header"),
        pytest.param(struct.pack("=IHHII", 0, 3, 0, 0, 0), id="of no length, where a loop would never end"),
    ],
)
def test_what_contradicts_itself_is_not_read(packet: bytes):
    assert list(netlink.messages(TWO + packet)) == [Message(3, 0, 0, b"")]


@given(st.binary(max_size=200))
def test_whatever_comes_reading_ends_without_an_error(content: bytes):
    table = LinkTable()

    for message in netlink.messages(content):
        assert len(message.body) <= len(content)
    attributes.read(content)
    for kind in (16, 17, 20, 21):
        table.apply(Message(kind, 0, 0, bytes(16) + content))


def test_attributes_are_found_by_number_whatever_flags_it_has():
    inner = attribute(1, b"macvlan\0")
    body = b"1234" + u32(4, 1500) + u8(7, 9) + address(2, "10.9.0.1") + attribute(18 | NESTED, inner)

    said = attributes.read(body, 4)

    assert set(said) == {4, 7, 2, 18}
    assert [attributes.number_of(said.get(number)) for number in (4, 7, 5)] == [1500, 9, 0]
    assert attributes.address_of(said[2]) == "10.9.0.1"
    assert attributes.text_of(attributes.read(said[18])[1]) == "macvlan"


@pytest.mark.parametrize("cut", range(1, 8))
def test_an_attribute_that_is_cut_off_is_left_out(cut: int):
    assert attributes.read((u8(7, 9) + u32(4, 1500))[:-cut]) == {7: b"\x09"}


def dumped(kind: int) -> list[bytes]:
    """The packets of one dump of this network namespace."""
    packets = []
    with netlink.open_socket() as sock:
        sock.settimeout(30.0)
        sock.send(struct.pack("=IHHII B15x", 32, kind, 0x301, 0, 0, socket.AF_UNSPEC))
        while not any(message.kind == 3 for packet in packets for message in netlink.messages(packet)):
            packets.append(sock.recv(netlink.RECEIVE_SIZE_BYTES))
    return packets


@in_namespace
def test_pyroute2_reads_the_same_of_this_kernel():
    connect()
    ip("link add link near0 name mac0 alias behind type macvlan mode bridge")
    ip("link set mac0 group 7")
    ip("link set mac0 up")
    for words in ("10.9.0.7/24 dev near0 label near0:7", "10.9.0.8/32 dev near0", "fd00::8/64 dev mac0 nodad"):
        ip(f"addr add {words}")
    ip("addr add 10.9.1.1 peer 10.9.1.2/32 dev mac0")

    table, found = LinkTable(), {}
    for kind in (18, 22):
        for packet in dumped(kind):
            for message in netlink.messages(packet):
                table.apply(message)
            for said in MarshalRtnl().parse(packet):
                found.setdefault(said["event"], []).append(said)

    links = {
        said.get_attr("IFLA_IFNAME"): (
            said["index"],
            bytes.fromhex((said.get_attr("IFLA_ADDRESS") or "").replace(":", "")),
            said.get_attr("IFLA_MTU"),
            said.get_attr("IFLA_GROUP"),
            said.get_attr("IFLA_LINK") or 0,
            said.get_attr("IFLA_IFALIAS") or "",
            said["flags"] & 0x41 == 0x41,
        )
        for said in found["RTM_NEWLINK"]
    }
    assert {
        each.name: (each.index, each.mac, each.mtu, each.group, each.lower, each.alias, each.up) for each in table
    } == links
    assert {each.name: each.kind for each in table if each.kind} == {"near0": "veth", "mac0": "macvlan"}
    addresses = {
        (
            said["index"],
            said.get_attr("IFA_LOCAL") or said.get_attr("IFA_ADDRESS"),
            said["prefixlen"],
            said.get_attr("IFA_LABEL") or "",
            said["scope"],
        )
        for said in found["RTM_NEWADDR"]
    }
    size = {2: 4, 10: 16}
    read = {
        (
            each.index,
            attributes.address_of(a.address.to_bytes(size[socket.AF_INET6 if a in each.addresses6 else 2], "big")),
            a.prefix_length,
            a.label,
            a.scope,
        )
        for each in table
        for a in each.all_addresses
    }
    assert read == addresses
    assert any(a.peer is not None for each in table for a in each.all_addresses)
