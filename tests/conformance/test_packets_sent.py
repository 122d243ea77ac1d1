"""What a router sends: the IP packet around an advertisement."""

import pytest

from tests.conformance.configuration import judge
from tests.conformance.frames import AH, ICMP6, IGMP, VRRP, Packet
from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording
from tests.conformance.situations.alone import MANY, MANY_6

pytestmark = pytest.mark.namespaces

ALONE = ("version_3_alone", "version_2_alone", "ipv6_alone")


@looking_at("version_3_alone", "version_2_alone")
def test_vr_001_adverts_have_ttl_255(seen: Recording) -> None:
    sent = seen.adverts()

    assert {advert.ttl for advert in sent} == {255}, f"TTL {sorted({advert.ttl for advert in sent})}"
    assert sent[-1].priority == 0


@looking_at("ipv6_alone", "ipv6_peers")
def test_vr_002_adverts_have_hop_limit_255(seen: Recording) -> None:
    limits = sorted({advert.ttl for advert in seen.adverts()})

    assert limits == [255], f"hop limit {', '.join(map(str, limits))} in {seen.situation.name.replace('_', ' ')}"


@looking_at(*ALONE)
def test_vr_003_the_protocol_is_112(seen: Recording) -> None:
    assert {advert.protocol for advert in seen.adverts()} == {VRRP}


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


@looking_at("two_interfaces", "two_interfaces_ipv6")
def test_vr_008_no_advert_is_on_a_second_interface(seen: Recording) -> None:
    assert len(seen.adverts()) > 3

    assert [packet for packet in seen.heard(Packet, cable=1) if packet.protocol in (VRRP, AH)] == []


@looking_at(*ALONE)
def test_vr_009_adverts_are_internetwork_control(seen: Recording) -> None:
    assert {advert.tos for advert in seen.adverts()} == {0xC0}


@looking_at("as_many_addresses_as_fit", "as_many_ipv6_addresses_as_fit")
def test_vr_010_an_advert_is_never_fragmented(seen: Recording) -> None:
    packets = [packet for packet in seen.heard(Packet) if packet.protocol in (VRRP, 44)]
    count = MANY_6 if seen.situation.needs_ipv6 else MANY

    assert {advert.count for advert in seen.adverts()} == {count}
    assert packets == seen.adverts()
    assert not any(packet.fragmented for packet in packets)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("10.8.{high}.{low}/32", id="256 of IPv4"),
        pytest.param("2001:db8::{high}:{low}/128", id="256 of IPv6"),
    ],
)
def test_vr_010_more_addresses_than_fit_are_told(daemon: str, address: str) -> None:
    lines = "\n".join(address.format(high=number // 250, low=number % 250 + 1) for number in range(256))

    verdict = judge(daemon, instance=f"version 3\nvirtual_ipaddress {{\n{lines}\n}}")

    assert verdict.refused or "advert" in verdict.told, "nobody is told"


@looking_at("virtual_mac", "virtual_mac_ipv6")
def test_vr_011_adverts_come_from_the_virtual_mac(seen: Recording) -> None:
    family = 2 if seen.situation.needs_ipv6 else 1

    assert {advert.eth_source for advert in seen.adverts()} == {f"00:00:5e:00:{family:02}:33"}


@looking_at(*ALONE)
def test_vr_012_the_mac_is_that_of_the_group(seen: Recording) -> None:
    group = "33:33:00:00:00:12" if seen.situation.needs_ipv6 else "01:00:5e:00:00:12"

    assert {advert.eth_destination for advert in seen.adverts()} == {group}


@looking_at(*ALONE)
def test_vr_013_it_does_not_hear_itself(seen: Recording) -> None:
    assert seen.went() == "BACKUP MASTER STOP", seen.went()
    own = {seen.cable.address, seen.cable.address6}
    assert [line for line in seen.log_lines(seen.situation.name) if any(f"{each} " in line for each in own)] == []


@looking_at(*ALONE)
def test_vr_014_the_router_joins_the_group(seen: Recording) -> None:
    packets = seen.heard(Packet, until=seen.adverts()[0].at)

    if seen.situation.needs_ipv6:
        group = bytes.fromhex("ff02" + "00" * 13 + "12")
        assert [p for p in packets if p.protocol == ICMP6 and p.payload[0] == 143 and group in p.payload]
    else:
        group = bytes([224, 0, 0, 18])
        assert [p for p in packets if p.protocol == IGMP and p.payload[0] == 0x22 and group in p.payload]
