"""What a router sends: the advertisement itself."""

from itertools import pairwise

import pytest

from tests.conformance.authentication_header import is_authentic
from tests.conformance.configuration import VIP, judge
from tests.conformance.frames import VRRP, Packet, ones_complement_sum, pseudo_header
from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording, gaps
from tests.conformance.situations.authentication import KEY
from tests.conformance.timing import master_down_interval, takes_over

pytestmark = pytest.mark.namespaces

V3 = ("version_3_alone", "ipv6_alone")
ALONE = (*V3, "version_2_alone")


@looking_at(*ALONE, "version_2_with_ipv6")
def test_vr_015_the_version_is_the_configured_one(seen: Recording) -> None:
    version = 3 if seen.situation.needs_ipv6 else seen.situation.routers[0].version

    found = {advert.version for advert in seen.adverts()}

    assert found == {version}, f"version {', '.join(map(str, found))}"


@looking_at(*ALONE)
def test_vr_016_the_type_is_1(seen: Recording) -> None:
    assert {advert.type for advert in seen.adverts()} == {1}


@looking_at("extreme_vrids")
def test_vr_017_the_vrid_is_the_configured_one(seen: Recording) -> None:
    sent = {packet.payload[1] for packet in seen.heard(Packet) if packet.protocol == VRRP}

    assert sent == {1, 255}


@pytest.mark.parametrize("vrid", [0, 256])
def test_vr_017_other_vrids_are_refused(daemon: str, vrid: int) -> None:
    assert judge(daemon, vrid=vrid).refused


@looking_at("address_of_the_host")
def test_vr_018_an_address_of_the_host_makes_no_owner(seen: Recording) -> None:
    assert seen.states()[0] == "BACKUP"
    assert {advert.priority for advert in seen.adverts()} == {100, 0}


@looking_at("version_3_alone")
def test_vr_019_the_default_priority_is_100(seen: Recording) -> None:
    assert {advert.priority for advert in seen.adverts(until=seen.marks["SIGTERM"])} == {100}


@looking_at("weights")
def test_vr_019_what_tracking_makes_of_it_stays_within_1_and_254(seen: Recording) -> None:
    assert {advert.priority for advert in seen.adverts(until=seen.marks["SIGTERM"])} == {100, 1, 254}


@looking_at(*ALONE, "master_hears_higher", "backup_to_the_end", "master_hears_equal_from_above")
def test_vr_020_priority_0_is_sent_when_mastership_is_given_up_only(seen: Recording) -> None:
    resigned = [advert for advert in seen.adverts() if advert.priority == 0]
    was_master = seen.states()[-2] == "MASTER"

    assert len(resigned) == int(was_master)
    assert all(advert.at > seen.marks["SIGTERM"] for advert in resigned)


@looking_at(*ALONE, "as_many_addresses_as_fit")
def test_vr_021_the_count_is_that_of_the_addresses(seen: Recording) -> None:
    count = len(seen.situation.routers[0].lines(seen.cable))

    assert {advert.count for advert in seen.adverts()} == {count}


@pytest.mark.parametrize("version", [2, 3])
def test_vr_022_no_addresses_are_told(daemon: str, version: int) -> None:
    verdict = judge(daemon, instance=f"version {version}")

    assert verdict.refused or "VIP" in verdict.told or "virtual_ipaddress" in verdict.told, "nobody is told"


@looking_at(*V3)
def test_vr_023_the_reserved_bits_are_zero(seen: Recording) -> None:
    assert {advert.reserved for advert in seen.adverts()} == {0}


@looking_at(*V3, "longest_interval_version_3")
def test_vr_024_the_interval_is_in_hundredths(seen: Recording) -> None:
    interval = round(100 * seen.situation.routers[0].advert_int)

    assert {advert.interval for advert in seen.adverts()} == {interval}


def test_vr_024_what_does_not_fit_is_refused(daemon: str) -> None:
    verdict = judge(daemon, instance=f"version 3\nadvert_int 40.96\n{VIP}")

    assert verdict.refused, "not refused"


@looking_at("version_2_alone", "longest_interval_version_2")
def test_vr_025_the_interval_is_in_seconds(seen: Recording) -> None:
    assert {advert.interval for advert in seen.adverts()} == {seen.situation.routers[0].advert_int}


@looking_at("version_2_alone", "password", "short_password", "two_peers_version_2")
def test_vr_026_the_checksum_covers_message_and_authentication_data(seen: Recording) -> None:
    assert len(seen.adverts()) > 0

    assert all(advert.checksum_covers_message for advert in seen.adverts())


@looking_at("ipv6_alone", "as_many_ipv6_addresses_as_fit", "ipv6_peers")
def test_vr_027_the_checksum_covers_the_pseudo_header(seen: Recording) -> None:
    assert len(seen.adverts()) > 0

    assert all(advert.checksum_covers_pseudo_header for advert in seen.adverts())


