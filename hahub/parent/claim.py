"""One daemon per network namespace, known by an abstract socket: each network namespace has its own names for these.

Two daemons with different run directories would fight over addresses and answer each other's adverts. The name
vanishes with the last process that holds the socket, so a crash leaves nothing behind.
"""

import errno
import os
import socket
import struct
import time
from dataclasses import dataclass

from hahub.parent.rundir import is_alive

NAME = "hahub"
_PATIENCE = 10.0
"""Seconds to wait for the guard of a daemon that has just died: it holds the name until it has cleaned up."""
_credentials = struct.Struct("=iII")


class ClaimError(Exception):
    """Another daemon serves this network namespace."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The name is ours as long as somebody has ``descriptor`` open; the caller's to close."""

    descriptor: int
    """-1 when somebody who is no hahub has the name."""
    note: str = ""
    """What could not be had, for the log."""

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class _Holder:
    pid: int
    """0 when it is in another pid namespace."""
    uid: int


def claim(name: str = NAME) -> Claim:
    """Take the name for this process and those that get the descriptor.

    Any user may take a name, to keep us from starting: only another root, or our own user, is believed.
    Raises ClaimError, naming the pid of the daemon that is there already.
    """
    deadline = time.monotonic() + _PATIENCE
    while (descriptor := _take(name)) is None:
        holder = _ask(name)
        if holder is not None and holder.uid not in (0, os.geteuid()):
            return Claim(
                -1, f"uid={holder.uid} pid={holder.pid} holds @{name}: a second hahub here would not be noticed"
            )
        late = time.monotonic() > deadline
        if holder is not None and (holder.pid == 0 or late or is_alive(str(holder.pid))):
            pid = holder.pid or "unknown, it is in another pid namespace"
            raise ClaimError(f"a hahub is running in this network namespace already, pid {pid}")
        if late:
            return Claim(-1, f"somebody who is no hahub holds @{name}: a second hahub here would not be noticed")
        time.sleep(0.1)
    return Claim(descriptor)


def _take(name: str) -> int | None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(f"\0{name}")
        sock.listen()  # only then can others ask who we are
    except OSError as error:
        sock.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return sock.detach()


def _ask(name: str) -> _Holder | None:
    """Who listens under this name; None when nobody does, or it cannot be told now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            sock.connect(f"\0{name}")
            pid, uid, _ = _credentials.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _credentials.size))
        except OSError:
            return None
    return _Holder(pid, uid)
