"""``vrrp_script``: a command whose exit status, run after run, decides what the core hears about it.

Source: keepalived vrrp/vrrp_scheduler.c:vrrp_script_thread and vrrp_script_child_thread. Different on purpose:
a command that cannot be executed has failed, and so has one that ran out of time, whatever its exit status;
``init_fail`` does what keepalived's manual says of it.
"""

import logging
import math
from collections.abc import Callable, Iterable, Mapping

import trio

from hahub.messages import ScriptResult
from hahub.parent import script_run
from hahub.parent.logs import Log
from hahub.parent.script_run import Outcome
from hahub.parent.spawn import Spawner
from hahub.parent.tasks import Tasks
from hahub.settings import CheckScript

_INIT_FAIL = "has not succeeded yet, and init_fail is set"


class RiseFall:
    """The verdict on a script: the first run decides at once, then ``rise`` or ``fall`` runs in a row do."""

    def __init__(self, rise: int, fall: int, verdict: bool | None = None) -> None:  # a verdict is a boolean
        """verdict: what holds before the first run; then that decides no more than another."""
        self._rise = rise
        self._fall = fall
        self._against = 0
        """Runs in a row that contradict the verdict."""
        self.verdict = verdict

    def count(self, *, succeeded: bool) -> bool:
        """Take the result of a run. True when the verdict changed, or came for the first time."""
        if self.verdict is None:
            self.verdict = succeeded
            return True
        if succeeded == self.verdict:
            self._against = 0
            return False
        self._against += 1
        if self._against < (self._rise if succeeded else self._fall):
            return False
        self.verdict, self._against = succeeded, 0
        return True


def next_run(planned: float, interval: float, now: float) -> tuple[float, int]:
    """When a script runs again, keeping its period: the time, and how many runs were missed by then.

    planned: when the run that has just ended was due.
    """
    missed = max(0, math.ceil((now - planned) / interval) - 1)
    return planned + (missed + 1) * interval, missed


class ScriptTracker:
    """Runs one ``vrrp_script`` for ever and reports each change of the verdict."""

    def __init__(
        self,
        script: CheckScript,
        spawner: Spawner,
        log: Log,
        report: Callable[[ScriptResult], None],
        verdict: bool | None = None,  # a verdict is a boolean
    ) -> None:
        """verdict: what has been reported of this check already; None when nothing has."""
        self._script = script
        self._spawner = spawner
        self._log = log
        self._report = report
        self._is_known = verdict is not None
        first = False if script.init_fail else None
        self._counter = RiseFall(script.rise, script.fall, verdict if self._is_known else first)
        self._detail = ""

    @property
    def verdict(self) -> bool | None:
        """What holds now; None before the first run has ended."""
        return self._counter.verdict

    async def run(self) -> None:
        """Runs until cancelled; a script that is running then is ended with its process group."""
        if self._script.init_fail and not self._is_known:
            self._report(ScriptResult(self._script.name, succeeded=False, detail=_INIT_FAIL))
        planned, was_late = trio.current_time(), False
        while True:
            await self._run_once()
            planned, missed = next_run(planned, self._script.interval, trio.current_time())
            if missed and not was_late:
                self._log.warning(f"vrrp_script {self._script.name}: still running when due again, skipped={missed}")
            was_late = missed > 0
            await trio.sleep_until(planned)

    async def _run_once(self) -> None:
        name = self._script.name
        label = f"vrrp_script {name}"
        run = script_run.start(self._spawner, self._script.command, label=label, output_level=logging.DEBUG)
        if isinstance(run, Outcome):
            self._judge(run)
            return
        async with run:
            outcome = await run.outcome(self._script.timeout or self._script.interval)
            self._judge(outcome)
            if outcome.timed_out:
                await run.end()

    def _judge(self, outcome: Outcome) -> None:
        changed = self._counter.count(succeeded=outcome.succeeded)
        name = f"vrrp_script {self._script.name}"
        if changed and outcome.succeeded:
            self._log.info(f"{name} succeeded")
        elif changed:
            self._log.warning(f"{name} failed: {outcome.detail}")
        elif outcome.detail != self._detail:
            self._log.info(f"{name}: now {outcome.detail}")
        self._detail = outcome.detail
        if changed:
            self._report(ScriptResult(self._script.name, succeeded=outcome.succeeded, detail=outcome.detail))


class ScriptTrackers:
    """All of them, as the present configuration wants them."""

    def __init__(self, spawner: Spawner, tasks: Tasks, log: Log, report: Callable[[ScriptResult], None]) -> None:
        self._spawner = spawner
        self._tasks = tasks
        self._log = log
        self._report = report
        self._running: dict[str, tuple[CheckScript, trio.CancelScope, ScriptTracker]] = {}

    @property
    def verdicts(self) -> dict[str, bool]:
        """Of all that have one, by name."""
        found = {name: tracker.verdict for name, (_, _, tracker) in self._running.items()}
        return {name: verdict for name, verdict in found.items() if verdict is not None}

    def configure(self, scripts: Iterable[CheckScript], verdicts: Mapping[str, bool] | None = None) -> None:
        """Run exactly these; one that has not changed goes on undisturbed, a changed one keeps its verdict.

        verdicts: of those that do not run yet, from an earlier life of this process.
        """
        known = dict(verdicts or {}) | self.verdicts
        wanted = {script.name: script for script in scripts}
        for name, (script, scope, _) in list(self._running.items()):
            if wanted.get(name) != script:
                scope.cancel()
                del self._running[name]
        for name, script in wanted.items():
            if name not in self._running:
                scope = trio.CancelScope()
                tracker = ScriptTracker(script, self._spawner, self._log, self._report, known.get(name))
                self._running[name] = (script, scope, tracker)
                self._tasks.start_soon(self._run, tracker, scope)

    async def _run(self, tracker: ScriptTracker, scope: trio.CancelScope) -> None:
        with scope:
            await tracker.run()
