"""The laboratory's eyes, with scapy as second opinion."""

from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vrrp import VRRP, VRRPv3
from scapy.packet import Packet, Raw

from tests.lab import Advert, GratuitousArp
from tests.lab.frames import NeighbourAdvert, decode_frame

VRRPV6 = Raw(bytes.fromhex("3105ff020064dcf9fe80000000000000000000000000000520010db8000000000000000000000005"))
NEIGHBOUR = ICMPv6ND_NA(R=0, S=0, O=1, tgt="fd00::7") / ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:01")
GROUP = IP(src="10.9.0.1", dst="224.0.0.18", ttl=255, proto=112)
SECRET12: dict[str, Any] = {"authtype": 1, "auth1": int.from_bytes(b"secr"), "auth2": int.from_bytes(b"et12")}


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(
            Ether() / GROUP / VRRP(version=2, vrid=51, priority=150, adv=1, addrlist=["10.9.0.200"], **SECRET12),
            Advert(7.0, "a", "10.9.0.1", 2, 51, 150, 1.0, ("10.9.0.200",), 1, b"secret12", 255),
            id="version 2 with password",
        ),
        pytest.param(
            Ether() / GROUP / VRRPv3(vrid=7, priority=0, adv=20, addrlist=["10.9.0.200", "10.9.0.201"]),
            Advert(7.0, "a", "10.9.0.1", 3, 7, 0, 0.2, ("10.9.0.200", "10.9.0.201")),
            id="version 3, resignation, two addresses",
        ),
        pytest.param(
            Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc="02:00:00:00:00:01", psrc="10.9.0.200", pdst="10.9.0.200"),
            GratuitousArp(7.0, "a", "02:00:00:00:00:01", "10.9.0.200"),
            id="gratuitous ARP",
        ),
        pytest.param(
            Ether() / IPv6(src="fe80::1", dst="ff02::12", hlim=64, nh=112) / VRRPV6,
            Advert(7.0, "a", "fe80::1", 3, 5, 255, 1.0, ("fe80::5", "2001:db8::5"), ttl=64),
            id="version 3 over IPv6",
        ),
        pytest.param(
            Ether() / IPv6(src="fd00::7", dst="ff02::1") / NEIGHBOUR,
            NeighbourAdvert(7.0, "a", "02:00:00:00:00:01", "fd00::7"),
            id="neighbour advertisement to all nodes",
        ),
        pytest.param(Ether() / IPv6(src="fd00::7", dst="fd00::1") / NEIGHBOUR, None, id="an answer is none"),
        pytest.param(Ether() / ARP(op=1, psrc="10.9.0.1", pdst="10.9.0.2"), None, id="a question is no announcement"),
        pytest.param(Ether() / IP() / UDP(), None, id="something else"),
    ],
)
def test_a_frame_is_read_as_what_it_is(frame: Packet, expected: object) -> None:
    assert decode_frame(bytes(frame), host="a", at=7.0) == expected


def test_a_frame_cut_anywhere_does_no_harm() -> None:
    frame = bytes(Ether() / GROUP / VRRPv3(vrid=7, priority=100, adv=20, addrlist=["10.9.0.200"]))

    assert {decode_frame(frame[:length], host="a", at=0.0) for length in range(len(frame))} == {None}
