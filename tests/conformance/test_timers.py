"""When a router takes over, and when it advertises."""

import statistics

import pytest

from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording, gaps
from tests.conformance.timing import first_advert, master_down_interval, skew_time, takes, takes_over

pytestmark = pytest.mark.namespaces


@looking_at("priority_0_version_2", "priority_0_version_2_slow", "priority_0_version_2_strong")
def test_vr_068_skew_time_of_version_2(seen: Recording) -> None:
    takes_over(seen, "resigned", skew_time(seen))


@looking_at("silence_version_2", "silence_version_2_slow")
def test_vr_069_master_down_interval_of_version_2(seen: Recording) -> None:
    takes_over(seen, "last", master_down_interval(seen))


@looking_at("priority_0_version_3", "priority_0_version_3_slow", "priority_0_ipv6")
def test_vr_070_skew_time_of_version_3(seen: Recording) -> None:
    takes_over(seen, "resigned", skew_time(seen))


@looking_at("silence_version_3", "silence_version_3_strong", "silence_ipv6")
def test_vr_071_master_down_interval_of_version_3(seen: Recording) -> None:
    takes_over(seen, "last", master_down_interval(seen))


@looking_at("two_adverts_missed")
def test_vr_071_down_timer_adverts_is_the_number_of_intervals(seen: Recording) -> None:
    takes_over(seen, "last", master_down_interval(seen, adverts=2))


@looking_at("learns_an_interval")
def test_vr_072_the_interval_of_the_last_advert_counts(seen: Recording) -> None:
    takes_over(seen, "last", master_down_interval(seen, interval=0.5))


@looking_at("learns_an_interval")
def test_vr_073_a_new_master_has_its_own_interval(seen: Recording) -> None:
    sent = seen.adverts(since=seen.marks["last"], until=seen.marks["SIGTERM"])

    takes(statistics.median(gaps(sent)), 0.2)
    assert {advert.interval for advert in sent} == {20}


@looking_at("learns_an_interval_then_priority_0")
def test_vr_074_skew_time_has_the_learned_interval(seen: Recording) -> None:
    takes_over(seen, "resigned", skew_time(seen, interval=0.5))


@looking_at("long_watched")
def test_vr_075_adverts_are_on_time_and_do_not_drift(seen: Recording) -> None:
    interval = seen.situation.routers[0].advert_int
    sent = seen.adverts(until=seen.marks["SIGTERM"])
    off = sorted(abs(gap - interval) for gap in gaps(sent))

    assert len(sent) >= 20
    assert off[len(off) * 9 // 10] < 0.010, f"{off[len(off) * 9 // 10] * 1000:.1f} ms off"
    drift = (sent[-1].at - sent[0].at) / (len(sent) - 1) - interval
    assert abs(drift) < 0.001, f"{drift * 1000:.2f} ms more in each interval"


@looking_at("long_watched")
def test_vr_076_timers_run_on_the_monotonic_clock(seen: Recording) -> None:
    assert seen.notes["clocks"] == ["CLOCK_MONOTONIC"]


@looking_at("loud_centisecond")
def test_vr_077_a_master_advertises_a_hundred_times_a_second(seen: Recording) -> None:
    sent = seen.adverts(until=seen.marks["master comes"])

    assert len(sent) > 100
    takes(statistics.median(gaps(sent)), 0.01, late=0.001)
    takes((sent[-1].at - sent[0].at) / (len(sent) - 1), 0.01, early=0.0005, late=0.001)


@looking_at("loud_centisecond")
def test_vr_077_a_backup_waits_for_the_thirty_milliseconds_it_has(seen: Recording) -> None:
    """Also when the tester is late: never less after its last advert."""
    own = seen.adverts(since=seen.marks["master comes"] + 0.05, until=seen.marks["master is gone"])
    theirs = [frame.at for frame in seen.frames[0] if frame.sent]

    early = [advert for advert in own if advert.at - max(at for at in theirs if at < advert.at) < 0.034]

    assert len(theirs) > 100
    assert early == []
    takes_over(seen, "master is gone", master_down_interval(seen))


@looking_at("stands_still")
def test_vr_078_a_master_that_was_too_late_says_so(seen: Recording) -> None:
    told = [line for line in seen.log_lines(seen.situation.name) if "no advertisement sent" in line or "timer" in line]

    assert told, "nothing in the log"


@looking_at("shorter_interval_than_the_master")
def test_vr_079_a_shorter_interval_of_its_own_is_no_reason_to_take_over(seen: Recording) -> None:
    assert seen.adverts(until=seen.marks["last"]) == []


@looking_at("state_master")
def test_vr_080_state_master_is_no_head_start(seen: Recording) -> None:
    first = first_advert(seen, 0.0)

    assert seen.went() == "BACKUP MASTER STOP", seen.went()
    takes(first.at - seen.when("BACKUP"), master_down_interval(seen), early=0.15)
