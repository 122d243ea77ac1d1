"""Advertisement sockets with other groups, other sources, another TTL, and behind an authentication header."""

import errno
import select
from collections.abc import Sequence

import pytest
from scapy.layers.inet import IP

from hahub.family import Family
from hahub.net.adverts import AdvertReceiver, AdvertSender
from hahub.net.adverts6 import AdvertReceiver6, AdvertSender6
from hahub.vrrp.ah import Key, seal
from hahub.vrrp.packet import (
    AH_PROTOCOL,
    AH_TYPE,
    GROUP4,
    PROTOCOL,
    Advertisement,
    Datagram,
    auth_bytes,
    encode,
    split_ip,
)
from tests.net.namespace import FAR_MAC, Sniffer, connect, in_namespace, index_of
from tests.net.test_adverts import FAR, IPV4, NEAR, message
from tests.net.test_family6 import FAR as FAR_6
from tests.net.test_family6 import connect6
from tests.net.test_family6 import message as message_6

KEY = Key(auth_bytes("secret12"))
OTHER, LAST = 0xEF0A0001, 0xE0000063
"""239.10.0.1 and 224.0.0.99."""


def sealed(sequence: int, *, source: int, vrid: int = 51, destination: int = GROUP4) -> bytes:
    advert = Advertisement(2, vrid, 100, 1.0, (0x0A0900C8,), AH_TYPE)
    inside = encode(advert, source=source, destination=destination)
    unicast = destination != GROUP4
    return seal(inside, KEY, source=source, destination=destination, ttl=255, sequence=sequence, unicast=unicast)


def receive(receiver: AdvertReceiver | AdvertReceiver6, count: int) -> list[Datagram]:
    """Wait for so many packets; there must be no more."""
    packets: list[bytes | Datagram] = []
    while len(packets) < count:
        assert select.select([receiver.fileno()], [], [], 30.0)[0], f"{len(packets)} of {count} packets came"
        packets += receiver.receive_batch()
    assert receiver.receive_batch() == []
    return [packet if isinstance(packet, Datagram) else split_ip(packet) for packet in packets]


@in_namespace
@pytest.mark.parametrize("ends", [(NEAR, GROUP4), (NEAR, FAR)], ids=["to the group", "to a peer"])
def test_what_is_sealed_arrives_as_it_was_sealed(ends: Sequence[int]):
    """The kernel may not touch what the check value covers; checked by what the kernel of the other end hands over."""
    source, destination = ends
    far = connect()
    with far.inside():
        receiver = AdvertReceiver("far0", index_of("far0"), [51], protocol=AH_PROTOCOL)
        plain = AdvertReceiver("far0", index_of("far0"), [51])
    sender = AdvertSender("near0", index_of("near0"), source, destination=destination)
    packets = [sealed(sequence, source=source, destination=destination) for sequence in (1, 0xFFFF, 0x10000, 7)]

    failures = [sender.send_packet(packet) for packet in packets]
    heard = receive(receiver, 4)

    assert failures == [None] * 4
    assert heard == [split_ip(packet) for packet in packets]
    envelopes = [datagram.envelope for datagram in heard if datagram.envelope is not None]
    assert [KEY.has_signed(envelope, unicast=destination != GROUP4) for envelope in envelopes] == [True] * 4
    assert plain.receive_batch() == []


@in_namespace
def test_each_protocol_has_its_receiver_and_its_virtual_routers():
    far = connect()
    receivers = [AdvertReceiver("near0", index_of("near0"), [51, 53], protocol=p) for p in (PROTOCOL, AH_PROTOCOL)]
    with far.inside():
        sender = AdvertSender("far0", index_of("far0"), FAR)

    for vrid in (51, 52, 53):
        assert sender.send(message(vrid)) is None
        assert sender.send_packet(sealed(vrid, source=FAR, vrid=vrid)) is None
    plain, behind = (receive(receiver, 2) for receiver in receivers)
    receivers[1].set_virtual_router_ids(None)
    for vrid in (51, 52):
        assert sender.send_packet(sealed(vrid, source=FAR, vrid=vrid)) is None
    everything = receive(receivers[1], 2)

    assert [datagram.payload[1] for datagram in plain] == [51, 53]
    assert [datagram.payload[1] for datagram in behind] == [51, 53]
    assert [datagram.payload[1] for datagram in everything] == [51, 52]


