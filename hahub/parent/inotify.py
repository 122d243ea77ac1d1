"""inotify(7): being told when a file in a directory is written, replaced or removed.

::

    struct inotify_event    | wd 4 | mask 4 | cookie 4 | len 4 | name, len bytes, padded with zeros |

The standard library has no words for it; libc does. Source: linux/inotify.h.
"""

import ctypes
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import trio

_CLOSE_WRITE = 0x008
_MOVED_FROM = 0x040
_MOVED_TO = 0x080
_CREATE = 0x100
_DELETE = 0x200
_DELETE_SELF = 0x400
_MOVE_SELF = 0x800
_ONLYDIR = 0x01000000
_WANTED = _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
_HEADER = struct.Struct("=iIII")
_READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class FileEvent:
    """Something happened to a name in a watched directory."""

    watch: int
    """The directory, as ``watch`` returned it; -1 when so much happened that the kernel gave up telling."""
    name: str
    """Empty when it happened to the directory itself."""


def parse_events(packet: bytes) -> Iterator[FileEvent]:
    """Read what the kernel wrote: whole events, one after the other."""
    at = 0
    while at < len(packet):
        watch, _, _, length = _HEADER.unpack_from(packet, at)
        at += _HEADER.size
        yield FileEvent(watch, os.fsdecode(packet[at : at + length].rstrip(b"\0")))
        at += length


class Inotify:
    """One inotify instance. A context manager."""

    def __init__(self) -> None:
        """Raises OSError, for one when this user has too many already."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def __enter__(self) -> "Inotify":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def watch(self, directory: str) -> int:
        """Be told of every name in a directory; its number, the same for one that is watched already.

        Raises OSError, also when it is no directory.
        """
        return self._checked(self._libc.inotify_add_watch(self._fd, os.fsencode(directory), _WANTED))

    async def events(self) -> list[FileEvent]:
        """Wait for events, at least one."""
        while True:
            await trio.lowlevel.wait_readable(self._fd)
            try:
                return list(parse_events(os.read(self._fd, _READ_BYTES)))
            except BlockingIOError:
                continue

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result
