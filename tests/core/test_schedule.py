"""Deadlines of many items."""

from hypothesis import given
from hypothesis import strategies as st

from hahub.core.schedule import Schedule


class Item:
    def __init__(self, deadline: float | None) -> None:
        self.next_deadline = deadline


def test_items_come_due_in_the_order_of_their_deadlines():
    schedule: Schedule[Item] = Schedule()
    late, early, never = Item(2.0), Item(1.0), Item(None)
    for item in (late, early, never):
        schedule.enter(item)

    assert schedule.earliest == 1.0
    assert schedule.pop_due(0.5) is None
    assert schedule.pop_due(3.0) is early
    assert schedule.pop_due(3.0) is late
    assert schedule.pop_due(3.0) is None
    assert schedule.earliest is None


def test_a_deadline_may_move_either_way_or_go():
    schedule: Schedule[Item] = Schedule()
    item = Item(5.0)
    schedule.enter(item)
    item.next_deadline = 2.0
    schedule.enter(item)
    assert schedule.earliest == 2.0
    item.next_deadline = 9.0
    schedule.enter(item)
    assert schedule.earliest == 9.0
    item.next_deadline = None
    schedule.enter(item)
    assert schedule.earliest is None


def test_a_removed_item_never_comes_due():
    schedule: Schedule[Item] = Schedule()
    item = Item(1.0)
    schedule.enter(item)

    schedule.remove(item)

    assert schedule.pop_due(10.0) is None


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.floats(0, 100))), max_size=60))
def test_the_earliest_is_the_smallest_current_deadline(changes):
    schedule: Schedule[Item] = Schedule()
    items = [Item(None) for _ in range(5)]
    for index, deadline in changes:
        items[index].next_deadline = deadline
        schedule.enter(items[index])

        current = [item.next_deadline for item in items if item.next_deadline is not None]
        assert schedule.earliest == min(current, default=None)