@looking_at("checksum_of_the_message_only")
def test_vr_028_the_checksum_covers_the_message_only(seen: Recording) -> None:
    assert len(seen.adverts()) > 0

    assert all(advert.checksum_covers_message for advert in seen.adverts()), "it covers the pseudo-header"


@looking_at("version_3_alone")
def test_vr_028_by_default_it_covers_the_pseudo_header_as_keepalived_has_it(seen: Recording) -> None:
    assert all(advert.checksum_covers_pseudo_header for advert in seen.adverts())


@looking_at("two_peers")
def test_vr_029_the_checksum_is_made_for_each_peer(seen: Recording) -> None:
    peers = {seen.cable.peer, f"10.9.{seen.cable.number}.31"}

    assert {advert.destination for advert in seen.adverts()} == peers
    assert all(advert.checksum_covers_pseudo_header for advert in seen.adverts())


@looking_at("peer_with_old_checksum")
def test_vr_029_a_peer_with_the_old_checksum_is_heard_and_gets_it_back(seen: Recording) -> None:
    sent = seen.adverts()
    old = pseudo_header(seen.cable.address, "224.0.0.18", len(sent[0].message))

    takes_over(seen, "last", master_down_interval(seen))
    assert all(ones_complement_sum(old + advert.message) == 0xFFFF for advert in sent), "heard, and not given back"


@looking_at(*ALONE, "as_many_addresses_as_fit", "extreme_vrids")
def test_vr_030_the_list_has_the_virtual_addresses(seen: Recording) -> None:
    router = seen.situation.routers[0]

    assert {advert.addresses for advert in seen.adverts(vrid=router.vrid)} == {router.advertised(seen.cable)}


@looking_at("ipv6_alone", "global_address_first")
def test_vr_031_a_link_local_address_stands_first(seen: Recording) -> None:
    first = {advert.addresses[0] for advert in seen.adverts()}

    assert first == {seen.cable.virtual6}, f"first is {', '.join(first)}"


@looking_at("version_2_alone")
def test_vr_032_the_auth_type_is_0(seen: Recording) -> None:
    assert {advert.auth_type for advert in seen.adverts()} == {0}


@looking_at("version_2_alone")
def test_vr_033_the_authentication_data_is_zero(seen: Recording) -> None:
    assert {advert.auth_data for advert in seen.adverts()} == {bytes(8)}


@looking_at("password", "short_password")
def test_vr_034_the_password_is_its_first_eight_bytes(seen: Recording) -> None:
    expected = {"password": b"secret12", "short_password": b"abc\0\0\0\0\0"}[seen.situation.name]

    assert {(advert.auth_type, advert.auth_data) for advert in seen.adverts()} == {(1, expected)}


@looking_at("authentication_header")
def test_vr_035_adverts_have_an_authentication_header(seen: Recording) -> None:
    sent = seen.adverts()
    numbers = [advert.sequence for advert in sent]

    assert {(advert.auth_type, advert.auth_data, advert.ttl) for advert in sent} == {(2, bytes(8), 255)}
    assert {advert.authentication_header[:4].hex() for advert in sent} == {"70040000"}
    assert all(is_authentic(advert, KEY) for advert in sent)
    assert all(later - earlier == 1 for earlier, later in pairwise(numbers))


@looking_at(*ALONE, "password")
def test_vr_036_the_packet_ends_with_the_message(seen: Recording) -> None:
    addresses = len(seen.situation.routers[0].lines(seen.cable))
    family = 16 if seen.situation.needs_ipv6 else 4
    length = 8 + family * addresses + (8 if seen.adverts()[0].version == 2 else 0)

    assert {len(advert.payload) for advert in seen.adverts()} == {length}


@looking_at(*ALONE)
def test_vr_037_one_advert_in_each_interval(seen: Recording) -> None:
    interval = seen.situation.routers[0].advert_int

    shortest = min(gaps(seen.adverts(until=seen.marks["SIGTERM"])))

    assert shortest > 0.5 * interval, f"{shortest:.3f} s after the one before"


@looking_at("two_peers", "two_peers_version_2")
def test_vr_037_each_peer_gets_one_advert_in_each_interval(seen: Recording) -> None:
    interval = seen.situation.routers[0].advert_int

    for peer in (seen.cable.peer, f"10.9.{seen.cable.number}.31"):
        sent = [advert for advert in seen.adverts(until=seen.marks["SIGTERM"]) if advert.destination == peer]
        assert min(gaps(sent)) > 0.5 * interval
        assert abs(len(sent) - len(seen.adverts(until=seen.marks["SIGTERM"])) / 2) <= 0.5
