"""When packets arrived, as the kernel stamps them: timers count from there, not from when there was time to read.

The stamp is wall clock time, which somebody may set while a packet waits. The distance between the two clocks changes
by nothing else, so that a step shows, and the packets that waited meanwhile count from their reading. So do those that
are suspiciously old: after a standstill the next advert may just not have got here yet.

Source: socket(7) SO_TIMESTAMPNS, linux net/core/timestamping; clock_settime(2).
"""

import socket
import struct
import time
from collections.abc import Iterable

AGE_MAX = 0.005
"""Seconds; a packet that waited longer counts from its reading, which can only make a timer later."""
_STEP = 0.0001
"""Seconds; a difference that two readings of the clocks, one after the other, do not explain."""
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the name of the ancillary message as well
_timespec = struct.Struct("=qq")
STAMP_BYTES = socket.CMSG_SPACE(_timespec.size)
"""Room for one stamp."""

Ancillary = list[tuple[int, int, bytes]]


class ArrivalClock:
    """Turns the kernel's stamps of one socket into monotonic times."""

    def __init__(self, sock: socket.socket) -> None:
        """Have the kernel stamp what arrives from now on. Raises OSError."""
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._distance = time.time() - time.monotonic()

    def times(self, stamps: Iterable[Ancillary], *, more_wait: bool) -> list[float]:
        """When the packets that were just read, with these ancillary data, had arrived: never in the future.

        more_wait: there may be others, older than this call, that are still unread.
        """
        now, distance = time.monotonic(), time.time() - time.monotonic()
        steady = abs(distance - self._distance) < _STEP
        if not more_wait:
            self._distance = distance
        return [_within(now, _stamp(ancillary) - distance) if steady else now for ancillary in stamps]


def _within(now: float, arrived: float) -> float:
    return arrived if now - AGE_MAX <= arrived <= now else now


def _stamp(ancillary: Ancillary) -> float:
    """Wall clock time; 0, which is too old for anything, where there is none."""
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(content) == _timespec.size:
            seconds, nanoseconds = _timespec.unpack(content)
            return float(seconds + nanoseconds * 1e-9)
    return 0.0
