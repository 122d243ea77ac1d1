"""Going on with the program that is on disk now, unnoticed: ``hahub reload --exec``.

    rehearse    the new program is executed for a try; if it does not start, nothing has happened
    core        a new core gets ready beside the one that runs, and takes over within milliseconds
    hub         ends in good order, and a new one follows; transitions wait in the core
    parent      checks are put off, notify scripts come to their end; then it executes itself, with the same pid

Whatever fails before the last step leaves a daemon that works. The new image reads the files, as at any reload.
"""

import signal
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from hahub import messages
from hahub.parent.children import Children
from hahub.parent.fifo_script import FifoScripts
from hahub.parent.ground import Ground
from hahub.parent.heritage import Heritage, execute
from hahub.parent.notify import Notifier
from hahub.parent.rehearsal import rehearse
from hahub.parent.requests import Outcome, Request
from hahub.settings import Settings

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""The last two make keepalived write its state into a file, and no habit of an operator ends the daemon."""
_FLUSH_WITHIN = 5.0
"""Seconds for core and hub to read what they were sent."""
_SIGNALS_WITHIN = 0.05
"""Seconds for a signal that has arrived to be obeyed."""
_T = TypeVar("_T")


class Upgrade:
    """One attempt. The caller puts things right when it fails: checks and notify scripts may be held up."""

    def __init__(
        self,
        ground: Ground,
        settings: Settings,
        children: Children,
        notifier: Notifier,
        readers: FifoScripts,
        *,
        stopping: trio.Event,
    ) -> None:
        """stopping: set when the daemon is to stop, whatever else it is doing."""
        self._ground = ground
        self._settings = settings
        self._children = children
        self._notifier = notifier
        self._readers = readers
        self._stopping = stopping

    async def run(self, asked: tuple[Request, ...], put_off_checks: Callable[[], Awaitable[None]]) -> Outcome:
        """Returns only when it did not succeed.

        asked: who is told by the next image.
        """
        argv = self._ground.options.argv
        if not argv:
            return _refusal("this daemon was not started by hahub run")
        verdict = await self._unless_stopping(rehearse(argv))
        if verdict is not None and verdict.problem:
            return _refusal(verdict.problem, verdict.lines)
        if self._stopping.is_set():
            return _refusal("the daemon stops")
        if failure := await self._children.replace_core():
            return _refusal(failure)
        await self._children.restart_hub(self._settings.parent.stop_grace)
        await put_off_checks()
        await self._unless_stopping(self._notifier.pause())
        return await self._execute(asked)

    async def _unless_stopping(self, work: Awaitable[_T]) -> _T | None:
        result = None
        async with trio.open_nursery() as nursery:

            async def give_up() -> None:
                await self._stopping.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(give_up)
            result = await work
            nursery.cancel_scope.cancel()
        return result

    async def _execute(self, asked: tuple[Request, ...]) -> Outcome:
        """From here on a signal waits for the next image, which lets them in again."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            await trio.sleep(_SIGNALS_WITHIN)
            deadline = time.monotonic() + _FLUSH_WITHIN
            while not self._stopping.is_set():
                heritage = self._heritage(asked)
                if heritage is not None:
                    execute(self._ground.options.argv, heritage)
                if time.monotonic() > deadline:
                    return _refusal("core or hub do not read what they are sent")
                await trio.sleep(_SIGNALS_WITHIN)
        except OSError as error:
            return _refusal(f"{self._ground.options.argv[0]} cannot be executed: {error.strerror}")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return _refusal("the daemon stops")

    def _heritage(self, asked: tuple[Request, ...]) -> Heritage | None:
        """Everything, as it is at this moment; None while core or hub have to be told more."""
        ground, left = self._ground, self._children.bequeath()
        if left is None:
            return None
        lifeline, core, hub = left
        return Heritage(
            settings=self._settings,
            mark=ground.mark,
            lock=ground.lock,
            claim=ground.claimed.descriptor,
            lifeline=lifeline,
            guard=ground.guard.bequeath(),
            core=core,
            hub=hub,
            fifos=tuple(fifo.bequeath() for fifo in ground.fifos.open),
            readers=self._readers.bequeath(),
            calls=self._notifier.bequeath(),
            results=tuple(messages.encode(each).decode() for each in self._children.verdicts),
            asked=asked,
        )


def _refusal(detail: str, problems: tuple[str, ...] = ()) -> Outcome:
    return Outcome(accepted=False, problems=problems, detail=detail)
