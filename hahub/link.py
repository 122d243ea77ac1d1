"""A record-wise link between two processes: SOCK_SEQPACKET under trio, with attached file descriptors.

Sending never waits: what does not fit is refused, and the caller decides (the core counts and resynchronises).
"""

import contextlib
import os
import socket
from collections.abc import Sequence

import trio

from hahub import messages
from hahub.messages import Record

PACKET_SIZE_MAX = 128 * 1024
"""Bytes; a record that is larger belongs into an attached memory file."""
_DESCRIPTORS_MAX = 16


class LinkClosedError(Exception):
    """The other side has ended."""


class Link:
    """One end of a link. Owns its socket; close it."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock

    @classmethod
    def from_fileno(cls, fileno: int) -> "Link":
        """Take over an inherited or received descriptor."""
        return cls(socket.socket(fileno=fileno))

    def fileno(self) -> int:
        return self._sock.fileno()

    def try_send(self, record: Record, descriptors: Sequence[int] = ()) -> bool:
        """Send at once or not at all; False when the other side does not keep up.

        descriptors: duplicated to the receiver, still owned by the caller.
        Raises LinkClosedError when nobody is there any more.
        """
        packet = messages.encode(record)
        if len(packet) > PACKET_SIZE_MAX:
            raise ValueError(f"{type(record).__name__} takes {len(packet)} bytes, at most {PACKET_SIZE_MAX} fit")
        try:
            if descriptors:
                socket.send_fds(self._sock, [packet], list(descriptors))
            else:
                self._sock.send(packet)
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionError, OSError) as error:
            raise LinkClosedError(str(error)) from error
        return True

    async def send(self, record: Record, descriptors: Sequence[int] = ()) -> None:
        """Send, waiting while the other side does not keep up. Not for the core. Raises LinkClosedError."""
        while not self.try_send(record, descriptors):
            await trio.lowlevel.wait_writable(self._sock)
        await trio.lowlevel.checkpoint()

    def try_receive(self) -> tuple[Record, list[int]] | None:
        """The next record if one is there, with the descriptors attached to it, which the caller now owns.

        Raises LinkClosedError at the end, MessageError for a packet that is no record.
        """
        try:
            packet, descriptors, flags, _ = socket.recv_fds(self._sock, PACKET_SIZE_MAX + 1, _DESCRIPTORS_MAX)
        except BlockingIOError:
            return None
        except OSError as error:
            raise LinkClosedError(str(error)) from error
        if not packet:
            raise LinkClosedError("the other side closed the link")
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            for descriptor in descriptors:
                os.close(descriptor)
            raise messages.MessageError(f"a packet of more than {PACKET_SIZE_MAX} bytes")
        return messages.decode(packet), list(descriptors)

    async def receive(self) -> tuple[Record, list[int]]:
        """Wait for the next record. Raises as ``try_receive``."""
        await trio.lowlevel.checkpoint()  # before taking a record: a cancelled call has lost none
        while True:
            received = self.try_receive()
            if received is not None:
                return received
            await trio.lowlevel.wait_readable(self._sock)

    def close(self) -> None:
        """Give the socket up; a task that waits in ``receive`` gets LinkClosedError."""
        with contextlib.suppress(RuntimeError):  # outside trio nobody can be waiting
            trio.lowlevel.notify_closing(self._sock)
        self._sock.close()


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends, close-on-exec, not yet given to anyone."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def memory_file(name: str, content: bytes) -> int:
    """A sealed memory file with this content, positioned at its start; the caller owns the descriptor."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def read_memory_file(descriptor: int) -> bytes:
    """Read a received memory file from its start and close it."""
    with open(descriptor, "rb") as file:
        file.seek(0)
        return file.read()
