"""What makes a process fit for millisecond timers, as far as it is allowed: each step may be refused.

Source: sched(7), mlockall(2), capabilities(7); the effect of each was measured, see docs/performance.md.
"""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import struct
import time
from pathlib import Path
from types import FrameType

_libc = ctypes.CDLL(None, use_errno=True)

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_PR_SET_PDEATHSIG = 1
_PR_SET_TIMERSLACK = 29
_UNINTERRUPTED, _RUNAWAY = 200_000, 5_000_000
"""Microseconds of real-time running without a pause, after which the kernel sends SIGXCPU, and then SIGKILL."""
_BREATH = 1.0
"""Seconds as an ordinary process, after SIGXCPU."""
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_NET_ADMIN, _CAP_NET_RAW, _CAP_IPC_LOCK, _CAP_SYS_NICE = 12, 13, 14, 23
_KEPT_CAPABILITIES = (_CAP_NET_ADMIN, _CAP_NET_RAW, _CAP_IPC_LOCK, _CAP_SYS_NICE)


def end_with_parent() -> None:
    """Ask for SIGTERM when the parent dies; the closed link says it first, this is the second line."""
    parent = os.getppid()
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def freeze_memory() -> None:
    """Call when everything is imported and configured: the collector never looks at it again, and comes seldom.

    With Python's 700 objects it came several times while many routers took over, for 4 % of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


class RealTime:
    """Real-time scheduling that lets go when it would starve the host: a flood, or a reload of many instances.

    The kernel says so by SIGXCPU, whose default action is death; the process is an ordinary one for a while then.
    """

    def __init__(self) -> None:
        self._priority = 0
        self._ordinary_until: float | None = None
        self.given_way = 0
        """How often it had to let go."""

    def begin(self, priority: int) -> str:
        """Returns what was refused, for people; empty when nothing was."""
        signal.signal(signal.SIGXCPU, self._give_way)
        refused = _schedule(priority)
        self._priority = 0 if refused else priority
        return refused

    def _give_way(self, _number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
            os.setpriority(os.PRIO_PROCESS, 0, -15)
        self.given_way += 1
        self._ordinary_until = time.monotonic() + _BREATH

    def come_back(self) -> bool:
        """Call now and then; True when this is the end of a time as an ordinary process."""
        if self._ordinary_until is None or time.monotonic() < self._ordinary_until:
            return False
        self._ordinary_until = None
        _limit()
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(self._priority))
        time.sleep(0.00005)  # the kernel counts from the last time a process slept
        return True


def go_realtime(realtime: RealTime, priority: int) -> list[str]:
    """Real-time scheduling and tight timer slack. Returns what was refused, for people."""
    refused = []
    _libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    if priority and (text := realtime.begin(priority)):
        refused.append(text)
    return refused


def _limit() -> None:
    with contextlib.suppress(OSError, ValueError):  # a guard only; a lower limit may be set already
        resource.setrlimit(resource.RLIMIT_RTTIME, (_UNINTERRUPTED, _RUNAWAY))


def _schedule(priority: int) -> str:
    _limit()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError as error:
        text = f"no real-time scheduling ({error.strerror}); on a busy host adverts may be late"
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -15)
        except OSError:
            return text
        return f"{text}, nice -15 instead"
    return ""


def lock_memory() -> str:
    """Lock memory on fault. Returns why not, empty when done."""
    # With a finite limit a lock that succeeds now makes a later allocation fail: rather no lock.
    unlimited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY
    if not unlimited and not (os.geteuid() == 0 and _is_initial_user_namespace()):
        return "memory not locked (not permitted); under memory pressure adverts may be late"
    if _libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT):
        return f"memory not locked ({os.strerror(ctypes.get_errno())})"
    return ""


def _is_initial_user_namespace() -> bool:
    return Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]


def drop_capabilities() -> str:
    """Keep the four capabilities that VRRP needs. Returns why not, empty when done or nothing to drop."""
    if os.geteuid() != 0:
        return ""
    mask = sum(1 << capability for capability in _KEPT_CAPABILITIES)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    sets = struct.pack("=IIIIII", mask, mask, 0, 0, 0, 0)
    if _libc.capset(header, sets):
        return f"privileges kept ({os.strerror(ctypes.get_errno())})"
    return ""
