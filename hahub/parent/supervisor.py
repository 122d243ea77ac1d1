"""One child process of hahub's own, core or hub: started, linked, watched, started again, replaced, stopped."""

import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import trio

from hahub.link import Link
from hahub.messages import HandOver, Record, Shutdown, Standby, Stopped
from hahub.parent.launch import connected_pair
from hahub.parent.life import Life
from hahub.parent.logs import Log
from hahub.parent.restarts import RestartDelay
from hahub.parent.spawn import Child, describe_exit

_UNREAD_MAX = 1000
"""Records that may wait for a child that does not read; with more it counts as hung."""
_PREPARE_WITHIN = 60.0
"""Seconds for a successor to be ready."""
_TAKE_OVER_WITHIN = 5.0
"""Seconds from HandOver until the one that does not let go is ended."""
_LAST_WAIT = 2.0
"""Seconds for what was killed to be gone."""

Send = Callable[[Record, Sequence[int]], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended when it was told to."""

    stopped: Stopped | None
    """Its last record, when it said one."""
    problem: str = ""
    """What went wrong, for people; empty when it ended in good order."""


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
        self._life: Life | None = None
        self._next: Life | None = None
        """The life that follows this one."""
        self._candidate: Life | None = None
        """One that gets ready to follow."""
        self._nursery: trio.Nursery
        self._stopping = trio.Event()
        self._over = trio.Event()
        self._last = Ending(None, f"{name} was not running")

    @property
    def is_alive(self) -> bool:
        return self._life is not None

    @property
    def life(self) -> Life | None:
        """The present one."""
        return self._life

    def send(self, record: Record, descriptors: Sequence[int] = ()) -> None:
        """Send in order, without waiting; nothing happens between two lives.

        descriptors: duplicated, still owned by the caller. What has none is told a candidate as well.
        """
        if self._candidate is not None and not descriptors:
            self._candidate.send(record)
        life = self._life
        if life is None:
            return
        if life.unread >= _UNREAD_MAX:
            self._log.error(f"{self.name} does not read, {_UNREAD_MAX} records wait for it, ending it")
            life.child.signal(signal.SIGKILL)
            return
        life.send(record, descriptors)

    def kill(self, why: str) -> None:
        """End this life, which is worth nothing any more; the next one follows."""
        if self._life is not None:
            self._log.error(f"{self.name} is hung: {why}; ending it pid={self._life.child.pid}")
            self._life.child.signal(signal.SIGKILL)

    def adopt(self, child: Child, link: Link, *, is_known: bool = False) -> None:
        """Let the first life be that of a process which runs already. Before ``run``; both are owned from now on.

        is_known: it has been greeted already, by an earlier image of this process.
        """
        self._next = Life(self.name, child, link, self._log, is_known=is_known)
        if is_known:
            self._life = self._next

    # Lives

    async def run(self) -> None:
        """Live and live again, until ``stop``."""
        async with trio.open_nursery() as self._nursery:
            delay = RestartDelay(self._delay_max)
            while self._next is not None or not self._stopping.is_set():
                started = trio.current_time()
                followed = await self._live()
                if not self._stopping.is_set() and not followed:
                    pause = delay.after(trio.current_time() - started)
                    self._log.warning(f"starting {self.name} again, in={pause:g}s")
                    with trio.move_on_after(pause):
                        await self._stopping.wait()
            if self._revive and self._last.problem:
                await self._live()
            self._over.set()

    async def _live(self) -> bool:
        """One life, to its end. True when the next one is to follow at once."""
        life, self._next = self._next or self._start_life(), None
        if life is None:
            return False
        self._life = life
        if not life.is_attended:
            if not life.is_known:
                self._log.info(f"{self.name} started pid={life.child.pid}")
                self._greet()
            if self._stopping.is_set():
                life.send(Shutdown(self._grace))
            self._attend(life)
        await life.over.wait()
        self._note_end(life)
        if self._life is life:
            self._life = None
        if self._next is None and self._candidate is not None:
            self._next = self._candidate  # its link will tell it
        return life.is_relieved or self._next is not None

    def _attend(self, life: Life) -> None:
        life.is_attended = True
        self._nursery.start_soon(life.attend, self._hear)

    def _start_life(self) -> Life | None:
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
        return Life(self.name, child, Link(ours), self._log)

    def _note_end(self, life: Life) -> None:
        status, expected = life.status, life.is_relieved or (life.status == 0 and self._stopping.is_set())
        self._last = Ending(life.stopped, "" if expected else f"{self.name} {describe_exit(status)}")
        lived = trio.current_time() - life.started
        say = self._log.info if expected else self._log.error
        say(f"{self.name} ended pid={life.child.pid} lived={lived:.1f}s: {describe_exit(status)}")

    async def stop(self, grace: float, *, kill_after: float) -> Ending:
        """Ask for an orderly end and wait for it, at most ``kill_after`` seconds, then kill."""
        self._grace = grace
        self._stopping.set()
        if self._candidate is not None:
            self._candidate.child.signal(signal.SIGKILL)
        self.send(Shutdown(grace))
        with trio.move_on_after(kill_after) as patience:
            await self._over.wait()
        if patience.cancelled_caught:
            self._revive = False
            if self._life is not None:
                self._life.child.signal_group(signal.SIGKILL)
            with trio.move_on_after(_LAST_WAIT):
                await self._over.wait()
            return Ending(self._last.stopped, f"{self.name} did not end within {kill_after:g} s, killed")
        return self._last

    # Succession

    async def restart(self, grace: float) -> None:
        """Let this life end in good order, within about ``grace`` seconds, and another one follow at once."""
        life = self._life
        if life is None:
            return
        life.is_relieved = True
        life.send(Shutdown(grace))
        with trio.move_on_after(grace + 1.0):
            await life.over.wait()
        if not life.over.is_set():
            life.child.signal_group(signal.SIGKILL)
            await life.over.wait()

    async def replace(self, greet: Callable[[Send], None]) -> str:
        """Let another life get ready beside this one and take over from it (``hahub.core.succession``).

        greet: sends what the other one has to know. Returns why that failed; empty when it acts now.
        """
        ours, theirs = connected_pair()
        with ours:
            with theirs:
                candidate = self._start_life()
                if candidate is None:
                    return f"another {self.name} cannot be started"
                self._log.info(f"another {self.name} started pid={candidate.child.pid}")
                candidate.prepared = trio.Event()
                candidate.send(Standby(), [theirs.fileno()])
            greet(candidate.send)
            if not await self._prepare(candidate, candidate.prepared):
                return f"another {self.name} did not get ready, the one that runs goes on"
            old = self._let_follow(candidate, ours)
        await _first_of(candidate.took_over, candidate.over, within=_TAKE_OVER_WITHIN)
        if not candidate.took_over.is_set() and not candidate.over.is_set() and old is not None:
            self._log.error(f"{self.name} does not hand over, ending it pid={old.child.pid}")
            old.child.signal(signal.SIGKILL)
            await _first_of(candidate.took_over, candidate.over, within=_TAKE_OVER_WITHIN)
        if candidate.took_over.is_set():
            return ""
        if old is not None and not old.over.is_set():
            old.is_relieved, self._life, self._next = False, old, None
        return f"another {self.name} did not take over"

    async def _prepare(self, candidate: Life, prepared: trio.Event) -> bool:
        self._candidate = candidate
        self._attend(candidate)
        await _first_of(prepared, candidate.over, within=_PREPARE_WITHIN)
        self._candidate = None
        if prepared.is_set() and not candidate.over.is_set():
            return True
        candidate.child.signal(signal.SIGKILL)
        await candidate.over.wait()
        return False

    def _let_follow(self, candidate: Life, link: socket.socket) -> Life | None:
        """Tell the present life to hand over; None when it has died meanwhile, and is followed already."""
        old = self._life
        if old is None or old is candidate or old.over.is_set():
            return None
        old.is_relieved = True
        old.send(HandOver(), [link.fileno()])
        self._next = self._life = candidate
        return old


async def _first_of(*events: trio.Event, within: float) -> None:
    """Wait until one of these is set, at most so many seconds."""
    with trio.move_on_after(within):
        async with trio.open_nursery() as nursery:

            async def wait(event: trio.Event) -> None:
                await event.wait()
                nursery.cancel_scope.cancel()

            for event in events:
                nursery.start_soon(wait, event)
