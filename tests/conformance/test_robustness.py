"""What must not upset a router: nonsense, floods, and a wire that takes nothing."""

import pytest

from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording, gaps
from tests.conformance.situations.batteries import RIGHT
from tests.conformance.situations.floods import FLOOD_PER_SECOND, FLOOD_SECONDS, MUTATED, RANDOM
from tests.conformance.tester import YIELDED
from tests.conformance.timing import first_advert

pytestmark = pytest.mark.namespaces

MEBIBYTE = 1024
"""In kilobytes."""


def during(seen: Recording, vrid: int = 51) -> list[float]:
    """Return the times between two adverts while packets came, those before the first and after the last included."""
    since, until = seen.marks["begin"], seen.marks["end"]
    before = seen.adverts(until=since, vrid=vrid)[-1:]
    after = seen.adverts(since=until, vrid=vrid)[:1]
    return gaps([*before, *seen.adverts(since=since, until=until, vrid=vrid), *after])


@looking_at("fuzz")
def test_vr_139_no_packet_ends_or_stops_the_daemon(seen: Recording) -> None:
    sent = sum(frame.sent for frame in seen.frames[0])

    assert sent >= RANDOM + MUTATED
    assert first_advert(seen, seen.marks["end"])
    assert seen.states()[-1] == seen.states(router=1)[-1] == "STOP"


@looking_at("fuzz")
def test_vr_140_no_invalid_packet_changes_its_state(seen: Recording) -> None:
    for router in (0, 1):
        assert seen.went(router) == "BACKUP MASTER STOP", seen.went(router)


@looking_at("fuzz")
def test_vr_141_memory_does_not_grow_with_packets(seen: Recording) -> None:
    before, after = seen.notes["memory before"], seen.notes["memory after"]

    assert isinstance(before, int)
    assert isinstance(after, int)
    assert after - before < MEBIBYTE, f"{after - before} kB more after {RANDOM + MUTATED} packets"


@looking_at("flood")
def test_vr_142_a_flood_does_not_delay_adverts(seen: Recording) -> None:
    interval = seen.situation.routers[0].advert_int
    longest = max(during(seen))

    assert seen.marks["end"] - seen.marks["begin"] < 2 * FLOOD_SECONDS
    assert longest < 2 * interval, f"{longest:.2f} s without an advert, the interval is {interval:g} s"


@looking_at("flood")
def test_vr_143_nor_those_of_another_virtual_router(seen: Recording) -> None:
    interval = seen.situation.routers[1].advert_int
    longest = max(during(seen, vrid=52))

    assert longest < 1.1 * interval, f"{longest:.2f} s without an advert, the interval is {interval:g} s"


@looking_at("flood")
def test_vr_144_a_flood_does_not_fill_the_log(seen: Recording) -> None:
    lines = len(seen.log.splitlines())

    assert lines < 100, f"{lines} lines about {FLOOD_PER_SECOND * FLOOD_SECONDS:.0f} packets"


@looking_at("giants")
def test_vr_145_a_packet_larger_than_any_advert_is_discarded(seen: Recording) -> None:
    assert [label for label, verdict in seen.notes.items() if verdict == YIELDED] == [RIGHT]


@looking_at("nowhere_to_send")
def test_vr_146_an_advert_that_cannot_be_sent_is_told_once_and_tried_again(seen: Recording) -> None:
    before, back = seen.marks["down"], seen.marks["up"]
    told = seen.log_lines("not sent") + seen.log_lines("send", "error") + seen.log_lines("sendmsg")

    assert "BACKUP" not in seen.states()[1:], seen.went()
    assert seen.adverts(since=before, until=back) == []
    assert first_advert(seen, back).at - back < 0.5
    assert 1 <= len(told) <= 3, f"{len(told)} lines about 8 adverts"
