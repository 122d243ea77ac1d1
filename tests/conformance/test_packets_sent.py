"""What a router sends: the IP packet around an advertisement, and the advertisement itself."""

import pytest

from tests.conformance.frames import ICMP6, IGMP, Packet
from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording

pytestmark = pytest.mark.namespaces

ALONE = ("version_3_alone", "version_2_alone", "ipv6_alone")


@looking_at("version_3_alone", "version_2_alone")
def test_vr_001_adverts_have_ttl_255(seen: Recording) -> None:
    sent = seen.adverts()

    assert {advert.ttl for advert in sent} == {255}, f"TTL {sorted({advert.ttl for advert in sent})}"
    assert sent[-1].priority == 0


@looking_at("ipv6_alone")
def test_vr_002_adverts_have_hop_limit_255(seen: Recording) -> None:
    sent = seen.adverts()

    assert {advert.ttl for advert in sent} == {255}, f"hop limit {sorted({advert.ttl for advert in sent})}"


@looking_at(*ALONE)
def test_vr_003_the_protocol_is_112(seen: Recording) -> None:
    assert {advert.protocol for advert in seen.adverts()} == {112}


@looking_at("version_3_alone", "version_2_alone")
def test_vr_004_adverts_go_to_224_0_0_18(seen: Recording) -> None:
    assert {advert.destination for advert in seen.adverts()} == {"224.0.0.18"}


@looking_at("ipv6_alone")
def test_vr_005_adverts_go_to_ff02_12(seen: Recording) -> None:
    assert {advert.destination for advert in seen.adverts()} == {"ff02::12"}


@looking_at("version_3_alone")
def test_vr_006_adverts_come_from_the_primary_address(seen: Recording) -> None:
    assert {advert.source for advert in seen.adverts()} == {seen.cable.address}


@looking_at("ipv6_alone")
def test_vr_007_adverts_come_from_the_link_local_address(seen: Recording) -> None:
    assert {advert.source for advert in seen.adverts()} == {seen.cable.address6}


@looking_at(*ALONE)
def test_vr_009_adverts_are_internetwork_control(seen: Recording) -> None:
    assert {advert.tos for advert in seen.adverts()} == {0xC0}


@looking_at(*ALONE)
def test_vr_012_the_mac_is_that_of_the_group(seen: Recording) -> None:
    group = "33:33:00:00:00:12" if seen.situation.needs_ipv6 else "01:00:5e:00:00:12"

    assert {advert.eth_destination for advert in seen.adverts()} == {group}


@looking_at(*ALONE)
def test_vr_014_the_router_joins_the_group(seen: Recording) -> None:
    first = seen.adverts()[0].at
    packets = seen.heard(Packet, until=first)

    if seen.situation.needs_ipv6:
        group = bytes.fromhex("ff02" + "00" * 13 + "12")
        assert [p for p in packets if p.protocol == ICMP6 and p.payload[0] == 143 and group in p.payload]
    else:
        group = bytes([224, 0, 0, 18])
        assert [p for p in packets if p.protocol == IGMP and p.payload[0] == 0x22 and group in p.payload]
