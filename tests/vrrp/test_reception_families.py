"""Which packets are accepted over IPv6, and without multicast: VR-038, VR-039, VR-047, VR-059, VR-063 to VR-065."""

import ipaddress
from dataclasses import replace

import pytest

from hahub.family import Family
from hahub.settings import InstanceSettings, UnicastPeer, VirtualAddress
from hahub.vrrp.packet import GROUP6, Advertisement, Datagram, encode
from hahub.vrrp.reception import Accepted, Rejected, Rejection, check
from tests.vrrp.test_reception import ADVERT_3, OTHER, OWN, V3, address, datagram, judge

PEER_6, OWN_6 = (int(ipaddress.IPv6Address(text)) for text in ("fe80::1", "fe80::2"))
VIPS_6 = ("fe80::200", "2001:db8::200")
V6 = replace(V3, virtual_addresses=tuple(VirtualAddress(vip, 64, "eth0") for vip in VIPS_6))
ADVERT_6 = replace(ADVERT_3, addresses=tuple(int(ipaddress.IPv6Address(vip)) for vip in VIPS_6))


def datagram_6(
    advert: Advertisement = ADVERT_6, *, source: int = PEER_6, destination: int = GROUP6, ttl: int = 255
) -> Datagram:
    payload = encode(advert, source=source, destination=destination, family=Family.IPV6)
    return Datagram(source, destination, ttl, payload, Family.IPV6)


def judge_6(packet: Datagram, settings: InstanceSettings = V6) -> Accepted | Rejected:
    return check(packet, settings, own_source=OWN_6, known_master=None)


def test_a_valid_advertisement_over_ipv6_is_accepted():
    assert judge_6(datagram_6()) == Accepted(ADVERT_6)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param(
            datagram_6(ttl=254), Rejected(Rejection.TTL, "fe80::1 ttl: 254, expected 255"), id="VR-039 forwarded"
        ),
        pytest.param(
            datagram_6(destination=OWN_6),
            Rejected(Rejection.DESTINATION, "fe80::1 destination: fe80::2, expected ff02::12"),
            id="VR-063 unicast",
        ),
        pytest.param(
            datagram_6(source=OWN_6),
            Rejected(Rejection.OWN_SOURCE, "fe80::2 own source: our own address: a loop, or somebody else uses it"),
            id="VR-064 our own",
        ),
        *(
            pytest.param(
                datagram_6(source=int(ipaddress.IPv6Address(text))),
                Rejected(Rejection.SOURCE, f"{text} source: expected a unicast address"),
                id=f"VR-147 {text}",
            )
            for text in ("::", "::1", "ff02::1")
        ),
        pytest.param(
            datagram_6(replace(ADVERT_6, virtual_router_id=52)),
            Rejected(Rejection.VIRTUAL_ROUTER_ID, "fe80::1 virtual router id: 52, expected 51"),
            id="VR-047 another VRID",
        ),
    ],
)
def test_what_is_refused_over_ipv6(packet: Datagram, expected: Rejected):
    assert judge_6(packet) == expected


def test_over_ipv6_other_addresses_are_a_note():
    """VR-059."""
    advert = replace(ADVERT_6, addresses=(ADVERT_6.addresses[0], 1 << 120))

    assert judge_6(datagram_6(advert)) == Accepted(advert, "fe80::1 addresses: 2001:db8::200 is missing")


UNICAST = replace(V3, source="10.9.0.2", unicast_peers=(UnicastPeer("10.9.0.1", 250, 254), UnicastPeer("10.9.0.3")))
THIRD, STRANGER = address("10.9.0.3"), address("10.9.0.4")


@pytest.mark.parametrize(
    ("settings", "packet"),
    [
        pytest.param(UNICAST, datagram(ADVERT_3, source=THIRD, destination=OWN), id="a peer"),
        pytest.param(UNICAST, datagram(ADVERT_3, source=THIRD, destination=OWN, ttl=3), id="VR-038 a peer far away"),
        pytest.param(UNICAST, datagram(ADVERT_3, destination=OWN, ttl=252), id="a peer within its limits"),
        pytest.param(UNICAST, datagram(ADVERT_3, source=STRANGER, destination=OWN), id="VR-065 a stranger, unchecked"),
        pytest.param(
            replace(UNICAST, source=""), datagram(ADVERT_3, source=THIRD, destination=OTHER), id="any address of ours"
        ),
    ],
)
def test_what_a_virtual_router_without_multicast_accepts(settings: InstanceSettings, packet: Datagram):
    assert judge(packet, settings) == Accepted(ADVERT_3)


@pytest.mark.parametrize(
    ("settings", "packet", "expected"),
    [
        pytest.param(
            UNICAST,
            datagram(ADVERT_3, source=THIRD),
            Rejected(Rejection.DESTINATION, "10.9.0.3 destination: 224.0.0.18, expected 10.9.0.2"),
            id="VR-063 multicast",
        ),
        pytest.param(
            replace(UNICAST, source=""),
            datagram(ADVERT_3, source=THIRD),
            Rejected(Rejection.DESTINATION, "10.9.0.3 destination: 224.0.0.18, expected a unicast address"),
            id="VR-063 multicast, without a source of our own",
        ),
        pytest.param(
            UNICAST,
            datagram(ADVERT_3, source=THIRD, destination=OTHER),
            Rejected(Rejection.DESTINATION, "10.9.0.3 destination: 10.9.0.99, expected 10.9.0.2"),
            id="VR-063 another address",
        ),
        pytest.param(
            UNICAST,
            datagram(ADVERT_3, destination=OWN, ttl=255),
            Rejected(Rejection.TTL, "10.9.0.1 ttl: 255, expected 250-254"),
            id="a peer nearer than it can be",
        ),
        pytest.param(
            UNICAST,
            datagram(ADVERT_3, destination=OWN, ttl=249),
            Rejected(Rejection.TTL, "10.9.0.1 ttl: 249, expected 250-254"),
            id="a peer too far away",
        ),
        pytest.param(
            replace(UNICAST, check_unicast_src=True),
            datagram(ADVERT_3, source=STRANGER, destination=OWN),
            Rejected(Rejection.SOURCE, "10.9.0.4 source: is not one of unicast_peer"),
            id="VR-065 a stranger",
        ),
        pytest.param(
            UNICAST,
            datagram(ADVERT_3, source=OWN, destination=OWN),
            Rejected(Rejection.OWN_SOURCE, "10.9.0.2 own source: our own address: a loop, or somebody else uses it"),
            id="VR-064 our own",
        ),
    ],
)
def test_what_a_virtual_router_without_multicast_refuses(
    settings: InstanceSettings, packet: Datagram, expected: Rejected
):
    assert judge(packet, settings) == expected
