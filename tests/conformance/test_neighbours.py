"""What the neighbours of a virtual router see: MACs, ARP, Neighbour Discovery, and the addresses themselves."""

import ipaddress

import pytest

from tests.conformance.frames import ICMP, ICMP6, Arp, Neighbour, Packet
from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording
from tests.conformance.situations.alone import GARP_DELAY
from tests.conformance.timing import first_advert, takes

pytestmark = pytest.mark.namespaces

ECHO_REPLIES = {ICMP: 0, ICMP6: 129}
ROUTER_ADVERTISEMENT, MULTICAST_REPORT = 134, 143
VIRTUAL_MACS = {4: "00:00:5e:00:01:33", 6: "00:00:5e:00:02:33"}
ALONE = ("version_3_alone", "version_2_alone", "ipv6_alone")
BOTH_STATES = ("asked", "asked_over_ipv6", "asked_with_virtual_mac", "asked_with_virtual_mac_over_ipv6")
OVER_IPV4, OVER_IPV6 = BOTH_STATES[::2], (*BOTH_STATES[1::2], "forwards_ipv6")


def expected_mac(seen: Recording) -> str:
    """Return the MAC that the virtual router should have."""
    router = seen.situation.routers[0]
    return VIRTUAL_MACS[router.family] if "use_vmac" in router.options else seen.cable.mac


def arp_replies(seen: Recording, *, since: float, until: float = float("inf")) -> list[Arp]:
    """Return the answers about the virtual address, gratuitous ones left out."""
    replies = [arp for arp in seen.heard(Arp, since=since, until=until) if arp.operation == 2]
    return [arp for arp in replies if (arp.sender, arp.target) == (seen.cable.virtual, seen.cable.peer)]


def solicited(seen: Recording, *, since: float, until: float = float("inf")) -> list[Neighbour]:
    """Return the answers to neighbour solicitations for the virtual address."""
    found = seen.neighbours(136, since=since, until=until)
    return [each for each in found if each.solicited and each.target == seen.cable.virtual6]


def echo_replies(seen: Recording, *, since: float, until: float = float("inf")) -> list[Packet]:
    """Return the answers to pings of the virtual address."""
    virtual = (seen.cable.virtual, seen.cable.virtual6)
    found = seen.heard(Packet, since=since, until=until)
    return [p for p in found if p.source in virtual and ECHO_REPLIES.get(p.protocol) == (p.payload or b"\xff")[0]]


@looking_at("virtual_mac", "virtual_mac_ipv6")
def test_vr_109_the_virtual_mac_has_the_vrid(seen: Recording) -> None:
    announced = {arp.sender_mac for arp in seen.announcements()}
    announced |= {each.link_layer_address for each in seen.neighbours(136)}

    assert announced == {expected_mac(seen)}


@looking_at("version_3_alone", "version_2_alone", "virtual_mac")
def test_vr_110_a_new_master_broadcasts_an_arp_request_for_each_address(seen: Recording) -> None:
    arps = [arp for arp in seen.heard(Arp) if arp.sender == seen.cable.virtual]

    assert {arp.eth_destination for arp in arps} == {"ff:ff:ff:ff:ff:ff"}
    assert {(arp.operation, arp.sender, arp.target) for arp in arps} == {(1, seen.cable.virtual, seen.cable.virtual)}
    assert {(arp.sender_mac, arp.eth_source) for arp in arps} == {(expected_mac(seen), expected_mac(seen))}
    assert arps[0].at < first_advert(seen, 0.0).at + 0.5


@looking_at("version_3_alone", "version_2_alone", "ipv6_alone")
def test_vr_111_announcements_come_in_two_bursts(seen: Recording) -> None:
    delay = 5.0 if seen.situation.name == "version_2_alone" else GARP_DELAY
    first = first_advert(seen, 0.0).at
    addresses = len(seen.situation.routers[0].lines(seen.cable))
    moments = [arp.at - first for arp in seen.announcements()] + [each.at - first for each in seen.neighbours(136)]
    early, late = [m for m in moments if m < delay / 2], [m for m in moments if m >= delay / 2]

    assert (len(early), len(late)) == (5 * addresses, 5 * addresses)
    takes(max(early), 0.0, late=0.3)
    takes(min(late), delay)


