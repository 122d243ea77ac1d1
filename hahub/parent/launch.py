"""Launching a program, and one of them before everything else: the core.

Core and parent spend most of their start importing. A core that is launched before the parent imports what it needs to
read the configuration does so at the same time, and then waits for its Configure. That is why nothing is imported here
but the standard library.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from logging import INFO
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hahub.parent import guard

if TYPE_CHECKING:
    from hahub.parent.credentials import Credentials

CORE = (sys.executable, "-P", "-m", "hahub.core")
"""What to execute as the core; ``--link FD`` is added."""

HERITAGE = "HAHUB_HERITAGE"
"""Environment variable of an image that goes on where an earlier one of the process has stopped."""
REHEARSAL = "HAHUB_REHEARSAL"
"""Environment variable of a program that is only tried."""

_UMASK = 0o022
_SEND_BUFFER_BYTES = 4 * 1024 * 1024
"""Room for a burst: a thousand instances may change state at once."""
_SO_SNDBUFFORCE = 32


@dataclass(frozen=True, slots=True)
class Program:
    """What to start, as whom, and what it inherits."""

    argv: tuple[str, ...]
    credentials: "Credentials | None" = None
    """None: as this process."""
    environment: Mapping[str, str] | None = None
    pass_fds: tuple[int, ...] = ()
    output_level: int = INFO
    """Of its output in the log."""


class Inherited:
    """A child of this process that another image of it has started: what is needed of a Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@dataclass(frozen=True, slots=True)
class Launched:
    """A program that runs; who has this owns the process and the descriptor."""

    popen: subprocess.Popen[bytes] | Inherited
    output: int
    """Reads what it prints; -1 when it has closed that."""

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        if self.output >= 0:
            os.close(self.output)
        self.popen.kill()
        self.popen.wait()


def launch(program: Program) -> Launched:
    """Start a program as the leader of its own process group. Raises OSError.

    From the main thread on purpose: children that ask for PR_SET_PDEATHSIG are bound to this thread.
    """
    user = program.credentials
    reading, writing = os.pipe()
    try:
        popen = subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            cwd="/",
            env=program.environment,
            umask=_UMASK,
            process_group=0,
            pass_fds=program.pass_fds,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return Launched(popen, reading)


def core_program(argv: tuple[str, ...], descriptor: int) -> Program:
    """The core with this end of the link."""
    return Program((*argv, "--link", str(descriptor)), pass_fds=(descriptor,))


def marked(program: Program, mark: str) -> Program:
    """The same with this process's environment, and the mark by which the guard finds strays."""
    environment = dict(os.environ) | {guard.MARK_VARIABLE: mark}
    return Program(program.argv, program.credentials, environment, program.pass_fds, program.output_level)


def connected_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a link with room for bursts in both directions."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        try:
            end.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _SEND_BUFFER_BYTES)
        except OSError:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    return ends


class EarlyCore:
    """A core that has nothing to do yet. Leaving the context ends it, unless somebody has taken it.

    Until it has its Configure a core changes nothing on the host, so that killing it harms nobody.
    """

    def __init__(self, argv: tuple[str, ...] = CORE) -> None:
        """Raises OSError when there is no such program."""
        self.mark = os.urandom(8).hex()
        """Of this run of the daemon."""
        self._link, theirs = connected_pair()
        with theirs:
            try:
                self._launched: Launched | None = launch(marked(core_program(argv, theirs.fileno()), self.mark))
            except OSError:
                self._link.close()
                raise

    def take(self) -> tuple[Launched, socket.socket]:
        """The process, and our end of its link, for the caller to own. Once."""
        launched, self._launched = self._launched, None
        if launched is None:
            raise RuntimeError("the early core is taken already")
        return launched, self._link

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._launched is not None:
            self._link.close()
            self._launched.end()
