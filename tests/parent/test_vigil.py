"""When a core counts as hung."""

import pytest
import trio
import trio.testing

from hahub.lifeline import Due
from hahub.parent import vigil
from hahub.parent.vigil import CONFIRM, Vigil


def due(at: float, patience: float = 1.0) -> Due:
    return Due(at, patience, f"nothing since {at - patience:g}")


def test_one_that_speaks_is_looked_at_when_its_next_word_is_due() -> None:
    watch = Vigil()

    assert watch.look(due(11.0), 10.0) == (None, 11.0)
    assert watch.look(due(11.9), 11.0) == (None, 11.9)
    assert watch.look(due(12.8), 11.9) == (None, 12.8)


def test_a_core_that_has_just_answered_owes_something_else_than_before() -> None:
    watch = Vigil()

    assert watch.look(due(70.0, patience=60.0), 10.0) == (None, 13.0)


def test_one_that_is_silent_is_suspected_first_and_then_hung() -> None:
    watch = Vigil()
    watch.look(due(11.0), 10.0)

    assert watch.look(due(11.0), 11.0) == (None, 11.0 + CONFIRM)
    assert watch.look(due(11.0), 11.0 + CONFIRM) == (due(11.0), 11.0 + CONFIRM + 3.0)


def test_a_word_in_the_last_moment_ends_the_suspicion() -> None:
    watch = Vigil()
    watch.look(due(11.0), 10.0)
    watch.look(due(11.0), 11.0)

    assert watch.look(due(12.1), 11.2) == (None, 12.1)
    assert watch.look(due(12.1), 12.1) == (None, 12.1 + CONFIRM)


@pytest.mark.parametrize(
    "asleep",
    [pytest.param(0.0, id="before the suspicion"), pytest.param(CONFIRM, id="between suspicion and verdict")],
)
def test_who_slept_as_well_gives_as_long_again(asleep: float) -> None:
    """The host stood still from 11.0 on, for 60 s: the core's last word is as old as our own."""
    watch = Vigil()
    watch.look(due(11.0), 10.0)
    if asleep:
        watch.look(due(11.0), 11.0)

    assert watch.look(due(11.0), 71.0) == (None, 72.0)
    assert watch.look(due(11.0), 72.0) == (due(11.0), 75.0)


def test_nobody_is_hung_who_need_not_speak() -> None:
    watch = Vigil()
    watch.look(due(11.0), 10.0)
    watch.look(due(11.0), 11.0)

    assert watch.look(None, 11.2) == (None, 14.2)
    assert watch.look(due(11.0), 14.2) == (None, 14.2 + CONFIRM)


async def test_it_watches_until_somebody_is_hung_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    monkeypatch.setattr(vigil.time, "monotonic", trio.current_time)
    spoken, ended = trio.current_time(), []

    def end(why: str) -> None:
        nonlocal spoken
        ended.append((trio.current_time() - start, why))
        spoken = trio.current_time() + 3.0  # the next one has spoken by the next look

    start = spoken
    with trio.move_on_after(6.0):
        await vigil.keep(lambda: Due(spoken + 1.0, 1.0, "silent"), end)

    assert ended == [(pytest.approx(1.0 + CONFIRM), "silent"), (pytest.approx(5.2 + CONFIRM), "silent")]
