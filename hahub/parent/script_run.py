"""One run of a script: until it ends, or until its time is up and its whole process group is ended."""

import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import trio

from hahub.parent.spawn import Child, Spawner, SpawnError, describe_exit
from hahub.settings import Command

KILL_AFTER = 2.0
"""Seconds between SIGTERM and SIGKILL."""
_LOOK_EVERY = 0.05
"""Seconds between looks at a group that is being ended; nobody tells when the last member of a group is gone."""


_STOOD_STILL = 0.5
"""Seconds after a time limit at which nobody can say any more that the script was too slow: we were."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went."""

    succeeded: bool
    detail: str
    """For people: ``exited with status 2``, ``timed out after 1 s``, ``cannot be executed: ...``."""
    timed_out: bool = False


class ScriptRun:
    """A script that was started. A context manager: nothing of its process group survives a timeout or a cancel."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._over = False

    async def outcome(self, limit: float) -> Outcome:
        """Wait for its end, at most ``limit`` seconds; then it counts as failed, whatever it says later.

        If the host or this process stood still meanwhile, it gets as long once more: that was not the script's fault.
        """
        for _ in range(2):
            deadline = trio.current_time() + limit
            with trio.move_on_at(deadline):
                status = await self._child.exited()
                self._over = True
                return Outcome(succeeded=status == 0, detail=describe_exit(status))
            if trio.current_time() < deadline + _STOOD_STILL:
                break
        return Outcome(succeeded=False, detail=f"timed out after {limit:g} s", timed_out=True)

    async def end(self) -> None:
        """SIGTERM to the group, SIGKILL after two seconds to what is left of it."""
        self._child.signal_group(signal.SIGTERM)
        with trio.move_on_after(KILL_AFTER):
            await self._child.exited()
            while has_others(self._child.pid):
                await trio.sleep(_LOOK_EVERY)
        self._child.signal_group(signal.SIGKILL)
        self._over = True

    async def __aenter__(self) -> "ScriptRun":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._over:
                with trio.CancelScope(shield=True):
                    await self.end()
        finally:
            self._child.close()


def start(
    spawner: Spawner, command: Command, *, label: str, extra: Sequence[str] = (), output_level: int = logging.INFO
) -> ScriptRun | Outcome:
    """Start a script; the outcome comes at once when it cannot be executed, and that is a failure."""
    try:
        return ScriptRun(spawner.start_script(command, label=label, extra=extra, output_level=output_level))
    except SpawnError as error:
        return Outcome(succeeded=False, detail=str(error))


def has_others(group: int) -> bool:
    """Whether a process group has members besides its leader that are not zombies."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != group:
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] not in "ZX":
                return True
    return False
