"""The growing list of observations, which observers write and the story waits on."""

from collections.abc import Callable, Sequence

import trio

from hahub.demo.observations import Observation


class Timeline:
    """Observations in the order of their coming, which may differ a little from that of their times."""

    def __init__(self) -> None:
        self._seen: list[Observation] = []
        self._grown = trio.Event()

    def add(self, observation: Observation) -> None:
        """Append one, and wake who waits."""
        self._seen.append(observation)
        self._grown.set()
        self._grown = trio.Event()

    @property
    def seen(self) -> Sequence[Observation]:
        """All so far."""
        return self._seen

    async def grown(self) -> None:
        """Return at the next addition."""
        await self._grown.wait()

    async def wait_until(self, holds: Callable[[Sequence[Observation]], bool], *, within: float) -> bool:
        """Return as soon as the predicate holds; False when it did not within so many seconds."""
        with trio.move_on_after(within):
            while not holds(self._seen):
                await self._grown.wait()
            return True
        return holds(self._seen)
