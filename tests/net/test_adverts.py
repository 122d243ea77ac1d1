"""Advertisement sockets on a real wire: what goes out, what comes in, and what does not."""

import errno
import select
import socket
from pathlib import Path

import pytest
from scapy.layers.inet import IP

from hahub.net.adverts import RECEIVE_BUFFER_BYTES, AdvertReceiver, AdvertSender
from hahub.vrrp.packet import GROUP4, PROTOCOL, Advertisement, decode, encode, split_ip
from tests.net.namespace import FAR_MAC, NEAR_MAC, Sniffer, carries, connect, in_namespace, index_of, ip, wait_until

IPV4 = 0x0800
NEAR, FAR = 0x0A090001, 0x0A090002
GROUP_MAC = bytes.fromhex("01005e000012")


def message(vrid: int, *, source: int = FAR, priority: int = 100) -> bytes:
    return encode(Advertisement(3, vrid, priority, 1.0, (0x0A0900C8,)), source=source, destination=GROUP4)


def frame(payload: bytes, *, destination: str = "224.0.0.18", mac: bytes = GROUP_MAC, ttl: int = 255) -> bytes:
    header = IP(src="10.9.0.2", dst=destination, ttl=ttl, proto=PROTOCOL)
    return mac + FAR_MAC + b"\x08\x00" + bytes(header / payload)


def receive(receiver: AdvertReceiver, count: int) -> list[bytes]:
    """Wait for so many packets."""
    packets: list[bytes] = []
    while len(packets) < count:
        assert select.select([receiver.fileno()], [], [], 30.0)[0], f"{len(packets)} of {count} packets came"
        packets += receiver.receive_batch()
    return packets


@in_namespace
def test_an_advertisement_leaves_as_the_protocol_demands():
    """VR-001, VR-003, VR-004, VR-006, VR-009, VR-012."""
    far = connect()
    ip("addr add 10.9.0.77/24 dev near0")
    with far.inside():
        sniffer = Sniffer("far0")
    sender = AdvertSender("near0", index_of("near0"), NEAR)
    payload = message(51, source=NEAR)

    failures = [sender.send(payload) for _ in range(3)]
    frames = [sniffer.next(IPV4, protocol=PROTOCOL) for _ in range(3)]

    packets = [IP(sent[14:]) for sent in frames]
    assert failures == [None] * 3
    assert {sent[:14] for sent in frames} == {GROUP_MAC + NEAR_MAC + b"\x08\x00"}
    assert {(p.src, p.dst, p.ttl, p.tos, p.proto, int(p.flags), p.ihl) for p in packets} == {
        ("10.9.0.1", "224.0.0.18", 255, 0xC0, PROTOCOL, 0, 5)
    }
    assert len({p.id for p in packets}) == 3
    assert {bytes(sent[34:]) for sent in frames} == {payload}
    sender.close()


@in_namespace
def test_the_source_is_the_address_that_was_asked_for():
    far = connect()
    ip("addr add 10.9.0.77/24 dev near0")
    with far.inside():
        sniffer = Sniffer("far0")

    AdvertSender("near0", index_of("near0"), 0x0A09004D).send(message(51))

    assert IP(sniffer.next(IPV4, protocol=PROTOCOL)[14:]).src == "10.9.0.77"


@in_namespace
def test_what_one_sends_the_other_hears_and_itself_does_not():
    """VR-013."""
    far = connect()
    near = AdvertReceiver("near0", index_of("near0"), [51])
    with far.inside():
        receiver = AdvertReceiver("far0", index_of("far0"), [51])
        answer = AdvertSender("far0", index_of("far0"), FAR)
    sender = AdvertSender("near0", index_of("near0"), NEAR)

    sender.send(message(51, source=NEAR))
    (packet,) = receive(receiver, 1)
    answer.send(message(51, priority=7))
    heard = [split_ip(packet) for packet in receive(near, 1)]

    datagram = split_ip(packet)
    assert (datagram.source, datagram.destination, datagram.ttl) == (NEAR, GROUP4, 255)
    assert decode(datagram.payload, source=NEAR, destination=GROUP4).virtual_router_id == 51
    assert [(d.source, d.payload[2]) for d in heard] == [(FAR, 7)]


@in_namespace
def test_only_the_configured_virtual_routers_are_heard():
    """VR-047."""
    far = connect()
    with far.inside():
        wire = Sniffer("far0")
    receiver = AdvertReceiver("near0", index_of("near0"), [51, 200])

    for vrid in (1, 51, 52, 200, 255, 51):
        wire.inject(frame(message(vrid)))
    first = [packet[21] for packet in receive(receiver, 3)]
    receiver.set_virtual_router_ids([52])
    for vrid in (51, 200, 52):
        wire.inject(frame(message(vrid)))
    second = [packet[21] for packet in receive(receiver, 1)]

    assert (first, second) == ([51, 200, 51], [52])
    assert receiver.receive_batch() == []


