"""A timer with the precision that VRRP needs: timerfd on CLOCK_MONOTONIC.

trio waits with epoll, whose timeout Python rounds up to whole milliseconds; a timerfd fires within 0.1-0.2 ms.
Source: timerfd_create(2); os.timerfd_create exists from Python 3.13 only.
"""

import ctypes
import os

_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_CLOEXEC = os.O_CLOEXEC
_TFD_TIMER_ABSTIME = 1
_CLOCK_MONOTONIC = 1


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


_libc = ctypes.CDLL(None, use_errno=True)


class DeadlineTimer:
    """Becomes readable at one point of time.monotonic(); owns a file descriptor."""

    def __init__(self) -> None:
        self._fd = _libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if self._fd < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self._spec = _Itimerspec()
        self._deadline: float | None = None

    def fileno(self) -> int:
        return int(self._fd)

    def set(self, deadline: float | None) -> None:
        """Fire at ``deadline``, in seconds of time.monotonic(); at once if it is past; None: never."""
        if deadline == self._deadline:
            return
        self._deadline = deadline
        # An all-zero value disarms, so the earliest time there is is one nanosecond.
        nanoseconds = 0 if deadline is None else max(1, int(deadline * 1_000_000_000))
        self._spec.it_value.tv_sec, self._spec.it_value.tv_nsec = divmod(nanoseconds, 1_000_000_000)
        _libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, ctypes.byref(self._spec), None)

    def clear(self) -> None:
        """Take note that it fired; not readable until the next ``set``."""
        self._deadline = None
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return

    def close(self) -> None:
        os.close(self._fd)