@in_namespace
def test_one_interface_may_have_several_groups_that_come_and_go():
    """VR-004."""
    far = connect()
    receiver = AdvertReceiver("near0", index_of("near0"), [51], groups=(GROUP4, OTHER))
    with far.inside():
        senders = [AdvertSender("far0", index_of("far0"), FAR, destination=group) for group in (GROUP4, OTHER, LAST)]

    def round_of(count: int) -> set[int]:
        for sender in senders:
            assert sender.send(message(51)) is None
        return {datagram.destination for datagram in receive(receiver, count)}

    first = round_of(2)
    receiver.set_groups((OTHER, LAST))
    second = round_of(2)
    receiver.set_groups(())
    receiver.set_groups((LAST,))
    third = round_of(1)

    assert (first, second, third) == ({GROUP4, OTHER}, {OTHER, LAST}, {LAST})


@in_namespace
def test_one_interface_may_have_several_ipv6_groups_that_come_and_go():
    """VR-005."""
    groups = [0xFF02 << 112 | number for number in (0x12, 0x99, 0x1234)]
    far = connect6()
    receiver = AdvertReceiver6("near0", index_of("near0"), [51], groups=groups[:2])
    with far.inside():
        senders = [AdvertSender6("far0", index_of("far0"), FAR_6, destination=group) for group in groups]

    def round_of(count: int) -> set[int]:
        for sender, group in zip(senders, groups, strict=True):
            assert sender.send(message_6(51, destination=group)) is None
        return {datagram.destination for datagram in receive(receiver, count)}

    first = round_of(2)
    receiver.set_groups(groups[1:])
    second = round_of(2)

    assert (first, second) == (set(groups[:2]), set(groups[1:]))


@in_namespace
def test_a_source_need_not_be_an_address_of_this_host():
    """As keepalived's ``mcast_src_ip``, of which the kernel would know nothing."""
    far = connect()
    with far.inside():
        receiver = AdvertReceiver("far0", index_of("far0"), [51])
    source = 0x0A090063

    sent = AdvertSender("near0", index_of("near0"), source).send(message(51, source=source))
    (heard,) = receive(receiver, 1)

    assert sent is None
    assert heard == Datagram(source, GROUP4, 255, message(51, source=source))


@in_namespace
@pytest.mark.parametrize("family", Family, ids=lambda family: family.label)
def test_the_ttl_of_an_advert_to_a_peer_can_be_chosen(family: Family):
    far = connect6()
    with far.inside():
        sniffer = Sniffer("far0")
    index = index_of("near0")
    if family is Family.IPV4:
        sender: AdvertSender | AdvertSender6 = AdvertSender("near0", index, NEAR, destination=FAR, ttl=7)
    else:
        sender = AdvertSender6("near0", index, 0xFE80 << 112 | 1, destination=FAR_6, ttl=7)

    assert sender.send(bytes(8)) is None

    if family is Family.IPV4:
        frame = sniffer.next(IPV4, protocol=PROTOCOL)
        assert (frame[:6], IP(frame[14:]).ttl) == (FAR_MAC, 7)
    else:
        frame = next(f for f in iter(lambda: sniffer.next(0x86DD), b"") if f[20] == PROTOCOL)
        assert (frame[:6], frame[21]) == (FAR_MAC, 7)


@in_namespace
def test_an_advert_that_is_too_long_for_the_interface_is_an_answer():
    """VR-010: an advert is one packet."""
    connect()
    sender = AdvertSender("near0", index_of("near0"), NEAR)

    failure = sender.send(bytes(1481))

    assert failure is not None
    assert failure.errno == errno.EMSGSIZE
    assert sender.send(bytes(1480)) is None


@in_namespace
def test_a_receiver_without_groups_hears_what_is_meant_for_this_host():
    far = connect()
    receiver = AdvertReceiver("near0", index_of("near0"), [51], groups=())
    with far.inside():
        group = AdvertSender("far0", index_of("far0"), FAR)
        peer = AdvertSender("far0", index_of("far0"), FAR, destination=NEAR)

    assert group.send(message(51, priority=1)) is None
    assert peer.send(message(51, priority=2)) is None

    assert [datagram.payload[2] for datagram in receive(receiver, 1)] == [2]
