"""Effective priority as keepalived computes it."""

import pytest

from hahub.settings import (
    InstanceSettings,
    Tracked,
    TrackedFile,
    TrackedInterface,
    TrackedProcess,
    TrackedScript,
)
from hahub.vrrp.priority import effective_priority, failed, unjudged


def configured(priority: int, *tracked: Tracked) -> InstanceSettings:
    return InstanceSettings(
        "VI_1",
        "eth0",
        51,
        priority=priority,
        track_scripts=tuple(each for each in tracked if isinstance(each, TrackedScript)),
        track_interfaces=tuple(each for each in tracked if isinstance(each, TrackedInterface)),
        track_processes=tuple(each for each in tracked if isinstance(each, TrackedProcess)),
        track_files=tuple(each for each in tracked if isinstance(each, TrackedFile)),
    )


@pytest.mark.parametrize(
    ("priority", "tracked", "verdict", "expected"),
    [
        pytest.param(100, TrackedScript("s", -2), False, 98, id="negative weight lowers while failed"),
        pytest.param(100, TrackedScript("s", -2), True, 100, id="negative weight adds nothing while ok"),
        pytest.param(100, TrackedScript("s", 5), True, 105, id="positive weight raises while ok"),
        pytest.param(100, TrackedScript("s", 5), False, 100, id="positive weight adds nothing while failed"),
        pytest.param(100, TrackedScript("s", 5), None, 100, id="positive weight: nothing before the first verdict"),
        pytest.param(100, TrackedScript("s", -2), None, 100, id="negative weight: nothing before the first verdict"),
        pytest.param(100, TrackedScript("s", -2, reverse=True), False, 102, id="reverse: failure raises"),
        pytest.param(100, TrackedScript("s", -2, reverse=True), True, 100, id="reverse: nothing while ok"),
        pytest.param(100, TrackedScript("s", 5, reverse=True), True, 95, id="reverse: success lowers"),
        pytest.param(100, TrackedScript("s", 5, reverse=True), False, 100, id="reverse: nothing while failed"),
        pytest.param(10, TrackedScript("s", -200), False, 1, id="not below 1"),
        pytest.param(200, TrackedScript("s", 100), True, 254, id="not above 254"),
        pytest.param(255, TrackedScript("s", -100), False, 255, id="the owner is never changed"),
        pytest.param(100, TrackedScript("s"), False, 100, id="weight 0 is FAULT, not arithmetic"),
        pytest.param(150, TrackedInterface("eth1", -60), False, 90, id="an interface that is down"),
        pytest.param(150, TrackedInterface("eth1", 60, reverse=True), True, 90, id="reverse: up lowers"),
        pytest.param(100, TrackedProcess("p", 20), True, 120, id="enough processes"),
        pytest.param(100, TrackedProcess("p", -20), False, 80, id="too few processes"),
        pytest.param(150, TrackedFile("f"), -60, 90, id="a number in a file"),
        pytest.param(100, TrackedFile("f", 3), 10, 130, id="times the weight"),
        pytest.param(100, TrackedFile("f", -3), 10, 70, id="times a negative weight"),
        pytest.param(100, TrackedFile("f", 3, reverse=True), 10, 70, id="reverse: the other sign"),
        pytest.param(254, TrackedFile("f"), -253, 1, id="as much as can be taken away without a FAULT"),
        pytest.param(200, TrackedFile("f"), -254, 200, id="a FAULT takes nothing away"),
        pytest.param(1, TrackedFile("f", 100), 1000, 254, id="no more than 253 is added"),
        pytest.param(100, TrackedFile("f", 0), 7, 100, id="weight 0: the number is no arithmetic"),
    ],
)
def test_effective_priority(priority: int, tracked: Tracked, verdict: int | None, expected: int) -> None:
    verdicts = {} if verdict is None else {tracked.tracker: verdict}

    assert effective_priority(configured(priority, tracked), verdicts) == expected


def test_all_trackers_add_up_before_the_limits_count() -> None:
    tracked = (TrackedScript("x", 50), TrackedInterface("x", -100), TrackedProcess("x", 7), TrackedFile("x", 2))
    verdicts = dict(zip([each.tracker for each in tracked], [True, False, True, 100], strict=True))

    assert effective_priority(configured(100, *tracked), verdicts) == 254
    assert effective_priority(configured(30, *tracked), verdicts) == 30 + 50 - 100 + 7 + 200


@pytest.mark.parametrize(
    ("tracked", "verdicts_of_fault"),
    [
        pytest.param(TrackedScript("x"), [False], id="script"),
        pytest.param(TrackedScript("x", reverse=True), [True], id="script in reverse"),
        pytest.param(TrackedScript("x", -5), [], id="script with weight"),
        pytest.param(TrackedInterface("x"), [False], id="interface"),
        pytest.param(TrackedInterface("x", reverse=True), [True], id="interface in reverse"),
        pytest.param(TrackedProcess("x", 0), [False], id="process"),
        pytest.param(TrackedProcess("x", 0, reverse=True), [True], id="process in reverse"),
        pytest.param(TrackedProcess("x"), [], id="process with weight"),
        pytest.param(TrackedFile("x", 0), [True, 2, -254, 300], id="file without weight: any number but 0"),
        pytest.param(TrackedFile("x", 0, reverse=True), [False], id="file without weight in reverse: 0"),
        pytest.param(TrackedFile("x"), [-254], id="file: less than -253"),
        pytest.param(TrackedFile("x", 254), [-254], id="file: any negative number, by its weight"),
        pytest.param(TrackedFile("x", -1), [300], id="file: a negative weight"),
        pytest.param(TrackedFile("x", reverse=True), [300], id="file: in reverse"),
    ],
)
def test_what_means_fault(tracked: Tracked, verdicts_of_fault: list[int]) -> None:
    verdicts = [False, True, 2, -254, 300] if isinstance(tracked, TrackedFile) else [False, True]

    assert [v for v in verdicts if failed((tracked,), {tracked.tracker: v})] == verdicts_of_fault
    assert failed((tracked,), {}) == ()


def test_the_start_waits_for_all_but_scripts_with_a_weight() -> None:
    tracked = (
        TrackedScript("a"),
        TrackedScript("b", -5),
        TrackedScript("c"),
        TrackedInterface("c", 5),
        TrackedProcess("c", 5),
        TrackedFile("c", 5),
    )

    assert unjudged(tracked, {tracked[0].tracker: True}) == tracked[2:]
