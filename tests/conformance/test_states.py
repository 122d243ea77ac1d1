"""What makes a router master, backup, or neither, and what it sends on the way."""

from itertools import groupby, pairwise

import pytest

from tests.conformance.frames import Advert, Arp, Neighbour
from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording, gaps
from tests.conformance.timing import first_advert, master_down_interval, skew_time, takes, takes_over

pytestmark = pytest.mark.namespaces

AT_ONCE = 0.05
"""Seconds."""


@looking_at("owner")
def test_vr_081_an_owner_is_master_as_soon_as_it_starts(seen: Recording) -> None:
    first = first_advert(seen, 0.0)

    assert seen.went() == "MASTER STOP", seen.went()
    assert first.priority == 255
    assert first.at <= seen.when("MASTER") < first.at + 0.5
    assert seen.announcements(since=first.at, until=first.at + 0.5)


@looking_at("version_3_alone", "version_2_alone", "ipv6_alone")
def test_vr_082_everybody_else_is_backup_for_a_master_down_interval(seen: Recording) -> None:
    assert seen.went() == "BACKUP MASTER STOP", seen.went()
    takes(first_advert(seen, 0.0).at - seen.when("BACKUP"), master_down_interval(seen), early=0.15)


@looking_at("fault")
def test_vr_083_in_fault_nothing_is_sent_and_nothing_heard(seen: Recording) -> None:
    sent = seen.adverts(since=seen.marks["fault"] + AT_ONCE, until=seen.marks["cleared"])

    assert sent == []
    assert seen.went() == "BACKUP MASTER FAULT BACKUP MASTER STOP", seen.went()
    backup = seen.when("BACKUP", count=2)
    takes(first_advert(seen, backup - AT_ONCE).at - backup, master_down_interval(seen), early=0.15)


@looking_at("backup_to_the_end")
def test_vr_084_a_backup_that_is_stopped_sends_nothing(seen: Recording) -> None:
    assert seen.went() == "BACKUP STOP", seen.went()
    assert seen.adverts() == []


@looking_at("version_3_alone", "version_2_alone", "ipv6_alone", "silence_version_3")
def test_vr_085_a_new_master_sends_an_advert_then_announces_each_address(seen: Recording) -> None:
    since = first_advert(seen, 0.0).at - 0.001
    sent = list(seen.heard(Advert, since=since) + seen.heard(Arp) + seen.heard(Neighbour))
    sent = sorted((frame for frame in sent if not isinstance(frame, Neighbour) or frame.kind == 136), key=_moment)
    addresses = seen.situation.routers[0].advertised(seen.cable)
    announced = [frame.sender if isinstance(frame, Arp) else frame.target for frame in sent[1 : 1 + len(addresses)]]

    assert isinstance(sent[0], Advert)
    assert sorted(announced) == sorted(addresses)
    takes(first_advert(seen, sent[0].at).at - sent[0].at, seen.situation.routers[0].advert_int, early=0.02)


def _moment(frame: Advert | Arp | Neighbour) -> float:
    return frame.at


@looking_at("priority_0_version_2", "priority_0_version_3", "priority_0_ipv6")
def test_vr_086_priority_0_shortens_the_wait_to_skew_time(seen: Recording) -> None:
    takes_over(seen, "resigned", skew_time(seen))
    assert seen.states()[:2] == ["BACKUP", "MASTER"]


@looking_at("hears_equal")
def test_vr_087_a_backup_that_hears_its_own_priority_stays_backup(seen: Recording) -> None:
    assert seen.adverts(until=seen.marks["last"]) == []
    takes_over(seen, "last", master_down_interval(seen))


@looking_at("hears_lower_without_preemption")
def test_vr_088_without_preemption_a_lower_priority_is_enough(seen: Recording) -> None:
    assert seen.adverts(until=seen.marks["last"]) == []
    takes_over(seen, "last", master_down_interval(seen))


@looking_at("hears_lower")
def test_vr_089_a_lower_priority_does_not_hold_a_backup_up(seen: Recording) -> None:
    takes_over(seen, "last", master_down_interval(seen))


@looking_at("hears_wrong_checksums", "hears_wrong_addresses")
def test_vr_090_invalid_adverts_do_not_hold_a_backup_up(seen: Recording) -> None:
    takes_over(seen, "last", master_down_interval(seen))


