"""Which adverts of others a router accepts.

A battery of adverts is sent to a master, each with one thing wrong or odd, and the last with nothing wrong; the master
yields to those that it accepts.
"""

import pytest

from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording
from tests.conformance.situations.batteries import RIGHT
from tests.conformance.tester import YIELDED

pytestmark = pytest.mark.namespaces


def accepted(seen: Recording) -> list[str]:
    """Return what the master yielded to, by its label."""
    return [label for label, verdict in seen.notes.items() if verdict == YIELDED]


def accepts_only_what_is_right(seen: Recording) -> None:
    """Raise AssertionError unless everything but the last of a battery was discarded."""
    wrongly = [label for label in accepted(seen) if label != RIGHT]

    assert wrongly == [], f"accepted: {', '.join(wrongly)}"
    assert accepted(seen) == [RIGHT]
    assert len(seen.notes) > 1


def accepts_all(seen: Recording) -> None:
    """Raise AssertionError unless everything of a battery was accepted."""
    wrongly = [label for label in seen.notes if label not in accepted(seen)]

    assert wrongly == [], f"discarded: {', '.join(wrongly)}"
    assert len(seen.notes) > 1


@looking_at("wrong_ttl")
def test_vr_038_another_ttl_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("wrong_hop_limit")
def test_vr_039_another_hop_limit_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("wrong_version_for_2", "wrong_version_for_3", "wrong_version_for_ipv6")
def test_vr_040_another_version_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("wrong_type_in_2", "wrong_type_in_3", "wrong_type_in_ipv6")
def test_vr_041_another_type_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("cut_messages_of_2", "cut_messages_of_3", "cut_messages_of_ipv6")
def test_vr_042_an_incomplete_message_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("trailing_bytes_of_2", "trailing_bytes_of_3", "trailing_bytes_of_ipv6")
def test_vr_043_bytes_behind_the_message_make_it_invalid(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("padded_frames", "padded_frames_of_ipv6")
def test_vr_044_bytes_behind_the_packet_do_not_matter(seen: Recording) -> None:
    accepts_all(seen)


@looking_at("wrong_checksums_of_2", "wrong_checksums_of_3", "wrong_checksums_of_ipv6")
def test_vr_045_a_wrong_checksum_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("checksums_without_pseudo_header")
def test_vr_046_a_checksum_of_the_message_only_is_accepted(seen: Recording) -> None:
    accepts_all(seen)


@looking_at("wrong_vrid")
def test_vr_047_another_vrid_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("wrong_interface")
def test_vr_048_the_wrong_interface_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)
    assert seen.went(router=1) == "BACKUP MASTER STOP", seen.went(router=1)


@looking_at("owner_that_ignores_another")
def test_vr_049_an_owner_that_ignores_others_stays_master(seen: Recording) -> None:
    assert seen.went() == "MASTER STOP", seen.went()
    assert {advert.priority for advert in seen.adverts(until=seen.marks["SIGTERM"])} == {255}


@looking_at("owner_hears_another")
def test_vr_049_by_default_the_higher_address_serves_and_the_priority_stays(seen: Recording) -> None:
    priorities = {advert.priority for advert in seen.adverts(until=seen.marks["SIGTERM"])}

    assert seen.went() == "MASTER BACKUP MASTER STOP", seen.went()
    assert priorities == {255}, f"its priority is {', '.join(map(str, sorted(priorities)))}"


@looking_at("unexpected_authentication")
def test_vr_050_another_auth_type_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("wrong_password")
def test_vr_051_a_wrong_password_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("wrong_authentication_headers")
def test_vr_052_a_wrong_digest_and_an_old_sequence_number_are_discarded(seen: Recording) -> None:
    assert seen.notes["right"] == YIELDED
    assert accepted(seen) == ["right", RIGHT]


@looking_at("another_interval_of_2")
def test_vr_053_another_interval_of_version_2_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("another_interval_of_3")
def test_vr_054_another_interval_of_version_3_is_accepted(seen: Recording) -> None:
    accepts_all(seen)


@looking_at("interval_0", "interval_0_of_ipv6")
def test_vr_055_a_master_discards_interval_0(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("hears_interval_0")
def test_vr_055_a_backup_discards_interval_0(seen: Recording) -> None:
    early = seen.adverts(since=seen.marks["interval 0"], until=seen.marks["watched till"])

    assert early == [], f"master {early[0].at - seen.marks['interval 0']:.3f} s after it"


@looking_at("reserved_bits", "reserved_bits_of_ipv6")
def test_vr_056_reserved_bits_are_ignored(seen: Recording) -> None:
    accepts_all(seen)


@looking_at("no_addresses")
def test_vr_057_an_advert_without_addresses_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("other_addresses_in_2")
def test_vr_058_other_addresses_are_discarded_in_version_2(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("other_addresses_of_an_owner_in_2")
def test_vr_058_those_of_an_owner_are_accepted(seen: Recording) -> None:
    accepts_all(seen)


@looking_at("other_addresses_in_3")
def test_vr_059_other_addresses_are_accepted_in_version_3_and_told(seen: Recording) -> None:
    accepts_all(seen)
    assert seen.log_lines(seen.situation.name, "addresses")


@looking_at("another_order")
def test_vr_060_the_order_of_addresses_does_not_matter(seen: Recording) -> None:
    accepts_all(seen)


@looking_at("other_addresses_in_2")
def test_vr_060_a_repeated_address_does_not_stand_for_another(seen: Recording) -> None:
    assert seen.notes["one twice"] != YIELDED


@looking_at("ip_options")
def test_vr_061_options_of_the_header_are_skipped(seen: Recording) -> None:
    accepts_all(seen)


@looking_at("fragments")
def test_vr_062_a_fragment_is_no_advert_but_all_of_them_are(seen: Recording) -> None:
    assert accepted(seen) == [RIGHT, "all of them"]


@looking_at("other_destinations", "strangers_and_groups", "ipv6_peers_and_the_group")
def test_vr_063_another_destination_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("own_source", "own_source_of_ipv6")
def test_vr_064_its_own_address_is_no_reason_to_yield(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("strangers_and_groups")
def test_vr_065_with_check_unicast_src_strangers_are_not_heard(seen: Recording) -> None:
    assert seen.notes["a stranger"] != YIELDED
    assert seen.notes[RIGHT] == YIELDED


@looking_at("odd_sources", "odd_sources_of_ipv6")
def test_vr_147_a_source_that_is_no_unicast_address_is_discarded(seen: Recording) -> None:
    accepts_only_what_is_right(seen)


@looking_at("thousand_wrong_packets")
def test_vr_066_what_is_discarded_is_logged_at_a_limited_rate(seen: Recording) -> None:
    lines = sum("ttl" in line.lower() for line in seen.log_lines(seen.situation.name))

    assert 1 <= lines <= 20, f"{lines} lines about 1000 packets"


@looking_at("wrong_checksums_of_3", "wrong_type_in_3", "wrong_ttl", "wrong_password")
def test_vr_067_what_is_discarded_does_not_change_the_state(seen: Recording) -> None:
    assert seen.states()[:4] == ["BACKUP", "MASTER", "BACKUP", "MASTER"]
    assert len(accepted(seen)) == 1


@looking_at("stream_of_wrong_checksums")
def test_vr_067_what_is_discarded_does_not_touch_a_timer(seen: Recording) -> None:
    sent = seen.adverts(since=seen.marks["begin"], until=seen.marks["end"])

    assert len(sent) >= 5, f"{len(sent)} adverts in {seen.marks['end'] - seen.marks['begin']:.1f} s"
