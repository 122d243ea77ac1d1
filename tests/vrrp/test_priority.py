"""Effective priority as keepalived computes it."""

import pytest

from hahub.settings import InstanceSettings, TrackedScript
from hahub.vrrp.priority import effective_priority, failed_scripts, unjudged_scripts


def configured(priority: int, *scripts: TrackedScript) -> InstanceSettings:
    return InstanceSettings("VI_1", "eth0", 51, priority=priority, track_scripts=scripts)


@pytest.mark.parametrize(
    ("priority", "script", "verdict", "expected"),
    [
        pytest.param(100, TrackedScript("s", -2), False, 98, id="negative weight lowers while failed"),
        pytest.param(100, TrackedScript("s", -2), True, 100, id="negative weight adds nothing while ok"),
        pytest.param(100, TrackedScript("s", 5), True, 105, id="positive weight raises while ok"),
        pytest.param(100, TrackedScript("s", 5), False, 100, id="positive weight adds nothing while failed"),
        pytest.param(100, TrackedScript("s", 5), None, 100, id="positive weight: nothing before the first verdict"),
        pytest.param(100, TrackedScript("s", -2), None, 100, id="negative weight: nothing before the first verdict"),
        pytest.param(100, TrackedScript("s", -2, reverse=True), True, 98, id="reverse swaps"),
        pytest.param(100, TrackedScript("s", 5, reverse=True), False, 105, id="reverse swaps the other way"),
        pytest.param(10, TrackedScript("s", -200), False, 1, id="not below 1"),
        pytest.param(200, TrackedScript("s", 100), True, 254, id="not above 254"),
        pytest.param(255, TrackedScript("s", -100), False, 255, id="the owner is never changed"),
        pytest.param(100, TrackedScript("s"), False, 100, id="weight 0 is FAULT, not arithmetic"),
    ],
)
def test_effective_priority(priority, script, verdict, expected):
    verdicts = {} if verdict is None else {"s": verdict}

    assert effective_priority(configured(priority, script), verdicts) == expected


def test_scripts_without_weight_decide_about_fault():
    scripts = (
        TrackedScript("a"),
        TrackedScript("b", reverse=True),
        TrackedScript("c", -5),
        TrackedScript("d"),
    )

    assert failed_scripts(scripts, {"a": False, "b": True, "c": False}) == ("a", "b")
    assert unjudged_scripts(scripts, {"a": False, "b": True}) == ("d",)
