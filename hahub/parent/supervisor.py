"""One child process of hahub's own, core or hub: started, linked, watched, started again, stopped."""

import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import trio

from hahub.link import Link, LinkClosedError
from hahub.messages import MessageError, Record, Shutdown, Stopped
from hahub.parent.launch import connected_pair
from hahub.parent.logs import Log
from hahub.parent.restarts import RestartDelay
from hahub.parent.spawn import Child, describe_exit

_LEAVE_WITHIN = 3.0
"""Seconds for a process whose link has closed to end by itself."""
_LAST_WORDS = 1.0
"""Seconds to read what a dead process had still sent."""
_UNREAD_MAX = 1000
"""Records that may wait for a child that does not read; with more it counts as hung."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended when it was told to."""

    stopped: Stopped | None
    """Its last record, when it said one."""
    problem: str = ""
    """What went wrong, for people; empty when it ended in good order."""


class _Life:
    """One life of a child: its process, its link, what waits to be sent."""

    def __init__(self, child: Child, link: Link) -> None:
        self.child = child
        self.link = link
        self.waiting: deque[tuple[Record, tuple[int, ...]]] = deque()
        self.something_waits = trio.Event()
        self.everything_heard = trio.Event()
        self.stopped: Stopped | None = None
        self.started = trio.current_time()


class Supervised:
    """Keeps one child alive.

    start: starts the program with this descriptor as its end of the link; raises OSError.
    revive: start it once more when it has to stop and is dead, because a dead one leaves something behind.
    greet: called at the beginning of each life, to send what a fresh process has to know.
    hear: called with each record, Stopped among them.
    """

    def __init__(
        self,
        name: str,
        log: Log,
        *,
        start: Callable[[int], Child],
        greet: Callable[[], None],
        hear: Callable[[Record], None],
        revive: bool = False,
        delay_max: float = 60.0,
    ) -> None:
        """delay_max: seconds it may be away at most between two lives."""
        self.name = name
        self._log = log
        self._start = start
        self._greet = greet
        self._hear = hear
        self._revive = revive
        self._delay_max = delay_max
        self._grace = 0.0
        self._life: _Life | None = None
        self._stopping = trio.Event()
        self._over = trio.Event()
        self._last = Ending(None, f"{name} was not running")
        self._adopted: _Life | None = None

    @property
    def is_alive(self) -> bool:
        return self._life is not None

    def send(self, record: Record, descriptors: Sequence[int] = ()) -> None:
        """Send in order, without waiting; nothing happens between two lives.

        descriptors: duplicated, still owned by the caller.
        """
        life = self._life
        if life is None:
            return
        if len(life.waiting) >= _UNREAD_MAX:
            self._log.error(f"{self.name} does not read, {_UNREAD_MAX} records wait for it, ending it")
            life.child.signal(signal.SIGKILL)
            return
        life.waiting.append((record, tuple(map(os.dup, descriptors))))
        life.something_waits.set()

    def kill(self, why: str) -> None:
        """End this life, which is worth nothing any more; the next one follows."""
        if self._life is not None:
            self._log.error(f"{self.name} is hung: {why}; ending it pid={self._life.child.pid}")
            self._life.child.signal(signal.SIGKILL)

    def adopt(self, child: Child, link: Link) -> None:
        """Let the first life be that of a process which runs already. Before ``run``; both are owned from now on."""
        self._adopted = _Life(child, link)

    async def run(self) -> None:
        """Live and live again, until ``stop``."""
        delay = RestartDelay(self._delay_max)
        while not self._stopping.is_set():
            started = trio.current_time()
            await self._live()
            if not self._stopping.is_set():
                pause = delay.after(trio.current_time() - started)
                self._log.warning(f"starting {self.name} again, in={pause:g}s")
                with trio.move_on_after(pause):
                    await self._stopping.wait()
        if self._revive and self._last.problem:
            await self._live()
        self._over.set()

    async def stop(self, grace: float, *, kill_after: float) -> Ending:
        """Ask for an orderly end and wait for it, at most ``kill_after`` seconds, then kill."""
        self._grace = grace
        self._stopping.set()
        self.send(Shutdown(grace))
        with trio.move_on_after(kill_after) as patience:
            await self._over.wait()
        if patience.cancelled_caught:
            self._revive = False
            if self._life is not None:
                self._life.child.signal_group(signal.SIGKILL)
            with trio.move_on_after(_LAST_WORDS + 1.0):
                await self._over.wait()
            return Ending(self._last.stopped, f"{self.name} did not end within {kill_after:g} s, killed")
        return self._last

    async def _live(self) -> None:
        life = self._begin()
        if life is None:
            return
        self._life = life
        try:
            self._greet()
            if self._stopping.is_set():
                self.send(Shutdown(self._grace))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._send_all, life)
                nursery.start_soon(self._hear_all, life)
                status = await life.child.exited()
                with trio.move_on_after(_LAST_WORDS):
                    await life.everything_heard.wait()
                nursery.cancel_scope.cancel()
            self._note_end(life, status)
        finally:
            self._life = None
            life.child.signal_group(signal.SIGKILL)
            life.child.close()
            life.link.close()
            for _, descriptors in life.waiting:
                _close_all(descriptors)

    def _note_end(self, life: _Life, status: int) -> None:
        expected = status == 0 and self._stopping.is_set()
        self._last = Ending(life.stopped, "" if expected else f"{self.name} {describe_exit(status)}")
        lived = trio.current_time() - life.started
        say = self._log.info if expected else self._log.error
        say(f"{self.name} ended pid={life.child.pid} lived={lived:.1f}s: {describe_exit(status)}")

    def _begin(self) -> _Life | None:
        life, self._adopted = self._adopted or self._start_life(), None
        if life is not None:
            self._log.info(f"{self.name} started pid={life.child.pid}")
        return life

    def _start_life(self) -> _Life | None:
        try:
            ours, theirs = connected_pair()
        except OSError as error:
            self._log.error(f"{self.name} cannot be linked: {error}")
            return None
        try:
            child = self._start(theirs.fileno())
        except OSError as error:
            ours.close()
            self._log.error(f"{self.name} cannot be started: {error}")
            return None
        finally:
            theirs.close()
        return _Life(child, Link(ours))

    async def _send_all(self, life: _Life) -> None:
        with suppress(LinkClosedError):
            while True:
                await life.something_waits.wait()
                life.something_waits = trio.Event()
                while life.waiting:
                    record, descriptors = life.waiting.popleft()
                    try:
                        await life.link.send(record, descriptors)
                    finally:
                        _close_all(descriptors)

    async def _hear_all(self, life: _Life) -> None:
        """Until the link closes, and the process has to follow."""
        while True:
            try:
                record, descriptors = await life.link.receive()
            except MessageError as error:
                self._log.error(f"{self.name} sent something else than a record: {error}")
                continue
            except LinkClosedError:
                break
            _close_all(descriptors)
            if isinstance(record, Stopped):
                life.stopped = record
            self._hear(record)
        life.everything_heard.set()
        await trio.sleep(_LEAVE_WITHIN)
        self._log.error(f"{self.name} closed its link but did not end, killed")
        life.child.signal_group(signal.SIGKILL)


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
