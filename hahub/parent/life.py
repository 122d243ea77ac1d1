"""One life of one child process: its process, its link, what waits to be sent over it, and how it ends."""

import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import trio

from hahub.link import Link, LinkClosedError
from hahub.messages import MessageError, Ready, Record, Stopped, TookOver
from hahub.parent.heritage import ChildHeritage
from hahub.parent.logs import Log
from hahub.parent.spawn import Child

_LEAVE_WITHIN = 3.0
"""Seconds for a process whose link has closed to end by itself."""
_LAST_WORDS = 1.0
"""Seconds to read what a dead process had still sent."""


class Life:
    """Owns the process and the link, from the beginning of ``attend`` to its end."""

    def __init__(self, name: str, child: Child, link: Link, log: Log, *, is_known: bool = False) -> None:
        """is_known: it has been told already what a fresh process has to know."""
        self.name = name
        self.child = child
        self.link = link
        self._log = log
        self.is_known = is_known
        self.is_attended = False
        self.is_relieved = False
        """Somebody else does its work, or will: its end is no trouble."""
        self.started = trio.current_time()
        self.stopped: Stopped | None = None
        """Its last record, when it said one."""
        self.status = 0
        """Of its exit, once it is over."""
        self.prepared: trio.Event | None = None
        """Of a life in Standby: set by its Ready, which is not passed on."""
        self.took_over = trio.Event()
        self.over = trio.Event()
        self._waiting: deque[tuple[Record, tuple[int, ...]]] = deque()
        self._is_sending = False
        self._something_waits = trio.Event()
        self._everything_heard = trio.Event()

    def bequeath(self) -> ChildHeritage | None:
        """Leave it to another image of this process; None while something waits to be sent, or it is over."""
        if self.unread or self.over.is_set():
            return None
        return self.child.bequeath(self.link.fileno())

    @property
    def unread(self) -> int:
        """How many records wait to be sent."""
        return len(self._waiting) + self._is_sending

    def send(self, record: Record, descriptors: Sequence[int] = ()) -> None:
        """Send in order, without waiting. descriptors: duplicated, still owned by the caller."""
        self._waiting.append((record, tuple(map(os.dup, descriptors))))
        self._something_waits.set()

    async def attend(self, hear: Callable[[Record], None]) -> None:
        """Send and hear until the process has ended, and leave nothing of it.

        hear: called with each record, Stopped among them.
        """
        self.is_attended = True
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._send_all)
                nursery.start_soon(self._hear_all, hear)
                self.status = await self.child.exited()
                with trio.move_on_after(_LAST_WORDS):
                    await self._everything_heard.wait()
                nursery.cancel_scope.cancel()
        finally:
            self.child.signal_group(signal.SIGKILL)
            self.child.close()
            self.link.close()
            for _, descriptors in self._waiting:
                _close_all(descriptors)
            self.over.set()

    async def _send_all(self) -> None:
        with suppress(LinkClosedError):
            while True:
                await self._something_waits.wait()
                self._something_waits = trio.Event()
                while self._waiting:
                    record, descriptors = self._waiting.popleft()
                    self._is_sending = True
                    try:
                        await self.link.send(record, descriptors)
                    finally:
                        self._is_sending = False
                        _close_all(descriptors)

    async def _hear_all(self, hear: Callable[[Record], None]) -> None:
        """Until the link closes, and the process has to follow."""
        while True:
            try:
                record, descriptors = await self.link.receive()
            except MessageError as error:
                self._log.error(f"{self.name} sent something else than a record: {error}")
                continue
            except LinkClosedError:
                break
            _close_all(descriptors)
            self._note(record, hear)
        self._everything_heard.set()
        await trio.sleep(_LEAVE_WITHIN)
        self._log.error(f"{self.name} closed its link but did not end, killed")
        self.child.signal_group(signal.SIGKILL)

    def _note(self, record: Record, hear: Callable[[Record], None]) -> None:
        if isinstance(record, Stopped):
            self.stopped = record
        if isinstance(record, Ready) and self.prepared is not None and not self.prepared.is_set():
            self.prepared.set()
            return
        if isinstance(record, TookOver):
            self.took_over.set()
        hear(record)


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
