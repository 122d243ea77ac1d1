"""A door to asyncio, for libraries that know nothing else: one asyncio loop in a thread of its own.

    trio task ── run(f, *args) ──> call_soon_threadsafe ──> asyncio task f(*args)
        ^                                                        │
        └───── run_sync_soon <── done callback <── result ───────┘

Cancelling the trio side cancels the asyncio task and waits a moment for it, so that what it holds (a connection, say)
is given up. A task that does not listen is left behind; it harms nobody but itself.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar, TypeVarTuple

import trio

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CANCEL_GRACE = 1.0
"""Seconds that a cancelled asyncio task gets to finish before its caller goes on without it."""
_CLOSE_GRACE = 2.0


class BridgeClosedError(Exception):
    """The asyncio side was closed while a call was under way."""


class Bridge:
    """One asyncio thread, started by the first ``run``. The thread never keeps the process alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._calls: set[_Call[Any, *tuple[Any, ...]]] = set()

    async def run(self, function: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        """Await ``function(*args)`` on the asyncio thread; return its result or raise its exception.

        Cancellation takes at most CANCEL_GRACE. Raises BridgeClosedError when ``close`` came in between.
        """
        with self._lock:
            call = _Call(self._running_loop(), function, args)
            self._calls.add(call)
        try:
            await call.finished.wait()
        except trio.Cancelled:
            call.cancel()
            with trio.CancelScope(shield=True), trio.move_on_after(CANCEL_GRACE):
                await call.finished.wait()
            raise
        finally:
            self._calls.discard(call)
        return call.result()

    def close(self) -> None:
        """Cancel what runs and end the thread; the next ``run`` starts another one. Waits at most 2 s."""
        with self._lock:
            loop, thread, calls = self._loop, self._thread, self._calls
            self._loop, self._thread, self._calls = None, None, set()
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(_cancel_all, loop)
        thread.join(_CLOSE_GRACE)
        for call in list(calls):
            call.tell()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=_run_loop, args=(self._loop,), name="asyncio-bridge", daemon=True)
            self._thread.start()
        return self._loop


class _Call(Generic[T, *Ts]):
    """One call. ``finished`` is set on the trio side when the asyncio task has ended, in whatever way."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[[*Ts], Awaitable[T]],
        args: tuple[*Ts],
    ) -> None:
        self.finished = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._loop = loop
        self._function = function
        self._args = args
        self._task: asyncio.Task[T] | None = None
        loop.call_soon_threadsafe(self._start)

    def cancel(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: ``close`` tells us
            self._loop.call_soon_threadsafe(self._cancel)

    def result(self) -> T:
        """What the asyncio task came to; only when it has finished."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            raise BridgeClosedError("the asyncio thread was closed during a call")
        return self._task.result()

    def tell(self, _: object = None) -> None:
        """Wake the trio side, from any thread."""
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self.finished.set)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(_look_at_error)
        self._task.add_done_callback(self.tell)

    async def _run(self) -> T:
        return await self._function(*self._args)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


def _look_at_error(task: "asyncio.Task[Any]") -> None:
    """Nobody may be left to take the error, and asyncio would log it, with whatever it says."""
    if not task.cancelled():
        task.exception()


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel every task, and stop the loop when the last one has ended or the grace is over."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    waiting = loop.create_task(asyncio.wait(tasks, timeout=_CLOSE_GRACE / 2)) if tasks else None
    if waiting is None:
        loop.stop()
    else:
        waiting.add_done_callback(lambda _: loop.call_soon(loop.stop))


_shared = Bridge()


async def run(function: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
    """``Bridge.run`` on the thread that the whole process shares."""
    return await _shared.run(function, *args)


def close() -> None:
    """``Bridge.close`` of the thread that the whole process shares."""
    _shared.close()
