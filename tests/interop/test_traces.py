"""hahub tells FIFO and scripts what keepalived told in the same situation, but for the deliberate differences."""

import re
from pathlib import Path

import pytest

from tests.conftest import require
from tests.interop.differences import DIFFERENCES, expected_of_hahub
from tests.interop.replay import SCENARIOS, TRACES, Replay, Trace, golden, without_chance
from tests.interop.replay_groups import GROUP_SCENARIOS
from tests.interop.replay_trackers import TRACKER_SCENARIOS
from tests.lab import Daemon, Hahub, Keepalived, Lab

ROOT = Path(__file__).parents[2]
EVERY_SCENARIO = SCENARIOS | GROUP_SCENARIOS | TRACKER_SCENARIOS
SANITY = ["failover-crash", "sync-group-failover", "track-script-weight", "vip-removed"]
"""Replayed with keepalived too, to show that the replay is right. All but reload-bad-config pass, which ends it."""


def fifos(traces: dict[str, Trace]) -> dict[str, str]:
    return {host: without_chance(trace.fifo) for host, trace in traces.items()}


def replay(lab: Lab, name: str, daemon: type[Daemon], expected: dict[str, Trace]) -> None:
    scenario = Replay(lab, name, daemon, expected)

    EVERY_SCENARIO[name](scenario)
    told = scenario.end()

    assert fifos(told) == fifos(expected)
    assert {host: trace.argv for host, trace in told.items()} == {host: trace.argv for host, trace in expected.items()}


@pytest.mark.namespaces
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EVERY_SCENARIO))
def test_hahub_tells_what_keepalived_told(lab: Lab, name: str) -> None:
    replay(lab, name, Hahub, expected_of_hahub(name, golden(name)))


@pytest.mark.namespaces
@pytest.mark.keepalived
@pytest.mark.slow
@pytest.mark.parametrize("name", SANITY)
def test_keepalived_still_tells_what_it_told(lab: Lab, name: str) -> None:
    require("keepalived")
    replay(lab, name, Keepalived, golden(name))


def test_every_recorded_situation_is_made_again() -> None:
    assert {path.name.removesuffix(".json") for path in TRACES.glob("*.json")} == set(EVERY_SCENARIO)


def documented() -> list[tuple[str, str, str]]:
    """Return name, reason and proof of each row of the tables of differences in PROTOCOL.md."""
    text = (ROOT / "fifo" / "PROTOCOL.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()]
    return [(row[0].strip("`"), row[3], row[4].strip("`")) for row in rows if len(row) == 5 and row[0].startswith("`")]


def test_the_differences_in_traces_are_those_of_the_protocol() -> None:
    in_protocol = {(name, reason, proof) for name, reason, proof in documented() if proof.startswith("trace ")}

    assert in_protocol == {(each.name, each.reason, f"trace {each.trace}") for each in DIFFERENCES}


def test_every_other_difference_in_the_protocol_is_shown_by_a_test() -> None:
    others = [(name, proof) for name, _, proof in documented() if not proof.startswith("trace ")]
    names = [name for name, _, _ in documented()]

    assert len(others) > 10
    assert len(set(names)) == len(names)
    for name, proof in others:
        path, _, function = proof.partition("::")
        assert re.search(rf"def {function}\(", (ROOT / path).read_text()), f"{name}: {proof} does not exist"