@looking_at("refreshed_announcements")
def test_vr_111_and_are_refreshed(seen: Recording) -> None:
    first = first_advert(seen, 0.0).at
    moments = [arp.at - first for arp in seen.announcements(until=first + 2.5)]

    assert len(moments) == 5
    for moment, expected in zip(moments, (0.0, 1.0, 1.0, 2.0, 2.0), strict=True):
        takes(moment, expected)


@looking_at("ipv6_alone", "forwards_ipv6")
def test_vr_112_a_new_master_announces_each_ipv6_address(seen: Recording) -> None:
    first = first_advert(seen, 0.0).at
    sent = [each for each in seen.neighbours(136, since=first, until=first + 0.5) if not each.solicited]
    addresses = seen.situation.routers[0].advertised(seen.cable)
    router = seen.situation.name == "forwards_ipv6"

    assert {each.target for each in sent} == set(addresses)
    assert {(each.destination, each.ttl, each.eth_destination) for each in sent} == {
        ("ff02::1", 255, "33:33:00:00:00:01")
    }
    assert {(each.router, each.override, each.link_layer_address) for each in sent} == {(router, True, seen.cable.mac)}


@looking_at("asked_over_ipv6", "asked_with_virtual_mac_over_ipv6")
def test_vr_113_a_master_is_in_the_solicited_node_group(seen: Recording) -> None:
    last = ipaddress.IPv6Address(seen.cable.virtual6).packed[-3:]
    group = bytes.fromhex("ff02" + "00" * 9 + "01ff") + last
    reports = [
        packet.at
        for packet in seen.heard(Packet)
        if packet.protocol == ICMP6 and packet.payload[0] == MULTICAST_REPORT and group in packet.payload
    ]

    assert reports
    assert min(reports) > first_advert(seen, 0.0).at


@looking_at(*OVER_IPV4)
def test_vr_114_a_master_answers_arp(seen: Recording) -> None:
    replies = arp_replies(seen, since=seen.marks["asked as master"])

    assert {(arp.sender_mac, arp.eth_source) for arp in replies} == {(expected_mac(seen), expected_mac(seen))}
    assert len(replies) == 1


@looking_at(*OVER_IPV4)
def test_vr_115_a_backup_does_not(seen: Recording) -> None:
    assert arp_replies(seen, since=0.0, until=seen.marks["asked no more"]) == []


@looking_at(*OVER_IPV6)
def test_vr_116_a_master_answers_neighbour_solicitations(seen: Recording) -> None:
    answers = solicited(seen, since=seen.marks["asked as master"])

    assert {each.link_layer_address for each in answers} == {expected_mac(seen)}
    assert {each.router for each in answers} == {seen.situation.name == "forwards_ipv6"}


@looking_at(*OVER_IPV6)
def test_vr_117_a_backup_does_not(seen: Recording) -> None:
    assert solicited(seen, since=0.0, until=seen.marks["asked no more"]) == []


@looking_at(*OVER_IPV6, "ipv6_alone")
def test_vr_118_a_host_sends_no_router_advertisements(seen: Recording) -> None:
    sent = [packet for packet in seen.heard(Packet) if packet.protocol == ICMP6]

    assert sent
    assert [packet for packet in sent if packet.payload[0] == ROUTER_ADVERTISEMENT] == []


@looking_at("asked_with_virtual_mac", "asked_with_virtual_mac_over_ipv6")
def test_vr_119_a_backup_discards_what_is_sent_to_the_virtual_mac(seen: Recording) -> None:
    assert echo_replies(seen, since=0.0, until=seen.marks["asked no more"]) == []
    assert echo_replies(seen, since=seen.marks["asked as master"])