@in_namespace
def test_packets_of_another_interface_are_not_heard():
    """VR-048."""
    far = connect()
    ip("link add other0 type veth peer name other1")
    ip("addr add 10.9.1.1/24 dev other0")
    ip("link set other0 up")
    ip("link set other1 up")
    wait_until(lambda: carries("other0") and carries("other1"), "carrier on the other wire")
    other = Sniffer("other1")
    other_receiver = AdvertReceiver("other0", index_of("other0"), [51])
    receiver = AdvertReceiver("near0", index_of("near0"), [51])
    with far.inside():
        wire = Sniffer("far0")

    other.inject(frame(message(51, priority=1)))
    wire.inject(frame(message(51, priority=2)))

    assert [packet[22] for packet in receive(other_receiver, 1)] == [1]
    assert [packet[22] for packet in receive(receiver, 1)] == [2]
    assert receiver.receive_batch() == []


@in_namespace
def test_groups_that_other_programs_joined_are_not_heard():
    far = connect()
    with far.inside():
        wire = Sniffer("far0")
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    membership = socket.inet_aton("224.0.0.99") + socket.inet_aton("10.9.0.1")
    stranger.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    receiver = AdvertReceiver("near0", index_of("near0"), [51])

    wire.inject(frame(message(51, priority=1), destination="224.0.0.99", mac=bytes.fromhex("01005e000063")))
    wire.inject(frame(message(51, priority=2)))

    assert [packet[22] for packet in receive(receiver, 1)] == [2]


@in_namespace
def test_odd_ttl_destination_and_padding_come_through_to_be_judged():
    far = connect()
    with far.inside():
        wire = Sniffer("far0")
    receiver = AdvertReceiver("near0", index_of("near0"), [51])

    wire.inject(frame(message(51), ttl=254))
    wire.inject(frame(message(51), destination="10.9.0.1", mac=NEAR_MAC))
    wire.inject(frame(message(51)) + bytes(100))

    datagrams = [split_ip(packet) for packet in receive(receiver, 3)]
    assert [(d.ttl, d.destination, d.payload) for d in datagrams] == [
        (254, GROUP4, message(51)),
        (255, NEAR, message(51)),
        (255, GROUP4, message(51)),
    ]


@in_namespace
def test_a_batch_has_a_limit_and_an_empty_socket_answers_at_once():
    far = connect()
    with far.inside():
        wire = Sniffer("far0")
    receiver = AdvertReceiver("near0", index_of("near0"), [51])
    marker = AdvertReceiver("near0", index_of("near0"), [52])

    for _ in range(100):
        wire.inject(frame(message(51)))
    wire.inject(frame(message(52)))
    receive(marker, 1)

    assert [len(receiver.receive_batch()), len(receiver.receive_batch(30)), len(receiver.receive_batch())] == [
        64,
        30,
        6,
    ]
    assert receiver.receive_batch() == []


@in_namespace
def test_a_flood_does_not_grow_the_socket_without_bound():
    """VR-145."""
    far = connect()
    with far.inside():
        wire = Sniffer("far0")
    receiver = AdvertReceiver("near0", index_of("near0"), [51])
    marker = AdvertReceiver("near0", index_of("near0"), [52])

    for _ in range(5000):
        wire.inject(frame(message(51)))
    wire.inject(frame(message(52)))
    receive(marker, 1)
    heard = sum(len(batch) for batch in iter(receiver.receive_batch, []))

    assert receiver._sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * RECEIVE_BUFFER_BYTES
    assert 100 < heard < 2000
    wire.inject(frame(message(51, priority=9)))
    assert [packet[22] for packet in receive(receiver, 1)] == [9]


@in_namespace
def test_an_interface_that_goes_down_is_an_answer_and_coming_back_heals_it():
    """VR-146."""
    far = connect()
    sender = AdvertSender("near0", index_of("near0"), NEAR)
    receiver = AdvertReceiver("near0", index_of("near0"), [51])
    with far.inside():
        sniffer, wire = Sniffer("far0"), Sniffer("far0")

    ip("link set near0 down")
    while_down = sender.send(message(51))
    nothing = receiver.receive_batch()
    ip("link set near0 up")

    assert while_down is not None
    assert while_down.errno in (errno.ENETDOWN, errno.ENETUNREACH, errno.ENODEV)
    assert nothing == []
    # Until the kernel has noticed the carrier at both ends, it drops what is sent.
    wait_until(lambda: sender.send(message(51, priority=3)) is None and sniffer.hears(PROTOCOL), "heard over there")
    wait_until(lambda: [wire.inject(frame(message(51))), *receiver.receive_batch()] != [None], "heard here")


@in_namespace
def test_an_interface_that_is_gone_is_an_answer():
    connect()
    sender = AdvertSender("near0", index_of("near0"), NEAR)
    receiver = AdvertReceiver("near0", index_of("near0"), [51])

    ip("link delete near0")
    failure = sender.send(message(51))

    assert isinstance(failure, OSError)
    assert receiver.receive_batch() == []
    receiver.close()
    sender.close()


@in_namespace
def test_there_are_no_sockets_on_an_interface_that_is_not_there():
    before = open_descriptors()

    with pytest.raises(OSError, match="No such device"):
        AdvertReceiver("none0", 99, [51])
    with pytest.raises(OSError, match="No such device"):
        AdvertSender("none0", 99, NEAR)
    assert open_descriptors() == before


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@in_namespace
def test_the_sender_collects_nothing():
    far = connect()
    with far.inside():
        wire = Sniffer("far0")
    sender = AdvertSender("near0", index_of("near0"), NEAR)
    receiver = AdvertReceiver("near0", index_of("near0"), [51])

    wire.inject(frame(message(51)))
    receive(receiver, 1)

    assert select.select([sender._sock], [], [], 0)[0] == []
