"""Records on their way out of the core: sent at once when they fit, kept in a bounded queue when not."""

from collections import deque

import trio

from hahub.link import Link, LinkClosedError
from hahub.messages import Log, Record

QUEUE_MAX = 20_000
"""Records; above it log lines go first."""


class Outlet:
    """The sending side of a link, for a caller that must never wait. ``run`` sends what had to be kept."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._queue: deque[Record] = deque()
        self._waiting = trio.Event()
        self.dropped = 0
        """Records that were given up because nobody read for a long time."""

    def attach(self, link: Link | None) -> None:
        """Use this link from now on; what is queued goes out over it."""
        self._link = link
        self._waiting.set()

    @property
    def is_empty(self) -> bool:
        return not self._queue

    def clear(self) -> None:
        self._queue.clear()

    def put(self, record: Record) -> None:
        """Send now if possible, in order; never waits, never raises."""
        if self._queue or not self._try(record):
            self._keep(record)

    def _try(self, record: Record) -> bool:
        if self._link is None:
            return False
        try:
            return self._link.try_send(record)
        except LinkClosedError:
            self._link = None
            return False

    def _keep(self, record: Record) -> None:
        if len(self._queue) >= QUEUE_MAX or (isinstance(record, Log) and len(self._queue) >= QUEUE_MAX // 2):
            self.dropped += 1
            return
        self._queue.append(record)
        self._waiting.set()

    @property
    def waiting(self) -> tuple[Record, ...]:
        """What could not be sent so far."""
        self.flush()
        return tuple(self._queue)

    def flush(self) -> None:
        """Send from the queue as much as fits now."""
        while self._queue and self._try(self._queue[0]):
            self._queue.popleft()

    async def run(self) -> None:
        """Send what is queued whenever the other side reads again. Runs for ever."""
        while True:
            await self._waiting.wait()
            self.flush()
            link = self._link
            if not self._queue or link is None:
                self._waiting = trio.Event()
                continue
            await trio.lowlevel.wait_writable(link.fileno())
