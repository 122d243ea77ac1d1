"""Notify scripts: which ones a transition runs, with which arguments, and running them in order.

Source: keepalived vrrp/vrrp_notify.c:send_instance_notifies. Better here: one at a time per instance, in the
order of the transitions, with a time limit, output and status in the log. A sync group counts as an instance.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import trio

from hahub.model import Cause, Kind, State, Transition
from hahub.parent import script_run
from hahub.parent.heritage import CallHeritage
from hahub.parent.logs import Log
from hahub.parent.script_run import Outcome
from hahub.parent.spawn import Spawner
from hahub.parent.tasks import Tasks
from hahub.settings import Command, NotifyScripts

_WAITING_MAX = 1000
"""Scripts that may wait for one instance; more than that, and the oldest are given up."""
_Subject = tuple[Kind, str]
"""An instance or a group, by its name."""


@dataclass(frozen=True, slots=True)
class Call:
    """One script to run for one transition."""

    command: Command
    label: str
    """``notify_master VI_1``: its name in the log."""
    extra: tuple[str, ...] = ()


def calls_for(transition: Transition, scripts: NotifyScripts) -> tuple[Call, ...]:
    """The scripts of one transition, in the order of running: the specific one, then ``notify``.

    A removal that is reported as FAULT runs ``notify`` with FAULT, but not notify_fault, as keepalived does.
    """
    specific = _specific(transition, scripts)
    calls = []
    if specific is not None and specific[1] is not None:
        calls.append(Call(specific[1], f"{specific[0]} {transition.name}"))
    if scripts.any is not None and not transition.state.is_event:
        words = (transition.kind.value, transition.name, transition.state.value, str(transition.priority))
        calls.append(Call(scripts.any, f"notify {transition.name}", words))
    return tuple(calls)


def _specific(transition: Transition, scripts: NotifyScripts) -> tuple[str, Command | None] | None:
    if transition.state is State.FAULT and transition.reason.cause is Cause.RELOADED:
        return None
    table: dict[State, tuple[str, Command | None]] = {
        State.MASTER: ("notify_master", scripts.master),
        State.BACKUP: ("notify_backup", scripts.backup),
        State.FAULT: ("notify_fault", scripts.fault),
        State.STOP: ("notify_stop", scripts.stop),
        State.DELETED: ("notify_deleted", scripts.deleted),
        State.MASTER_RX_LOWER_PRI: ("notify_master_rx_lower_pri", scripts.master_rx_lower_pri),
    }
    return table.get(transition.state)


class Notifier:
    """Runs the notify scripts: those of one instance one after the other, those of several side by side.

    ``tasks`` are its own: ``finish`` ends them.
    """

    def __init__(self, spawner: Spawner, tasks: Tasks, log: Log) -> None:
        self._spawner = spawner
        self._tasks = tasks
        self._log = log
        self._scripts: dict[_Subject, NotifyScripts] = {}
        self._timeout = 30.0
        self._waiting: dict[_Subject, deque[Call]] = {}
        self._running: set[_Subject] = set()
        self._may_run = trio.Event()
        self._may_run.set()
        self._none_runs = trio.Event()
        self._none_runs.set()
        self._idle = trio.Event()
        self._idle.set()

    def configure(
        self, scripts: Iterable[NotifyScripts], *, instances: Iterable[str], groups: Iterable[str] = (), timeout: float
    ) -> None:
        """Take a configuration. An instance that it no longer names keeps its scripts, to report its removal."""
        named = {*((Kind.INSTANCE, name) for name in instances), *((Kind.GROUP, name) for name in groups)}
        kept = {subject: old for subject, old in self._scripts.items() if subject not in named}
        self._scripts = kept | {(each.kind, each.instance): each for each in scripts}
        self._timeout = timeout

    def tell(self, transition: Transition) -> None:
        """Queue the scripts of a transition. An event that is waiting already is not queued twice."""
        scripts = self._scripts.get((transition.kind, transition.name))
        if scripts is None:
            return
        for call in calls_for(transition, scripts):
            self._queue(transition, call)

    def _queue(self, transition: Transition, call: Call) -> None:
        self._put((transition.kind, transition.name), call, is_event=transition.state.is_event)

    def _put(self, subject: _Subject, call: Call, *, is_event: bool) -> None:
        waiting = self._waiting.get(subject)
        if waiting is None:
            waiting = self._waiting[subject] = deque()
            self._idle = trio.Event()
            self._tasks.start_soon(self._work, subject)
        elif is_event and call in waiting:
            return
        if len(waiting) >= _WAITING_MAX:
            self._log.error(f"{waiting.popleft().label}: not run, {_WAITING_MAX} scripts wait before it")
        waiting.append(call)

    async def _work(self, subject: _Subject) -> None:
        """Runs while something waits for this instance or group; what is first in the queue is running."""
        waiting = self._waiting[subject]
        while waiting:
            await self._allowed()
            self._none_runs = trio.Event() if not self._running else self._none_runs
            self._running.add(subject)
            await self._run(waiting[0])
            waiting.popleft()
            self._running.discard(subject)
            if not self._running:
                self._none_runs.set()
        del self._waiting[subject]
        if not self._waiting:
            self._idle.set()

    async def _allowed(self) -> None:
        while not self._may_run.is_set():
            await self._may_run.wait()

    async def _run(self, call: Call) -> None:
        run = script_run.start(self._spawner, call.command, label=call.label, extra=call.extra)
        if isinstance(run, Outcome):
            self._log.error(f"{call.label}: {run.detail}")
            return
        async with run:
            outcome = await run.outcome(self._timeout)
            if not outcome.succeeded:
                self._log.warning(f"{call.label}: {outcome.detail}")
            if outcome.timed_out:
                await run.end()

    async def pause(self) -> None:
        """Start nothing any more, and wait until what runs has ended, which its time limit sees to."""
        self._may_run = trio.Event()
        await self._none_runs.wait()

    def go_on(self) -> None:
        """The end of a pause."""
        self._may_run.set()

    def bequeath(self) -> tuple[CallHeritage, ...]:
        """Leave what waits to another image of this process; in a pause."""
        return tuple(
            CallHeritage(kind, name, call.command, call.label, call.extra)
            for (kind, name), waiting in self._waiting.items()
            for call in waiting
        )

    def inherit(self, calls: Iterable[CallHeritage]) -> None:
        """What an earlier image of this process has not run any more."""
        for call in calls:
            self._put((call.kind, call.name), Call(call.command, call.label, call.extra), is_event=False)

    async def finish(self, deadline: float) -> tuple[str, ...]:
        """Wait until everything that was queued has run, at most until ``deadline``, in trio's time.

        Returns the names of the scripts that were ended early or never ran. Nothing runs afterwards.
        """
        with trio.move_on_at(deadline):
            await self._idle.wait()
        left = tuple(call.label for waiting in self._waiting.values() for call in waiting)
        await self._tasks.end()
        return left
