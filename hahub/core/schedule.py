"""Deadlines of many virtual routers: a heap that is put right only where somebody looks.

A backup's deadline moves later with every advert that it hears. Its entry in the heap stays where it was, and is moved
when it comes to the top: a heap operation every three adverts in place of one for each.
"""

import heapq
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class HasDeadline(Protocol):
    """What can be scheduled."""

    @property
    def next_deadline(self) -> float | None: ...


def next_deadline(item: HasDeadline) -> float | None:
    """When an item is to be served, unless somebody knows better."""
    return item.next_deadline


_T = TypeVar("_T", bound=HasDeadline)


class Schedule(Generic[_T]):
    """Whose turn it is, by the deadlines as they stood when ``enter`` was last called."""

    def __init__(self, deadline_of: Callable[[_T], float | None] = next_deadline) -> None:
        """deadline_of: when an item is to be served; None for never."""
        self._deadline_of = deadline_of
        self._heap: list[tuple[float, int, _T]] = []
        self._deadlines: dict[_T, float] = {}
        self._entries: dict[_T, tuple[float, int, _T]] = {}
        """The one entry of each item that counts: at its deadline, or earlier."""
        self._count = 0

    def enter(self, item: _T) -> None:
        """Take note of the item's deadline, which may have changed either way, or gone."""
        deadline = self._deadline_of(item)
        if deadline is None:
            self.remove(item)
            return
        self._deadlines[item] = deadline
        entry = self._entries.get(item)
        if entry is None or deadline < entry[0]:
            heapq.heappush(self._heap, self._new_entry(item, deadline))

    def _new_entry(self, item: _T, deadline: float) -> tuple[float, int, _T]:
        self._count += 1
        entry = self._entries[item] = (deadline, self._count, item)
        return entry

    def remove(self, item: _T) -> None:
        self._deadlines.pop(item, None)
        self._entries.pop(item, None)

    @property
    def first(self) -> _T | None:
        """The item with the first deadline of all; None when nobody waits for anything."""
        self._put_right()
        return self._heap[0][2] if self._heap else None

    @property
    def earliest(self) -> float | None:
        """The first deadline of all; None when nobody waits for anything."""
        self._put_right()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> _T | None:
        """The item whose deadline passed first, no longer entered; None when none is due."""
        self._put_right()
        if not self._heap or self._heap[0][0] > now:
            return None
        item = heapq.heappop(self._heap)[2]
        self.remove(item)
        return item

    def pop_all_due(self, now: float, limit: int) -> list[_T]:
        """At most so many of the items whose deadlines have passed, in their order, no longer entered."""
        due: list[_T] = []
        while len(due) < limit and (item := self.pop_due(now)) is not None:
            due.append(item)
        return due

    def _put_right(self) -> None:
        """Until the entry at the top is one that counts, and at its item's deadline."""
        heap = self._heap
        while heap:
            entry = heap[0]
            item = entry[2]
            if self._entries.get(item) is not entry:
                heapq.heappop(heap)
            elif self._deadlines[item] > entry[0]:
                heapq.heapreplace(heap, self._new_entry(item, self._deadlines[item]))
            else:
                return
