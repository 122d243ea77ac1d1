"""The parent itself: what runs when, who hears what, and the order of the end.

signals --> Parent --+--> guard            kills what is left when we die, by any death
                     +--> core, hub        two Supervised, joined by a link of their own
                     +--> trackers         --> ScriptResult, ProcessResult, FileResult --> core
                     +--> notify scripts   <-- Transition  <-- core
                     +--> FIFO scripts
"""

import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import trio

from hahub.config import Loaded, Severity, format_problem
from hahub.messages import ProcessResult, ScriptResult
from hahub.parent import maintenance, requests
from hahub.parent.changes import describe_changes
from hahub.parent.children import Children, Programs
from hahub.parent.fifo_script import FifoScripts
from hahub.parent.ground import ChangeError, Ground, Options, StartError
from hahub.parent.heritage import Heritage
from hahub.parent.launch import EarlyCore
from hahub.parent.logs import LogWriter
from hahub.parent.notify import Notifier
from hahub.parent.rehearsal import version
from hahub.parent.requests import Outcome, Request
from hahub.parent.spawn import Spawner
from hahub.parent.supervisor import Ending
from hahub.parent.tasks import Tasks
from hahub.parent.trackers.file import FileTrackers
from hahub.parent.trackers.process import ProcessTrackers
from hahub.parent.trackers.script import ScriptTrackers
from hahub.parent.upgrade import SIGNALS, Upgrade
from hahub.settings import Settings

__all__ = ["Options", "StartError", "run"]

_READ_STOP_LINES = 0.5
"""Seconds for the FIFO scripts to read the STOP lines before their SIGTERM."""
_LEFT = 3
"""Exit status when something was left undone."""


async def run(
    settings: Settings,
    options: Options,
    *,
    log: LogWriter,
    load: Callable[[], Loaded],
    early: EarlyCore | None = None,
    heritage: Heritage | None = None,
) -> int:
    """Run the daemon in the main thread until SIGTERM or SIGINT.

    load: reads the configuration again, at SIGHUP.
    early: a core that runs already, to be the first one.
    heritage: what an earlier image of this process has left; ``settings`` are those of it then.
    Returns the exit status: 0, or 3 when something was left undone, which the log says.
    Raises StartError when it cannot even start; nothing is left behind then.
    """
    os.umask(0o022)
    if heritage is None:
        ground = Ground.take(options, log, load, early)
    else:
        ground = Ground.inherit(options, log, load, heritage)
    try:
        with trio.open_signal_receiver(*SIGNALS) as signals:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # an earlier image has kept them waiting
            ground.begin(settings)
            async with trio.open_nursery() as nursery:
                left = await _Daemon(settings, ground, nursery).run(signals)
                nursery.cancel_scope.cancel()
    finally:
        ground.close()
    return _LEFT if left else 0


