"""When a change of an interface is believed; time is a number."""

import pytest

from hahub.core.debounce import Debounce
from hahub.settings import LinkDelay


class Link:
    """An interface that a debounce is asked about."""

    def __init__(self, *delays: LinkDelay) -> None:
        self.now = 100.0
        self.debounce = Debounce(lambda: self.now)
        self.debounce.configure(delays)

    def at(self, now: float, up: bool, *, name: str = "eth0", wire: str = "eth0", exists: bool = True) -> bool:
        self.now = 100.0 + now
        return self.debounce.is_up(name, wire, up=up, exists=exists)

    @property
    def due_at(self) -> float | None:
        deadline = self.debounce.next_deadline
        return None if deadline is None else deadline - 100.0


DELAY = LinkDelay("eth0", down=1.0, up=5.0)


def test_a_change_is_believed_after_its_delay_and_asked_for_then() -> None:
    link = Link(DELAY)

    believed = [link.at(0, True), link.at(1, False), link.at(1.9, False)]
    early, due_at, late = link.debounce.due(101.9), link.due_at, link.debounce.due(102.0)

    assert believed == [True, True, True]
    assert (early, due_at, late) == (set(), 2.0, {"eth0"})
    assert [link.at(2, False), link.at(3, True), link.at(7.9, True), link.at(8, True)] == [False, False, False, True]
    assert link.due_at is None


def test_what_comes_back_in_time_has_never_been_away() -> None:
    link = Link(DELAY)

    believed = [link.at(0, True), link.at(1, False), link.at(1.5, True), link.at(1.6, False), link.at(2.5, False)]

    assert believed == [True] * 5
    assert link.due_at == pytest.approx(2.6)


@pytest.mark.parametrize(
    ("name", "wire", "expected"),
    [
        pytest.param("eth1", "eth1", False, id="one without a delay"),
        pytest.param("vrrp.51", "eth0", True, id="a virtual one on one with a delay"),
    ],
)
def test_the_delay_is_that_of_the_wire(name: str, wire: str, expected: bool) -> None:
    link = Link(DELAY)
    link.at(0, True, name=name, wire=wire)

    assert link.at(1, False, name=name, wire=wire) is expected


def test_what_is_seen_first_and_what_is_gone_is_believed_at_once() -> None:
    link = Link(DELAY)

    believed = [link.at(0, False), link.at(0, True), link.at(6, True), link.at(7, False, exists=False)]

    assert believed == [False, False, True, False]
    assert link.due_at is None


def test_another_configuration_begins_anew() -> None:
    link = Link(DELAY)
    link.at(0, True)
    link.at(1, False)

    link.debounce.configure(())

    assert link.due_at is None
    assert link.at(1.1, False) is False