@looking_at("version_3_alone", "version_2_alone", "ipv6_alone", "owner", "two_peers_version_2")
def test_vr_091_a_master_that_is_stopped_resigns(seen: Recording) -> None:
    priorities = [advert.priority for advert in seen.adverts()]
    destinations = {advert.destination for advert in seen.adverts()}

    assert priorities.count(0) == len(destinations)
    assert priorities[-len(destinations) :] == [0] * len(destinations)


@looking_at("fault")
def test_vr_091_a_master_that_a_check_ends_resigns(seen: Recording) -> None:
    before = [advert.priority for advert in seen.adverts(until=seen.marks["cleared"])]

    assert [priority for priority, _ in groupby(before)] == [100, 0]


@looking_at("version_3_alone", "version_2_alone", "ipv6_alone")
def test_vr_092_a_master_advertises_in_each_interval(seen: Recording) -> None:
    interval = seen.situation.routers[0].advert_int

    for gap in gaps(seen.adverts(until=seen.marks["SIGTERM"])):
        takes(gap, interval, early=0.05)


@looking_at("master_hears_resignation")
def test_vr_093_priority_0_is_answered_at_once_and_the_timer_starts_again(seen: Recording) -> None:
    answer = first_advert(seen, seen.marks["resigned"])

    takes(answer.at - seen.marks["resigned"], 0.0, late=AT_ONCE)
    takes(first_advert(seen, answer.at).at - answer.at, 0.4, early=0.01)
    assert seen.went() == "BACKUP MASTER STOP", seen.went()


@looking_at("master_hears_higher", "master_hears_higher_version_2")
def test_vr_094_a_higher_priority_makes_a_master_backup(seen: Recording) -> None:
    held = seen.held(seen.cable.virtual)

    assert seen.went() == "BACKUP MASTER BACKUP MASTER STOP", seen.went()
    assert held == [True, False, True, False]
    gone = next(change.at for change in seen.changes if change.address == seen.cable.virtual and not change.present)
    assert gone - seen.marks["higher"] < 0.5


@looking_at("master_hears_equal_from_above", "master_hears_equal_from_far_above", "master_hears_equal_from_above_ipv6")
def test_vr_095_the_same_priority_from_a_higher_address_makes_a_master_backup(seen: Recording) -> None:
    assert seen.states()[:3] == ["BACKUP", "MASTER", "BACKUP"]


@looking_at("master_hears_equal_from_below", "master_hears_equal_from_below_ipv6")
def test_vr_096_the_same_priority_from_a_lower_address_does_not(seen: Recording) -> None:
    assert "BACKUP" not in seen.states()[1:]


@looking_at("master_hears_lower", "master_hears_equal_from_below", "master_hears_equal_from_below_ipv6")
def test_vr_097_a_weaker_master_is_answered_at_once(seen: Recording) -> None:
    mark = seen.marks.get("lower", seen.marks.get("equal", 0.0))

    takes(first_advert(seen, mark).at - mark, 0.0, late=AT_ONCE)


@looking_at("master_hears_lower_and_may_not_answer")
def test_vr_097_unless_that_is_forbidden(seen: Recording) -> None:
    before = [advert.at for advert in seen.adverts(until=seen.marks["lower"])][-1]

    takes(first_advert(seen, seen.marks["lower"]).at - before, seen.situation.routers[0].advert_int, early=0.02)


@looking_at("master_hears_itself")
def test_vr_098_its_own_priority_from_its_own_address_is_not_answered(seen: Recording) -> None:
    before = [advert.at for advert in seen.adverts(until=seen.marks["itself"])][-1]

    assert seen.went() == "BACKUP MASTER STOP", seen.went()
    assert first_advert(seen, seen.marks["itself"]).at - before > 0.5


@looking_at(
    "stream_of_wrong_checksums",
    "stream_of_low_ttl",
    "stream_of_low_hop_limits",
    "stream_of_wrong_passwords",
    "stream_of_other_addresses",
)
def test_vr_099_a_master_that_hears_invalid_adverts_goes_on_advertising(seen: Recording) -> None:
    interval = seen.situation.routers[0].advert_int
    since, until = seen.marks["begin"], seen.marks["end"]
    moments = [since, *(advert.at for advert in seen.adverts(since=since, until=until)), until]

    silent = max(later - earlier for earlier, later in pairwise(moments))

    assert silent < 1.5 * interval, (
        f"silent for {silent:.1f} s of {until - since:.1f} s, the interval is {interval:g} s"
    )