class _Daemon:
    """Everything that runs between start and stop."""

    def __init__(self, settings: Settings, ground: Ground, nursery: trio.Nursery) -> None:
        self._settings = settings
        self._ground = ground
        self._nursery = nursery
        self._log = ground.writer.named("parent")
        self._turn = trio.Lock()
        """Of reloads, upgrades and the end."""
        self._stopping = trio.Event()
        self._stopped = trio.Event()
        self._left: list[str] = []
        self._tracking = Tasks(nursery)
        self._checking = Tasks(nursery)
        self._reading = Tasks(nursery)
        self._spawner = spawner = Spawner(nursery, ground.writer, ground.guard, mark=ground.mark)
        self._readers = FifoScripts(spawner, self._reading, self._log)
        self._notifier = Notifier(spawner, Tasks(nursery), self._log)
        programs = Programs(ground.options.core, ground.options.hub, ground.options.state_dir)
        hear, inherited = self._notifier.tell, ground.heritage
        self._children = Children(programs, spawner, ground.writer, hear=hear, inherited=inherited)
        self._scripts = ScriptTrackers(spawner, self._checking, self._log, self._children.tell_core)
        self._processes = ProcessTrackers(self._tracking, self._log, self._children.tell_core)
        self._files = FileTrackers(self._tracking, self._log, self._children.tell_core)

    async def run(self, signals: AsyncIterator[int]) -> tuple[str, ...]:
        """Until a signal ends it. Returns what was left undone."""
        heritage = self._ground.heritage
        word = "started" if heritage is None else "goes on"
        self._log.info(f"{word} pid={os.getpid()} version={version()} run_dir={self._ground.options.run_dir}")
        self._nursery.start_soon(self._ground.guard.keep)
        self._nursery.start_soon(self._ground.firewall.keep)
        if heritage is None:
            self._apply(self._settings)
        else:
            self._readers.inherit(heritage.readers)
            self._apply(self._settings, inherited=True)
            self._notifier.inherit(heritage.calls)
        self._start_maintenance(self._ground.options.run_dir)
        self._children.start(self._nursery, self._ground.early)
        self._nursery.start_soon(self._obey, signals)
        if heritage is not None:
            self._nursery.start_soon(self._finish_upgrade, heritage.asked)
        await self._stopped.wait()
        await self._spawner.finish_reading()
        for problem in self._left:
            self._log.error(f"left undone: {problem}")
        self._log.info("stopped")
        return tuple(self._left)

    async def _obey(self, signals: AsyncIterator[int]) -> None:
        async for number in signals:
            if number in (signal.SIGUSR1, signal.SIGUSR2):
                self._log.warning(
                    f"{signal.Signals(number).name}: hahub writes no file of its state as keepalived does"
                )
            elif number != signal.SIGHUP and self._stopping.is_set():
                self._end_at_once()
            elif number != signal.SIGHUP:
                self._stopping.set()
                self._log.info(f"stopping: {signal.Signals(number).name}")
                self._nursery.start_soon(self._stop)
            elif not self._stopping.is_set():
                self._nursery.start_soon(self._reload, requests.take(self._ground.options.run_dir))

    def _start_maintenance(self, run_dir: Path) -> None:
        """What the file says counts before the core does anything, and whenever it changes."""
        now = maintenance.read(run_dir)
        if now.on:
            maintenance.say(now, self._log)
            self._children.maintain(now)
        self._nursery.start_soon(partial(maintenance.follow, run_dir, self._log, self._children.maintain, told=now))

    # Reload and upgrade

    async def _reload(self, asked: tuple[Request, ...]) -> None:
        """Take the files as they are now, or leave everything as it is; whoever asked is told.

        With another program, if somebody asks for that; it is the next image then that does so.
        """
        async with self._turn:
            if self._stopping.is_set():
                outcome = Outcome(accepted=False, detail="the daemon stops")
            elif any(request.upgrade for request in asked):
                outcome = await self._upgrade(asked)
            else:
                outcome = self._change()
        await self._answer(asked, outcome)

    async def _finish_upgrade(self, asked: tuple[Request, ...]) -> None:
        """This image is the one that was asked for; the files may be others, too."""
        async with self._turn:
            outcome = self._change()
        text = f"hahub {version()} goes on, pid {os.getpid()}"
        if not outcome.accepted:
            text = f"{text}; its files are refused, the old configuration stays: {outcome.detail}"
        await self._answer(asked, replace(outcome, detail=text))

    async def _upgrade(self, asked: tuple[Request, ...]) -> Outcome:
        """Does not return when it succeeds."""
        upgrade = Upgrade(
            self._ground,
            self._settings,
            self._children,
            self._notifier,
            self._readers,
            stopping=self._stopping,
        )
        verdicts = self._scripts.verdicts
        outcome = await upgrade.run(asked, self._put_off_checks)
        self._log.error(f"upgrade refused, everything stays as it is: {outcome.detail}")
        self._notifier.go_on()
        self._scripts.configure(self._settings.parent.check_scripts, verdicts)
        return outcome

    async def _put_off_checks(self) -> None:
        self._scripts.configure(())
        await self._checking.wait_for_none()

    def _change(self) -> Outcome:
        loaded = self._ground.load()
        for problem in loaded.problems:
            say = self._log.error if problem.severity is Severity.ERROR else self._log.warning
            say(format_problem(problem))
        problems = tuple(map(format_problem, loaded.problems))
        if loaded.settings is None:
            self._log.error("reload refused, the old configuration stays")
            return Outcome(accepted=False, problems=problems)
        before = self._settings
        try:
            gone = self._ground.change(before.parent, loaded.settings.parent)
        except ChangeError as error:
            self._log.error(f"reload refused, the old configuration stays: {error}")
            return Outcome(accepted=False, problems=problems, detail=str(error))
        if loaded.settings.parent.hub_user != before.parent.hub_user:
            self._log.warning("another user for the hub counts from its next start")
        self._settings = loaded.settings
        self._apply(loaded.settings)
        self._ground.forget(gone)
        self._log.info("reloaded")
        return Outcome(accepted=True, problems=problems, changes=describe_changes(before, loaded.settings))

    async def _answer(self, asked: tuple[Request, ...], outcome: Outcome) -> None:
        """As soon as core and hub work with what they were given."""
        if outcome.accepted:
            await self._children.wait_configured()
        try:
            requests.answer(self._ground.options.run_dir, asked, outcome)
        except OSError as error:
            self._log.warning(f"the outcome of a reload cannot be told: {error}")

    def _apply(self, settings: Settings, *, inherited: bool = False) -> None:
        """Give everyone their part: those who hear first, then those who speak.

        inherited: core and hub have it already, files were initialised, and verdicts told.
        """
        parent = settings.parent
        self._spawner.hide(parent.secret_variables)
        for fifo in self._ground.fifos.open:
            if fifo.note:
                self._log.warning(fifo.note)
            if fifo.created:
                self._ground.guard.watch_fifo(fifo)
        if any(instance.virtual_interfaces for instance in settings.core.instances):
            self._ground.guard.run_last(*self._ground.options.leftovers)
        self._notifier.configure(
            parent.notify_scripts,
            instances=[instance.name for instance in settings.core.instances],
            groups=[group.name for group in settings.core.groups],
            timeout=parent.script_timeout,
        )
        self._readers.configure(fifo.settings for fifo in self._ground.fifos.open)
        self._children.configure(settings, self._ground.fifos.open, told=inherited)
        told = self._children.verdicts if inherited else ()
        self._scripts.configure(
            parent.check_scripts, {each.script: each.succeeded for each in told if isinstance(each, ScriptResult)}
        )
        self._processes.configure(
            parent.watched_processes, {each.process: each.succeeded for each in told if isinstance(each, ProcessResult)}
        )
        self._files.configure(parent.watched_files, initialise=not inherited)

    async def _stop(self) -> None:
        """The core first, so that the peers take over and everyone can be told; then all others side by side."""
        async with self._turn:
            pass  # whatever is going on gives up by itself
        grace = self._settings.parent.stop_grace
        deadline = trio.current_time() + grace
        self._tracking.cancel()
        self._checking.cancel()
        self._note(await self._children.stop_core(grace))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._finish_notifying, deadline)
            nursery.start_soon(self._finish_delivering, deadline)
            nursery.start_soon(self._finish_reading)
        self._stopped.set()

    async def _finish_notifying(self, deadline: float) -> None:
        left = await self._notifier.finish(deadline)
        self._left.extend(f"{label} did not run to its end" for label in left)

    async def _finish_delivering(self, deadline: float) -> None:
        self._note(await self._children.stop_hub(max(0.0, deadline - trio.current_time())))

    async def _finish_reading(self) -> None:
        """The STOP lines are in the FIFOs now: leave their readers a moment for them."""
        if self._readers.are_any:
            await trio.sleep(_READ_STOP_LINES)
        await self._reading.end()

    def _note(self, ending: Ending) -> None:
        if ending.problem:
            self._left.append(ending.problem)
        if ending.stopped is not None and not ending.stopped.clean:
            self._left.append(ending.stopped.detail)

    def _end_at_once(self) -> None:
        """The second signal: no waiting. The guard does the rest."""
        self._log.error("stopping at once, as told a second time")
        self._ground.fifos.close()
        os._exit(_LEFT)
