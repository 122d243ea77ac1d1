"""Ten thousand clusters to which everything happens; and that the simulation would notice, and can be replayed."""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hahub.model import Cause, State
from hahub.vrrp.actions import Action, Note, Report
from tests.simulation import faults
from tests.simulation.__main__ import main
from tests.simulation.checks import Checks
from tests.simulation.laws import Law
from tests.simulation.many import Failure, play, shrink
from tests.simulation.plan import draw
from tests.simulation.sabotage import SABOTAGE
from tests.simulation.timeline import Timeline
from tests.simulation.voice import is_sealed

ROOT = Path(__file__).parents[2]
SEEDS = 10_000
CAUSES = {
    Cause.STARTED, Cause.MASTER_DOWN_TIMER, Cause.PRIORITY_ZERO, Cause.ADDRESS_OWNER, Cause.HIGHER_PRIORITY,
    Cause.HIGHER_ADDRESS, Cause.LOWER_PRIORITY, Cause.RIVAL, Cause.NOPREEMPT, Cause.MAINTENANCE, Cause.OVERSLEPT,
    Cause.INTERFACE_DOWN, Cause.NO_SOURCE_ADDRESS, Cause.SCRIPT_FAILED, Cause.FAULT_CLEARED, Cause.SYNC_GROUP,
    Cause.PRIORITY_CHANGED, Cause.RELOADED, Cause.STOPPED,
}  # fmt: skip
"""All but those of processes and files, which differ from scripts in their names only."""
FOUND_WITHIN = 200
"""Seeds after which a planted fault must have been found."""


def simulation(*arguments: str, hash_seed: str = "random") -> "subprocess.CompletedProcess[str]":
    """``python -m tests.simulation`` in another process."""
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.alone
def test_ten_thousand_clusters_break_no_law_in_three_minutes_of_two_processors():
    before = os.times().children_user
    done = simulation("--seeds", str(SEEDS))
    used = os.times().children_user - before

    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SEEDS} seeds" in done.stdout
    assert used < 2 * 180.0


@pytest.mark.parametrize("planted", [pytest.param(each, id=name) for name, each in SABOTAGE.items()])
def test_a_fault_that_is_planted_is_found_within_two_hundred_seeds(planted, monkeypatch):
    planted.plant(monkeypatch)

    broken: Counter[str] = Counter()
    for seed in range(FOUND_WITHIN):
        outcome = play(draw(seed))
        if isinstance(outcome, Failure):
            broken[outcome.law] += 1
            if outcome.law == planted.law:
                return
    pytest.fail(f"{planted.law} was not broken, but {dict(broken)}")


def test_each_law_can_be_broken():
    assert {planted.law for planted in SABOTAGE.values()} == set(Law)


def test_a_seed_is_replayed_exactly_in_other_processes():
    for seed in ("7", "38", "61"):
        first, second = (simulation(seed, hash_seed=hash_seed) for hash_seed in ("1", "2"))

        assert first.returncode == 0, first.stdout
        assert first.stdout.count("\n") > 100
        assert first.stdout == second.stdout


def test_a_seed_that_fails_tells_the_command_that_replays_it_with_the_faults_that_matter(monkeypatch, capsys):
    SABOTAGE["an invalid packet sets the timer"].plant(monkeypatch)
    seed = next(seed for seed in range(FOUND_WITHIN) if isinstance(play(draw(seed)), Failure))

    monkeypatch.setattr(sys, "argv", ["simulation", str(seed)])
    assert main() == 1
    told = capsys.readouterr().out
    command = re.search(rf"python -m tests.simulation {seed} --faults '([\d,]+)'\n$", told)
    assert command is not None, told[-1000:]
    monkeypatch.setattr(sys, "argv", ["simulation", str(seed), "--faults", command[1]])
    assert main() == 1

    shorter = capsys.readouterr().out
    assert "invalid packets: " in shorter
    assert len(command[1].split(",")) <= len({fault.number for fault in draw(seed).faults})
    assert shrink(draw(seed), "no such law") == draw(seed)


def test_many_seeds_name_those_that_fail(monkeypatch, capsys):
    monkeypatch.setattr("tests.simulation.__main__.play_many", in_this_process)
    SABOTAGE["a backup advertises"].plant(monkeypatch)

    monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "3", "--start", "5"])
    assert main() == 1

    told = capsys.readouterr().out
    assert re.search(
        r"seed 5: adverts: . VI_\d: priority \d+ without the addresses\n +python -m tests.simulation 5\n", told
    )
    assert "3 seeds" in told


def in_this_process(seeds: range, _jobs: int | None) -> list[Any]:
    from tests.simulation.many import play_seeds

    return [play_seeds(seeds)]


def test_no_clock_but_the_simulated_one_is_read(monkeypatch):
    expected = [lines_of(seed) for seed in range(20)]

    def read() -> float:
        raise AssertionError("the state machines are told the time")

    for name in ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns"):
        monkeypatch.setattr(time, name, read)
    found = [lines_of(seed) for seed in range(20)]
    monkeypatch.undo()

    assert found == expected


def test_setting_the_wall_clock_changes_nothing_where_adverts_are_not_sealed():
    seen = 0
    for seed in range(150):
        plan = draw(seed)
        if any(is_sealed(settings) for host in plan.hosts for settings in host.settings):
            continue
        others = [fault.number for fault in plan.faults if not isinstance(fault, faults.WallClockSet)]
        if len(others) < len(plan.faults):
            seen += 1
            assert lines_of(seed) == lines_of(seed, others)
    assert seen >= 3


def lines_of(seed: int, numbers: list[int] | None = None) -> list[str]:
    """What hosts did, without what was done to them."""
    plan = draw(seed) if numbers is None else draw(seed).with_faults(numbers)
    timeline = Timeline()
    play(plan, timeline)
    return [line for line in timeline.lines if "--- fault" not in line]


class Tally(Timeline):
    """Counts what there was."""

    def __init__(self) -> None:
        super().__init__()
        self.causes: Counter[Cause] = Counter()
        self.states: Counter[State] = Counter()
        self.notes: Counter[str] = Counter()

    def did(self, now: float, host: Any, router: str, action: Action) -> None:
        if isinstance(action, Report):
            self.causes[action.reason.cause] += 1
            self.states[action.state] += 1
        elif isinstance(action, Note):
            self.notes[action.topic] += 1


def test_everything_that_can_happen_happens_within_five_hundred_seeds(monkeypatch):
    tally, kinds, lives = Tally(), Counter[str](), Counter[bool]()
    begins = Checks.begins

    def counted(self: Checks, host: Any, router: Any, *, resumed: bool) -> None:
        lives[resumed] += 1
        begins(self, host, router, resumed=resumed)

    monkeypatch.setattr(Checks, "begins", counted)
    for seed in range(500):
        plan = draw(seed)
        kinds.update(type(fault).__name__ for fault in plan.faults)
        play(plan, tally)

    assert set(kinds) == {"WireFault", *(kind.__name__ for kind in faults.HostFault.__subclasses__())}
    assert min(kinds.values()) >= 10, kinds
    assert set(tally.states) == set(State) - {State.INIT}
    assert set(tally.causes) >= CAUSES
    assert {"lower", "lost", "stranger", "priority"} <= set(tally.notes)
    assert lives[True] >= 10
