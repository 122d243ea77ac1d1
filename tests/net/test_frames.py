"""Gratuitous ARP: the bytes, and their way over a real wire."""

import errno
import ipaddress

import pytest
from scapy.layers.l2 import ARP, Ether

from hahub.net.frames import FrameSender, gratuitous_arp
from tests.net.namespace import NEAR_MAC, Sniffer, connect, in_namespace, index_of, ip
from tests.pcap import CAPTURES, read_frames

ARP_TYPE = 0x0806
GOLDEN_MAC = bytes.fromhex("0a3715a2ab4e")
GOLDEN = bytes.fromhex("ffffffffffff 0a3715a2ab4e 0806 0001080006040001 0a3715a2ab4e 0a630064 ffffffffffff 0a630064")


def test_the_frame_is_that_of_keepalived():
    assert gratuitous_arp(GOLDEN_MAC, int(ipaddress.IPv4Address("10.99.0.100"))) == GOLDEN


@pytest.mark.parametrize("name", ["failover-garp", "garp-refresh", "v2-260vips", "vmac-v3"])
def test_every_captured_announcement_is_written_to_the_same_bytes(name: str):
    frames = [frame for frame in read_frames(CAPTURES / f"{name}.pcap") if frame[12:14] == b"\x08\x06"]
    announcements = [frame[:42] for frame in frames if frame[28:32] == frame[38:42]]

    assert len(announcements) >= 4
    for frame in announcements:
        assert gratuitous_arp(frame[22:28], int.from_bytes(frame[28:32], "big")) == frame


def test_scapy_writes_the_same_bytes():
    layers = Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:01") / ARP(
        op=1, hwsrc="02:00:00:00:00:01", psrc="10.9.0.200", hwdst="ff:ff:ff:ff:ff:ff", pdst="10.9.0.200"
    )

    assert gratuitous_arp(NEAR_MAC, 0x0A0900C8) == bytes(layers)


@in_namespace
def test_a_frame_arrives_as_it_was_made():
    far = connect()
    with far.inside():
        sniffer = Sniffer("far0")
    sender = FrameSender("near0", index_of("near0"))

    failures = [sender.send(gratuitous_arp(GOLDEN_MAC, 0x0A630064)) for _ in range(5)]

    assert failures == [None] * 5
    assert [sniffer.next(ARP_TYPE) for _ in range(5)] == [GOLDEN] * 5
    sender.close()


@in_namespace
def test_an_interface_that_is_down_or_gone_is_an_answer_and_not_an_exception():
    connect()
    sender = FrameSender("near0", index_of("near0"))
    frame = gratuitous_arp(NEAR_MAC, 0x0A0900C8)

    ip("link set near0 down")
    while_down = sender.send(frame)
    ip("link delete near0")
    when_gone = sender.send(frame)

    assert while_down is not None
    assert when_gone is not None
    assert (while_down.errno, when_gone.errno) == (errno.ENETDOWN, errno.ENXIO)


@in_namespace
def test_an_interface_that_is_another_one_now_is_refused():
    connect()

    with pytest.raises(OSError, match="near0 is no longer interface 1") as caught:
        FrameSender("near0", 1)

    assert caught.value.errno == errno.ENODEV