@looking_at(*BOTH_STATES)
def test_vr_120_a_backup_does_not_accept_packets_to_the_addresses(seen: Recording) -> None:
    assert echo_replies(seen, since=0.0, until=seen.marks["asked no more"]) == []


@looking_at(*BOTH_STATES)
def test_vr_121_a_master_does(seen: Recording) -> None:
    assert len(echo_replies(seen, since=seen.marks["asked as master"])) == 1


@looking_at("accepts_nothing", "accepts_nothing_over_ipv6")
def test_vr_121_unless_that_is_forbidden(seen: Recording) -> None:
    assert echo_replies(seen, since=seen.marks["asked as master"]) == []


@looking_at("accepts_nothing_over_ipv6")
def test_vr_122_neighbour_discovery_goes_on_all_the_same(seen: Recording) -> None:
    assert solicited(seen, since=seen.marks["asked as master"])
    assert seen.neighbours(136, until=seen.marks["asked as master"])


@looking_at("accepts_nothing")
def test_vr_122_and_so_does_arp(seen: Recording) -> None:
    assert arp_replies(seen, since=seen.marks["asked as master"])


@looking_at(*ALONE, "virtual_mac", "virtual_mac_ipv6")
def test_vr_123_nothing_is_announced_before_the_router_is_master(seen: Recording) -> None:
    virtual = seen.situation.routers[0].advertised(seen.cable)
    first = first_advert(seen, 0.0).at

    assert [arp for arp in seen.heard(Arp, until=first) if arp.sender in virtual] == []
    assert [each for each in seen.heard(Neighbour, until=first) if each.target in virtual] == []


@looking_at("virtual_mac_ipv6", "asked_with_virtual_mac_over_ipv6")
def test_vr_128_no_address_is_made_from_the_virtual_mac(seen: Recording) -> None:
    made = "fe80::200:5eff:fe00:"

    assert not [change for change in seen.changes if change.address.startswith(made)]
    assert not [p for p in seen.heard(Packet) if made in (p.source, p.source[: len(made)])]
    assert {advert.source for advert in seen.adverts()} == {seen.cable.address6}


@looking_at(*ALONE)
def test_vr_129_advert_before_address_before_telling_and_the_other_way_round(seen: Recording) -> None:
    came, went = ([c.at for c in seen.changes if c.present is present] for present in (True, False))

    assert first_advert(seen, 0.0).at < min(came)
    if not seen.situation.needs_ipv6:  # of those the kernel tells later
        assert max(came) < seen.when("MASTER") + 0.05
    assert next(advert for advert in seen.adverts() if advert.priority == 0).at < min(went)
    assert max(went) < seen.when("STOP") + 0.05


@looking_at("master_hears_higher", "master_hears_higher_version_2", "fault")
def test_vr_130_who_stops_being_master_announces_nothing(seen: Recording) -> None:
    since = seen.marks.get("higher", seen.marks.get("fault", 0.0))
    until = seen.marks.get("cleared", first_advert(seen, since).at)

    assert seen.announcements(since=since + 0.02, until=until) == []


@looking_at("address_deleted")
def test_vr_131_an_address_that_somebody_deletes_comes_back(seen: Recording) -> None:
    assert seen.held(seen.cable.virtual)[:3] == [True, False, True]
    back = [change.at for change in seen.changes if change.address == seen.cable.virtual and change.present][1]
    takes(back - seen.marks["deleted"], 0.0, early=0.2, late=1.0)


@looking_at("excluded_addresses")
def test_vr_132_excluded_addresses_are_held_and_announced_and_not_advertised(seen: Recording) -> None:
    excluded = (f"10.9.{seen.cable.number}.210", f"2001:db8:{seen.cable.number:x}::210")

    assert {advert.addresses for advert in seen.adverts()} == {(seen.cable.virtual,)}
    for address in excluded:
        assert seen.held(address) == [True, False]
    assert excluded[0] in {arp.sender for arp in seen.announcements()}
    assert excluded[1] in {each.target for each in seen.neighbours(136)}
