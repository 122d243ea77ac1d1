"""The journal under trio: one writer thread, group commit, and what happens while the disk is out of order.

Nothing is reported as recorded before it is on the disk. What cannot be written waits in memory, in order,
and is written by the next attempt that succeeds; meanwhile messages are delivered from memory.
"""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from hahub.hub.clock import Moment
from hahub.hub.journal import Batch, Journal
from hahub.hub.outbox import Entry, Message, Row
from hahub.messages import Gap

RETRY_INTERVAL = 5.0
"""Seconds between attempts while the journal cannot be written."""
BACKLOG_MAX = 1000
"""Transitions kept in memory meanwhile; the others stay with the core, unacknowledged."""
_REMIND_INTERVAL = 300.0

_TROUBLES = (sqlite3.Error, OSError, ValueError, OverflowError)
"""What SQLite raises for files, disks and values it cannot cope with."""

_T = TypeVar("_T")
_K = TypeVar("_K")
_V = TypeVar("_V")

logger = logging.getLogger(__name__)


class Recorder:
    """Writes the journal. Its methods never raise because of the file or the disk."""

    def __init__(self, path: Path, now: Callable[[], Moment], *, retry_interval: float = RETRY_INTERVAL) -> None:
        self._path = path
        self._now = now
        self._retry_interval = retry_interval
        self._journal: Journal | None = None
        self._thread = trio.CapacityLimiter(1)
        self._turn = trio.Lock()
        self._append_turn = trio.Lock()
        self._entries: dict[str, Entry] = {}
        self._gaps: dict[tuple[str, int, int], Gap] = {}
        self._rows: dict[tuple[str, str], Row] = {}
        self._asking: frozenset[str] = frozenset()
        self._known: set[str] = set()
        self.recorded: dict[str, int] = {}
        """Of each boot seen: the number up to which nothing is missing on the disk."""
        self._progress = trio.Event()
        self._trouble = ""
        self._next_try = float("-inf")
        self._next_reminder = float("-inf")

    @property
    def trouble(self) -> str:
        """Why the journal cannot be written; empty while it can."""
        return self._trouble

    @property
    def backlog(self) -> int:
        """How many transitions wait in memory to be written."""
        return len(self._entries)

    async def open(self) -> list[Message]:
        """Open the journal; the messages that wait in it. None if it is open already or cannot be opened."""
        async with self._turn:
            if self._journal is not None:
                return []
            try:
                self._journal, waiting = await self._in_thread(partial(_open, self._path))
            except _TROUBLES as error:
                self._failed(error)
                return []
            return waiting

    async def append(self, entries: Sequence[Entry], gaps: Sequence[Gap] = ()) -> list[Entry]:
        """Record transitions with their messages in one commit; those that are news.

        The others are repetitions of what is recorded or waits here to be.
        """
        async with self._append_turn:
            fresh = {e.transition.key: e for e in entries if e.transition.key not in self._entries}
            self._entries.update(fresh)
            self._gaps.update({(gap.boot, gap.first, gap.last): gap for gap in gaps})
            # Another task's flush may write these entries; what it finds out about them is put into _known.
            self._asking, self._known = frozenset(fresh), set()
            await self.flush()
            return [entry for key, entry in fresh.items() if key not in self._known]

    async def save(self, rows: Sequence[Row]) -> None:
        """Record what became of messages."""
        self._rows.update({(row.message.key, row.recipient): row for row in rows})
        await self.flush()

    async def flush(self) -> None:
        """Write what waits, unless the last failure is too recent."""
        async with self._turn:
            if self._journal is None or trio.current_time() < self._next_try:
                return
            entries, gaps, rows = dict(self._entries), dict(self._gaps), dict(self._rows)
            if not (entries or gaps or rows):
                return
            batch = Batch(tuple(entries.values()), tuple(gaps.values()), tuple(rows.values()), self._now().wall)
            try:
                written = await self._in_thread(partial(self._journal.write, batch))
            except _TROUBLES as error:
                self._failed(error)
                return
            _forget(self._entries, entries)
            _forget(self._gaps, gaps)
            _forget(self._rows, rows)
            self._known |= written.known & self._asking
            self.recorded |= written.recorded
            self._succeeded()

    async def recorded_up_to(self, boot: str) -> int | None:
        """The number up to which nothing of ``boot`` is missing on the disk; None while nobody can know."""
        if boot in self.recorded:
            return self.recorded[boot]
        async with self._turn:
            if self._journal is None:
                return None
            try:
                mark = await self._in_thread(partial(self._journal.recorded_up_to, boot))
            except _TROUBLES as error:
                self._failed(error)
                return None
            return self.recorded.setdefault(boot, mark)

    async def wait_progress(self) -> None:
        """Return after the next commit."""
        await self._progress.wait()

    async def close(self) -> None:
        """Write what waits, now or never, and close the file."""
        self._next_try = float("-inf")
        await self.flush()
        async with self._turn:
            if self._journal is not None:
                await self._in_thread(self._journal.close)
                self._journal = None

    async def _in_thread(self, function: Callable[[], _T]) -> _T:
        return await trio.to_thread.run_sync(function, limiter=self._thread)

    def _failed(self, error: Exception) -> None:
        now = trio.current_time()
        self._next_try = now + self._retry_interval
        trouble = f"{type(error).__name__}: {error}"
        if trouble != self._trouble or now >= self._next_reminder:
            self._next_reminder = now + _REMIND_INTERVAL
            logger.error(
                "journal cannot be written, delivering from memory: %s path=%s waiting=%d",
                trouble,
                self._path,
                len(self._entries),
            )
        self._trouble = trouble

    def _succeeded(self) -> None:
        if self._trouble:
            logger.warning("journal is written again path=%s", self._path)
        self._trouble = ""
        progress, self._progress = self._progress, trio.Event()
        progress.set()


def _open(path: Path) -> tuple[Journal, list[Message]]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    journal = Journal.open(path)
    try:
        return journal, journal.waiting()
    except BaseException:
        journal.close()
        raise


def _forget(waiting: dict[_K, _V], written: dict[_K, _V]) -> None:
    """Drop what was written, but not what was put there in the meantime."""
    for key, value in written.items():
        if waiting.get(key) is value:
            del waiting[key]
