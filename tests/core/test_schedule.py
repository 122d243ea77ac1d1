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


def test_items_may_be_served_at_other_times_than_their_deadlines():
    schedule: Schedule[Item] = Schedule(lambda item: item.next_deadline and item.next_deadline // 1)
    late, early, never = Item(1.9), Item(1.2), Item(None)
    for item in (late, early, never):
        schedule.enter(item)

    assert schedule.earliest == 1.0
    assert schedule.pop_due(0.9) is None
    assert schedule.pop_due(1.0) is late, "of those that are due together the first that came"
    assert schedule.pop_due(1.0) is early
    assert schedule.first is None


def test_a_deadline_that_moved_later_again_and_again_counts_as_it_stands():
    schedule: Schedule[Item] = Schedule()
    item, other = Item(1.0), Item(500.0)
    schedule.enter(other)
    for deadline in range(1, 1000):
        item.next_deadline = float(deadline)
        schedule.enter(item)

    assert schedule.first is other
    assert schedule.pop_due(1000.0) is other
    assert schedule.pop_due(998.0) is None
    assert schedule.pop_due(999.0) is item
    assert schedule.first is None


def test_as_many_as_are_wanted_of_those_that_are_due_come_in_order():
    schedule: Schedule[Item] = Schedule()
    items = [Item(float(deadline)) for deadline in (3, 1, 2, 9)]
    for item in items:
        schedule.enter(item)

    assert schedule.pop_all_due(5.0, 2) == [items[1], items[2]]
    assert schedule.pop_all_due(5.0, 2) == [items[0]]
    assert schedule.pop_all_due(5.0, 2) == []
    assert schedule.first is items[3]


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


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.floats(0, 100))), max_size=60))
def test_everything_comes_due_once_and_in_order(changes):
    schedule: Schedule[Item] = Schedule()
    items = [Item(None) for _ in range(5)]
    for index, deadline in changes:
        items[index].next_deadline = deadline
        schedule.enter(items[index])

    came = []
    while (item := schedule.pop_due(100.0)) is not None:
        came.append(item)

    assert [item.next_deadline for item in came] == sorted(
        i.next_deadline for i in items if i.next_deadline is not None
    )
    assert len(set(map(id, came))) == len(came)
