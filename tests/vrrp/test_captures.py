"""Real packets of keepalived: read, written back to the same bytes, and read by scapy as well."""

import ipaddress
from pathlib import Path

import pytest
from scapy.config import conf
from scapy.layers.inet import IP
from scapy.layers.vrrp import VRRP, VRRPv3

from hahub.family import Family
from hahub.vrrp.packet import GROUP6, PASS_TYPE, PROTOCOL, Advertisement, DecodeError, decode, encode, split_ip
from tests.pcap import CAPTURES, read_packets

_IPV6 = 0x86DD
SIGNED = set(CAPTURES.glob("hmac-*.pcap"))


@pytest.fixture(autouse=True)
def _let_scapy_read_long_lists(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conf, "max_list_count", 255)


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(CAPTURES.glob("*.pcap")) if path not in SIGNED and read_packets(path, protocol=PROTOCOL)],
    ids=lambda path: path.stem,
)
def test_every_captured_packet_decodes_and_encodes_back_to_the_same_bytes(path: Path):
    for packet in read_packets(path, protocol=PROTOCOL):
        datagram = split_ip(packet)
        advert = decode(datagram.payload, source=datagram.source, destination=datagram.destination)

        assert encode(advert, source=datagram.source, destination=datagram.destination) == datagram.payload
        assert datagram.ttl == 255
        assert advert == as_scapy_reads(packet)


@pytest.mark.parametrize(
    ("name", "unicast"),
    [("v3-ipv6", False), ("v3-ipv6-100vips", False), ("failover-ipv6-na", False), ("v3-ipv6-unicast", True)],
)
def test_every_captured_packet_over_ipv6_decodes_and_encodes_back_to_the_same_bytes(name: str, unicast: bool):
    adverts = [p for p in read_packets(capture(name), ether_type=_IPV6) if p[6] == PROTOCOL]

    assert adverts
    for packet in adverts:
        source, destination = int.from_bytes(packet[8:24]), int.from_bytes(packet[24:40])
        advert = decode(packet[40:], source=source, destination=destination, family=Family.IPV6)
        written = encode(advert, source=source, destination=destination, family=Family.IPV6)
        assert written == packet[40:]
        assert (destination != GROUP6) == unicast
        assert (advert.version, advert.auth_data) == (3, b"")
        assert len(packet[40:]) == 8 + 16 * len(advert.addresses)


def as_scapy_reads(packet: bytes) -> Advertisement:
    dissected = IP(packet)
    layer = dissected[VRRP] if VRRP in dissected else dissected[VRRPv3]
    addresses = tuple(int(ipaddress.IPv4Address(text)) for text in layer.addrlist)
    if layer.version == 3:
        return Advertisement(3, layer.vrid, layer.priority, layer.adv / 100, addresses)
    data = layer.auth1.to_bytes(4, "big") + layer.auth2.to_bytes(4, "big") if layer.authtype else b""
    return Advertisement(2, layer.vrid, layer.priority, float(layer.adv), addresses, layer.authtype, data)


def test_the_captures_hold_what_these_tests_are_about():
    paths = set(CAPTURES.glob("*.pcap")) - SIGNED
    packets = [packet for path in paths for packet in read_packets(path, protocol=PROTOCOL)]
    first_bytes = {(packet[20] >> 4, packet[24] if packet[20] >> 4 == 2 else 0) for packet in packets}

    assert first_bytes == {(2, 0), (2, PASS_TYPE), (3, 0)}
    assert len(packets) > 300


def test_ipv6_is_refused():
    packets = [packet for path in CAPTURES.glob("*ipv6*.pcap") for packet in read_packets(path, ether_type=_IPV6)]

    assert len(packets) > 50
    assert {refusal(packet) for packet in packets} == {"ip: version 6, expected 4"}


def capture(name: str) -> Path:
    return CAPTURES / f"{name}.pcap"


def refusal(packet: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        split_ip(packet)
    return str(caught.value)
