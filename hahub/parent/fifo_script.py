"""``*_notify_fifo_script``: the program that reads a FIFO, started with its path and kept running."""

import signal
from collections.abc import Iterable

import trio

from hahub.parent.heritage import ChildHeritage, ReaderHeritage
from hahub.parent.logs import Log
from hahub.parent.restarts import RestartDelay
from hahub.parent.spawn import Child, Spawner, SpawnError, describe_exit
from hahub.parent.tasks import Tasks
from hahub.settings import Command, FifoSettings

_KILL_AFTER = 1.0
"""Seconds between SIGTERM and SIGKILL; as in keepalived."""


class FifoScript:
    """One of them. Restarted with back-off when it dies; keepalived leaves the FIFO without a reader then."""

    def __init__(
        self, fifo: FifoSettings, command: Command, spawner: Spawner, log: Log, inherited: ChildHeritage | None = None
    ) -> None:
        """inherited: its first life, which runs already."""
        self._path = fifo.path
        self._label = f"{fifo.keyword}_script"
        self._command = command
        self._spawner = spawner
        self._log = log
        self._inherited = inherited
        self.child: Child | None = None
        """The one that runs."""

    async def run(self) -> None:
        """Runs until cancelled; then SIGTERM to its process group, and SIGKILL after a second."""
        delay = RestartDelay()
        while True:
            started = trio.current_time()
            await self._live()
            pause = delay.after(trio.current_time() - started)
            self._log.info(f"{self._label}: starting again, in={pause:g}s")
            await trio.sleep(pause)

    async def _live(self) -> None:
        try:
            child = self.child = self._start()
        except (SpawnError, OSError) as error:
            self._log.error(f"{self._label}: {error}")
            return
        try:
            status = await child.exited()
            self._log.warning(f"{self._label}: {describe_exit(status)}")
            # A pipeline's other members would go on taking lines away from the successor.
            child.signal_group(signal.SIGKILL)
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await self._end(child)
            raise
        finally:
            self.child = None
            child.close()

    def _start(self) -> Child:
        inherited, self._inherited = self._inherited, None
        if inherited is not None:
            return self._spawner.inherit_script(inherited, label=self._label)
        return self._spawner.start_script(self._command, label=self._label, extra=(self._path,))

    async def _end(self, child: Child) -> None:
        child.signal_group(signal.SIGTERM)
        with trio.move_on_after(_KILL_AFTER) as patience:
            await child.exited()
        child.signal_group(signal.SIGKILL)
        if patience.cancelled_caught:
            self._log.warning(f"{self._label}: did not end within {_KILL_AFTER:g} s of SIGTERM, killed")


class FifoScripts:
    """All of them, as the present configuration wants them."""

    def __init__(self, spawner: Spawner, tasks: Tasks, log: Log) -> None:
        self._spawner = spawner
        self._tasks = tasks
        self._log = log
        self._running: dict[FifoSettings, tuple[FifoScript, trio.CancelScope]] = {}
        self._inherited: dict[FifoSettings, ChildHeritage] = {}

    def inherit(self, readers: Iterable[ReaderHeritage]) -> None:
        """Those that an earlier image of this process has started; before ``configure``, which wants the same."""
        self._inherited = {reader.fifo: reader.child for reader in readers}

    def bequeath(self) -> tuple[ReaderHeritage, ...]:
        """Leave those that run to another image of this process."""
        found = ((fifo, reader.child) for fifo, (reader, _) in self._running.items())
        return tuple(ReaderHeritage(fifo, child.bequeath()) for fifo, child in found if child is not None)

    @property
    def are_any(self) -> bool:
        return bool(self._running)

    def configure(self, fifos: Iterable[FifoSettings]) -> None:
        """Run the scripts of these FIFOs; one that has not changed goes on undisturbed."""
        wanted = [fifo for fifo in fifos if fifo.script is not None]
        for fifo, (_, scope) in list(self._running.items()):
            if fifo not in wanted:
                scope.cancel()
                del self._running[fifo]
        for fifo in wanted:
            if fifo not in self._running and fifo.script is not None:
                inherited = self._inherited.pop(fifo, None)
                reader = FifoScript(fifo, fifo.script, self._spawner, self._log, inherited)
                scope = trio.CancelScope()
                self._running[fifo] = (reader, scope)
                self._tasks.start_soon(self._run, reader, scope)

    async def _run(self, reader: FifoScript, scope: trio.CancelScope) -> None:
        with scope:
            await reader.run()
