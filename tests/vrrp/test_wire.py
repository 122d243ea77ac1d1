"""Checksums of all conventions, and groups: what is sent and what is accepted (VR-004, VR-005, VR-028, VR-029)."""

from dataclasses import replace

import pytest

from hahub.family import Family
from hahub.settings import InstanceSettings, UnicastPeer, VirtualAddress, WireSettings
from hahub.vrrp.packet import GROUP4, PROTOCOL, Datagram, decode, encode, split_ip
from hahub.vrrp.reception import Accepted, Rejected, Rejection, check
from hahub.vrrp.wire import group_of, message_of
from tests.pcap import CAPTURES, read_packets
from tests.vrrp.test_reception import ADVERT_3, OTHER, OWN, PEER, V2, V3, datagram, judge
from tests.vrrp.test_reception_families import ADVERT_6, OWN_6, PEER_6, V6, datagram_6, judge_6

UNICAST = replace(V3, source="10.9.0.2", unicast_peers=(UnicastPeer("10.9.0.1"),))
V2_UNICAST = replace(UNICAST, version=2)
GOLDEN = InstanceSettings(
    "VI_1", "eth0", 7, priority=255, virtual_addresses=(VirtualAddress("10.99.0.107", 32, "eth0"),)
)
NEAR, FAR = 0x0A630001, 0x0A630002


def wired(settings: InstanceSettings, **wire: object) -> InstanceSettings:
    return replace(settings, wire=replace(settings.wire, **wire))


@pytest.mark.parametrize(
    ("settings", "old", "expected"),
    [
        pytest.param(replace(GOLDEN, version=3), False, "3107ff010064af7f0a63006b", id="keepalived 2.2.7, to a peer"),
        pytest.param(replace(GOLDEN, version=3), True, "3107ff010064d9d10a63006b", id="old, to a peer"),
        pytest.param(
            wired(replace(GOLDEN, version=3), v3_checksum_as_v2=True), False, "3107ff010064c4c40a63006b", id="plain"
        ),
        pytest.param(
            wired(replace(GOLDEN, version=3), v3_checksum_as_v2=True),
            True,
            "3107ff010064c4c40a63006b",
            id="plain, and old",
        ),
    ],
)
def test_the_checksum_to_a_peer_is_made_as_configured(settings: InstanceSettings, old: bool, expected: str):
    message = message_of(settings, 255, source=NEAR, destination=FAR, old_checksum=old)

    assert message.hex() == expected


@pytest.mark.parametrize("settings", [V2_UNICAST, wired(V2, v3_checksum_as_v2=True)])
def test_version_2_knows_one_checksum(settings: InstanceSettings):
    message = message_of(settings, 100, source=OWN, destination=PEER, old_checksum=True)

    assert message == message_of(V2, 100, source=PEER, destination=OTHER)


def test_ipv6_knows_one_checksum():
    """VR-027."""
    usual = message_of(V6, 100, source=OWN_6, destination=PEER_6)

    assert message_of(wired(V6, v3_checksum_as_v2=True), 100, source=OWN_6, destination=PEER_6) == usual


def old_datagram(advert=ADVERT_3, *, group: int = GROUP4, source: int = PEER) -> Datagram:
    """A packet to us alone, whose checksum is made with the group."""
    return Datagram(source, OWN, 255, encode(advert, source=source, destination=group))


def test_an_old_checksum_of_a_peer_is_accepted_and_noticed():
    assert judge(old_datagram(), UNICAST) == Accepted(ADVERT_3, old_checksum=True)
    assert judge(datagram(ADVERT_3, destination=OWN), UNICAST) == Accepted(ADVERT_3)
    assert judge(old_datagram(), wired(UNICAST, old_unicast_checksum=True)) == Accepted(ADVERT_3, old_checksum=True)