@looking_at("priority_0_then_another_master")
def test_vr_100_another_master_within_skew_time_is_enough(seen: Recording) -> None:
    assert seen.adverts(until=seen.marks["watched till"]) == []


@looking_at("owner_without_preemption")
def test_vr_101_an_owner_preempts(seen: Recording) -> None:
    assert "MASTER" in seen.states()


@looking_at("preempts_later")
def test_vr_102_preempt_delay_is_waited_for(seen: Recording) -> None:
    first = first_advert(seen, seen.marks["first"]).at - seen.marks["first"]

    assert 2.0 - 0.002 < first < 2.0 + master_down_interval(seen) + 0.2, f"after {first:.2f} s"


@looking_at("weights")
def test_vr_103_a_changed_priority_is_in_the_next_advert(seen: Recording) -> None:
    for count, priority in ((1, 1), (2, 254)):
        changed = seen.when("MASTER_PRIORITY", count=count)
        assert first_advert(seen, changed).priority == priority
    assert max(gaps(seen.adverts(until=seen.marks["SIGTERM"]))) < 0.3


@looking_at("reloaded")
def test_vr_104_a_reload_keeps_the_master(seen: Recording) -> None:
    sent = seen.adverts(since=seen.marks["reload"] - 1, until=seen.marks["SIGTERM"])

    assert "BACKUP" not in seen.states()[1:], seen.went()
    assert [advert for advert in sent if advert.priority == 0] == []
    assert {advert.priority for advert in sent} == {100, 120}
    assert max(gaps(sent)) < master_down_interval(seen)


@looking_at("leaves_together")
def test_vr_105_members_leave_together_with_priority_0(seen: Recording) -> None:
    second = seen.situation.routers[1]
    resigned = [advert for advert in seen.adverts(until=seen.marks["SIGTERM"]) if advert.priority == 0]

    assert len(resigned) == 1, "leaves the other wire without priority 0"
    takes(resigned[0].at - seen.marks["stronger"], 0.0, late=AT_ONCE)
    assert seen.went() == "BACKUP MASTER BACKUP MASTER STOP", seen.went()
    assert seen.went(router=1) == "BACKUP MASTER BACKUP MASTER STOP", seen.went(router=1)
    back = [first_advert(seen, seen.marks["stronger"] + 0.3).at]
    back += [first_advert(seen, seen.marks["stronger"] + 0.3, vrid=second.vrid, cable=1).at]
    assert max(back) - min(back) < 0.1


@looking_at("two_vrids")
def test_vr_106_two_virtual_routers_do_not_know_of_each_other(seen: Recording) -> None:
    since, until = seen.marks["first is backup"], seen.marks["watched till"]

    assert seen.states()[:3] == ["BACKUP", "MASTER", "BACKUP"]
    assert seen.went(router=1) == "BACKUP MASTER STOP", seen.went(router=1)
    assert seen.adverts(since=since, until=until) == []
    assert len(seen.adverts(since=since, until=until, vrid=52)) >= 3


@looking_at("two_families")
def test_vr_107_two_families_are_two_virtual_routers(seen: Recording) -> None:
    since, until = seen.marks["first is backup"], seen.marks["watched till"]

    assert seen.states()[:3] == ["BACKUP", "MASTER", "BACKUP"]
    assert seen.went(router=1) == "BACKUP MASTER STOP", seen.went(router=1)
    assert seen.adverts(since=since, until=until, family=4) == []
    assert len(seen.adverts(since=since, until=until, family=6)) >= 3


@looking_at("master_hears_higher", "master_hears_higher_version_2")
def test_vr_108_a_master_that_yields_waits_from_the_advert_it_yielded_to(seen: Recording) -> None:
    interval = 0.3 if seen.situation.name == "master_hears_higher" else 1.0

    takes_over(seen, "higher", master_down_interval(seen, interval=interval))
