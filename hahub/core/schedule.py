"""Deadlines of many virtual routers: a heap in which a changed deadline is simply entered again."""

import heapq
from typing import Generic, Protocol, TypeVar


class HasDeadline(Protocol):
    """What can be scheduled."""

    @property
    def next_deadline(self) -> float | None: ...


_T = TypeVar("_T", bound=HasDeadline)


class Schedule(Generic[_T]):
    """Whose turn it is, by ``next_deadline`` as it stood when ``enter`` was last called."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _T]] = []
        self._entered: dict[_T, tuple[float, int]] = {}
        self._count = 0

    def enter(self, item: _T) -> None:
        """Take note of the item's deadline, which may have changed either way, or gone."""
        deadline = item.next_deadline
        known = self._entered.get(item)
        if deadline is None:
            self._entered.pop(item, None)
        elif known is None or known[0] != deadline:
            self._count += 1
            self._entered[item] = (deadline, self._count)
            heapq.heappush(self._heap, (deadline, self._count, item))

    def remove(self, item: _T) -> None:
        self._entered.pop(item, None)

    @property
    def earliest(self) -> float | None:
        """The first deadline of all; None when nobody waits for anything."""
        self._forget_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> _T | None:
        """The item whose deadline passed first, no longer entered; None when none is due."""
        self._forget_stale()
        if not self._heap or self._heap[0][0] > now:
            return None
        item = heapq.heappop(self._heap)[2]
        del self._entered[item]
        return item

    def _forget_stale(self) -> None:
        heap = self._heap
        while heap and self._entered.get(heap[0][2]) != heap[0][:2]:
            heapq.heappop(heap)