def test_an_old_checksum_is_made_with_the_configured_group():
    other = wired(UNICAST, group="224.0.0.99")

    assert judge(old_datagram(group=group_of(other)), other) == Accepted(ADVERT_3, old_checksum=True)
    assert isinstance(judge(old_datagram(), other), Rejected)


@pytest.mark.parametrize(
    ("packet", "settings"),
    [
        pytest.param(old_datagram(), wired(UNICAST, old_unicast_checksum=False), id="never"),
        pytest.param(old_datagram(group=OTHER), UNICAST, id="made with something else"),
    ],
)
def test_other_checksums_are_not_accepted(packet: Datagram, settings: InstanceSettings):
    found = packet.payload[6:8].hex()

    assert judge(packet, settings) == Rejected(
        Rejection.CHECKSUM, f"10.9.0.1 checksum: {found} does not match the message"
    )


def test_what_is_refused_for_something_else_makes_nobody_old():
    advert = replace(ADVERT_3, virtual_router_id=52)

    assert judge(old_datagram(advert), UNICAST) == Rejected(
        Rejection.VIRTUAL_ROUTER_ID, "10.9.0.1 virtual router id: 52, expected 51"
    )


def test_over_ipv6_there_is_no_old_checksum():
    settings = replace(V6, source="fe80::2", unicast_peers=(UnicastPeer("fe80::1"),))
    payload = datagram_6(ADVERT_6).payload

    verdict = judge_6(Datagram(PEER_6, OWN_6, 255, payload, Family.IPV6), settings)

    assert isinstance(verdict, Rejected)
    assert verdict.rejection is Rejection.CHECKSUM


def test_the_captured_packets_to_a_peer_have_the_new_checksum():
    packets = [split_ip(packet) for packet in read_packets(CAPTURES / "v3-unicast.pcap", protocol=PROTOCOL)]
    settings = replace(UNICAST, virtual_addresses=V3.virtual_addresses[:1])

    verdicts = [check(packet, settings, own_source=OWN, known_master=None) for packet in packets]

    assert len(packets) >= 5
    assert {type(verdict) for verdict in verdicts} == {Accepted}
    assert {verdict.old_checksum for verdict in verdicts if isinstance(verdict, Accepted)} == {False}


def test_a_group_is_the_usual_one_or_the_configured_one():
    assert group_of(V3) == GROUP4
    assert group_of(V6) == 0xFF02 << 112 | 0x12
    assert group_of(wired(V3, group="239.1.2.3")) == 0xEF010203


@pytest.mark.parametrize(
    ("packet", "settings", "expected"),
    [
        pytest.param(
            datagram(ADVERT_3),
            wired(V3, group="224.0.0.99"),
            Rejected(Rejection.DESTINATION, "10.9.0.1 destination: 224.0.0.18, expected 224.0.0.99"),
            id="the usual group, another is configured",
        ),
        pytest.param(
            datagram(ADVERT_3, destination=0xE0000063),
            V3,
            Rejected(Rejection.DESTINATION, "10.9.0.1 destination: 224.0.0.99, expected 224.0.0.18"),
            id="another group",
        ),
        pytest.param(
            datagram(ADVERT_3, destination=0xE0000063),
            wired(V3, group="224.0.0.99"),
            Accepted(ADVERT_3),
            id="the configured group",
        ),
    ],
)
def test_adverts_come_to_the_group(packet: Datagram, settings: InstanceSettings, expected: object):
    assert judge(packet, settings) == expected


def test_adverts_over_ipv6_come_to_the_group():
    group = 0xFF02 << 112 | 0x99

    assert judge_6(datagram_6(destination=group), wired(V6, group="ff02::99")) == Accepted(ADVERT_6)
    assert isinstance(judge_6(datagram_6(destination=group)), Rejected)


def test_wire_settings_have_the_usual_way_as_default():
    assert V3.wire == WireSettings()
    assert decode(message_of(V3, 9, source=OWN, destination=GROUP4), source=OWN, destination=GROUP4).priority == 9
