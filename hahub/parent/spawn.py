"""Starting programs: own process group, own user, no shell, output to the log, known to the guard."""

import contextlib
import errno
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import trio

from hahub.parent import credentials, guard
from hahub.parent.credentials import Credentials, CredentialsError, Powers
from hahub.parent.guard_link import GuardLink
from hahub.parent.heritage import ChildHeritage
from hahub.parent.launch import Inherited, Launched, Program, launch, marked
from hahub.parent.logs import LogWriter
from hahub.parent.output import Outputs
from hahub.parent.tasks import Tasks
from hahub.settings import Command

_NEVER_INHERITED = frozenset({"LD_PRELOAD", "LD_LIBRARY_PATH", "IFS"})
_LAST_OUTPUT = 0.2
"""Seconds to wait for output that is on its way."""


class SpawnError(Exception):
    """A program that cannot be started; the text says why, for people."""


class Child:
    """A started program, leader of its own process group. Close it: a leader that is still alive is killed.

    Its pid stays taken until ``close``, so that signals can only reach this process and its group.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes] | Inherited,
        pidfd: int,
        *,
        output: Callable[[], int],
        forget: Callable[[int], None],
        nursery: trio.Nursery,
    ) -> None:
        """output: the descriptor that reads what it prints, -1 when that is closed; not ours."""
        self.pid = popen.pid
        self._output = output
        self._popen = popen
        self._pidfd = pidfd
        self._forget = forget
        self._nursery = nursery
        self._is_reaped = False

    def bequeath(self, link: int = -1) -> ChildHeritage:
        """Leave it to another image of this process, with our end of its link."""
        return ChildHeritage(self.pid, self._output(), link)

    async def exited(self) -> int:
        """Wait for the end of the leader. One task at a time.

        Returns the exit status, or the negative number of the signal that ended it.
        """
        await trio.lowlevel.wait_readable(self._pidfd)
        return self.peek()

    def peek(self) -> int:
        """The exit status of a leader that has ended, which stays a zombie: its number is not free yet."""
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if found is None:
            raise RuntimeError(f"process {self.pid} has not ended")
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def signal(self, number: int) -> None:
        """Send a signal to the leader alone; nothing happens when it is gone."""
        if self._is_reaped:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def signal_group(self, number: int) -> None:
        """Send a signal to the leader and everything it started in its group; nothing happens when that is gone."""
        if self._is_reaped:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def close(self) -> None:
        """Let go of the process; kills the leader when it is still alive.

        Never waits: a process may be stuck in the kernel, on a dead file server for example.
        """
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
            self._reap()
            return
        self.signal(signal.SIGKILL)
        self._nursery.start_soon(self._reap_later)

    async def _reap_later(self) -> None:
        await self.exited()
        self._reap()

    def _reap(self) -> None:
        self._is_reaped = True
        self._forget(self.pid)
        self._popen.wait()
        os.close(self._pidfd)


def describe_exit(status: int) -> str:
    """``exited with status 2``, ``ended by signal 9 (SIGKILL)``."""
    if status >= 0:
        return f"exited with status {status}"
    with contextlib.suppress(ValueError):
        return f"ended by signal {-status} ({signal.Signals(-status).name})"
    return f"ended by signal {-status}"


def script_environment(inherited: Mapping[str, str], mark: str, hidden: Collection[str] = ()) -> dict[str, str]:
    """The environment of a script: what hahub has, without the variables that change what programs mean.

    hidden: names of variables that hold secrets; a script may run as anybody.
    """
    kept = {name: value for name, value in inherited.items() if name not in _NEVER_INHERITED and name not in hidden}
    return kept | {guard.MARK_VARIABLE: mark}


class Spawner:
    """Starts programs for the parent. Their output is read in ``nursery``, as long as anything holds it open."""

    def __init__(
        self,
        nursery: trio.Nursery,
        log: LogWriter,
        guard: GuardLink,
        *,
        mark: str,
        powers: Powers | None = None,
    ) -> None:
        self._nursery = nursery
        self._readers = Tasks(nursery)
        self._outputs = Outputs(self._readers, self.say_once)
        self._writer = log
        self._log = log.named("parent")
        self._guard = guard
        self._mark = mark
        self._powers = powers or credentials.powers()
        self._said: set[str] = set()
        self._hidden: frozenset[str] = frozenset()

    def hide(self, variables: Iterable[str]) -> None:
        """Keep these environment variables from scripts that start from now on."""
        self._hidden = frozenset(variables)

    def start_script(
        self, command: Command, *, label: str, extra: Sequence[str] = (), output_level: int = logging.INFO
    ) -> Child:
        """Start a script in its own process group; its output goes to the log under ``label``.

        extra: arguments after the configured ones. Raises SpawnError.
        """
        environment = script_environment(os.environ, self._mark, self._hidden)
        user = self.permitted(self._resolve(command), f"{label} runs")
        program = Program((*command.argv, *extra), user, environment, output_level=output_level)
        try:
            child = self._start_group(program, label)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise SpawnError(_describe_refusal(error)) from error
            child = self._start_without_interpreter(program, label)
        return child

    def _resolve(self, command: Command) -> Credentials:
        try:
            return credentials.resolve(command.user, command.group)
        except CredentialsError as error:
            raise SpawnError(f"cannot be executed: {error}") from error

    def _start_without_interpreter(self, program: Program, label: str) -> Child:
        """Run a file without a ``#!`` line as execvp(3) does; keepalived does so too."""
        self.say_once(f"{label}: {program.argv[0]} has no #! line, /bin/sh reads it")
        found = shutil.which(program.argv[0]) or program.argv[0]
        argv = ("/bin/sh", found, *program.argv[1:])
        try:
            return self._start_group(replace(program, argv=argv), label)
        except OSError as error:
            raise SpawnError(_describe_refusal(error)) from error

    def start_process(self, program: Program, *, label: str) -> Child:
        """Start one of hahub's own processes, which the guard lets leave by itself. Raises OSError."""
        return self.adopt_process(launch(marked(program, self._mark)), label=label)

    def adopt_process(self, launched: Launched, *, label: str) -> Child:
        """Take over one of hahub's own processes that runs already. Raises OSError, and ends it then."""
        child = self._own(launched, label, logging.INFO, self._guard.forget_process)
        self._guard.watch_process(child.pid)
        return child

    def _start_group(self, program: Program, label: str) -> Child:
        child = self._own(launch(program), label, program.output_level, self._guard.forget_group)
        self._guard.watch_group(child.pid)
        return child

    def _own(self, launched: Launched, label: str, output_level: int, forget: Callable[[int], None]) -> Child:
        popen = launched.popen
        try:
            pidfd = os.pidfd_open(popen.pid)
        except OSError:
            launched.end()
            raise
        output = self._outputs.read(launched.output, self._writer.named(label), output_level)

        def reaped(pid: int) -> None:
            forget(pid)
            self._outputs.ended(output, label)

        return Child(
            popen,
            pidfd,
            output=partial(self._outputs.descriptor_of, output),
            forget=reaped,
            nursery=self._nursery,
        )

    def inherit_process(self, heritage: ChildHeritage, *, label: str) -> Child:
        """One of hahub's own processes that an earlier image of this one has started. Raises OSError."""
        return self.adopt_process(Launched(Inherited(heritage.pid), heritage.output), label=label)

    def inherit_script(self, heritage: ChildHeritage, *, label: str) -> Child:
        """A script that an earlier image of this process has started. Raises OSError."""
        launched = Launched(Inherited(heritage.pid), heritage.output)
        child = self._own(launched, label, logging.INFO, self._guard.forget_group)
        self._guard.watch_group(child.pid)
        return child

    def permitted(self, wanted: Credentials, what: str) -> Credentials | None:
        """``wanted`` if this process may become it, else None, which is logged once; None too when it is it already."""
        here = credentials.present()
        if wanted == here:
            return None
        refusal = self._powers.why_not(wanted)
        if not refusal:
            return wanted
        self.say_once(f"{what} as uid={here.uid} instead of uid={wanted.uid} gid={wanted.gid}: {refusal}")
        return None

    async def finish_reading(self) -> None:
        """Wait for the last output of programs that have ended; not long, somebody may still hold it open."""
        with trio.move_on_after(_LAST_OUTPUT):
            await self._readers.wait_for_none()

    def say_once(self, text: str) -> None:
        """A warning that is not repeated."""
        if text not in self._said:
            self._said.add(text)
            self._log.warning(text)


def _describe_refusal(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    if error.errno == errno.ENOENT and error.filename and Path(error.filename).is_file():
        reason = "the interpreter in its first line does not exist"
    return f"cannot be executed: {reason}" + (f": {error.filename}" if error.filename else "")
