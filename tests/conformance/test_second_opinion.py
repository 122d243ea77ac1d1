"""scapy, which shares nothing with this suite, reads what the routers sent, and writes what the tester sends."""

import pytest
from scapy.layers.inet import IP, in4_chksum
from scapy.layers.inet6 import IPv6, in6_chksum
from scapy.layers.l2 import Ether
from scapy.layers.vrrp import VRRP, VRRPv3
from scapy.packet import Packet
from scapy.utils import checksum

from tests.conformance.looking import looking_at
from tests.conformance.packets import Outgoing
from tests.conformance.seen import Recording

FAR, GROUP, GROUP6 = "02:00:00:00:01:02", "01:00:5e:00:00:12", "33:33:00:00:00:12"
IPV4 = Outgoing(FAR, GROUP, "10.9.1.30", "224.0.0.18", ("10.9.1.200", "10.9.1.201"), version=2, interval=1)
IPV6 = Outgoing(FAR, GROUP6, "fe80::30", "ff02::12", ("fe80::200", "2001:db8::200"))


def layer_of(raw: bytes) -> Packet:
    """Return the VRRP layer of a frame."""
    frame = Ether(raw)
    return frame[VRRPv3] if VRRPv3 in frame else frame[VRRP]


def checksum_of(layer: Packet) -> int:
    """Return what scapy thinks that the checksum should be."""
    message = bytes(layer)
    zeroed = message[:6] + bytes(2) + message[8:]
    if isinstance(layer, VRRP):
        return int(checksum(zeroed))
    return int((in6_chksum if IPv6 in layer.underlayer else in4_chksum)(112, layer.underlayer, zeroed))


@pytest.mark.namespaces
@looking_at("version_3_alone", "version_2_alone", "password", "ipv6_alone", "two_peers")
def test_scapy_reads_the_same_in_every_advert(seen: Recording) -> None:
    sent = seen.adverts()

    assert sent
    for advert in sent:
        layer = layer_of(advert.raw)
        assert (layer.version, layer.type, layer.vrid, layer.priority, layer.ipcount, layer.adv) == (
            advert.version,
            advert.type,
            advert.vrid,
            advert.priority,
            advert.count,
            advert.interval,
        )
        assert tuple(layer.addrlist) == advert.addresses
        assert layer.chksum == checksum_of(layer)


@pytest.mark.parametrize(
    ("outgoing", "expected"),
    [
        pytest.param(
            IPV4,
            IP(src=IPV4.source, dst=IPV4.destination, ttl=255, tos=0xC0, id=7, proto=112)
            / VRRP(vrid=51, priority=200, adv=1, addrlist=list(IPV4.addresses)),
            id="version 2",
        ),
        pytest.param(
            IPV4.but(version=3, interval=30),
            IP(src=IPV4.source, dst=IPV4.destination, ttl=255, tos=0xC0, id=7, proto=112)
            / VRRPv3(vrid=51, priority=200, adv=30, addrlist=list(IPV4.addresses)),
            id="version 3",
        ),
        pytest.param(
            IPV6.but(interval=30),
            IPv6(src=IPV6.source, dst=IPV6.destination, hlim=255, tc=0xC0, nh=112)
            / VRRPv3(vrid=51, priority=200, adv=30, addrlist=list(IPV6.addresses)),
            id="IPv6",
        ),
    ],
)
def test_scapy_writes_the_same_advert(outgoing: Outgoing, expected: Packet) -> None:
    frame = Ether(src=FAR, dst=outgoing.eth_destination) / expected

    assert outgoing.frame().hex() == bytes(frame).hex()
