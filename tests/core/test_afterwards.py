"""Work that may wait."""

import pytest

from hahub.core.afterwards import Afterwards


def test_work_is_done_at_once_when_nothing_is_urgent():
    done: list[str] = []

    Afterwards().do(lambda: done.append("work"))

    assert done == ["work"]


def test_work_waits_for_what_is_urgent_and_keeps_its_order():
    afterwards = Afterwards()
    done: list[str] = []

    with afterwards.held():
        for what in ("first", "second"):
            afterwards.do(lambda what=what: done.append(what))
        done.append("urgent")
    afterwards.do(lambda: done.append("later"))

    assert done == ["urgent", "first", "second", "later"]


def test_work_is_done_even_when_what_is_urgent_fails():
    afterwards = Afterwards()
    done: list[str] = []

    def fail() -> None:
        with afterwards.held():
            afterwards.do(lambda: done.append("work"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert done == ["work"]
