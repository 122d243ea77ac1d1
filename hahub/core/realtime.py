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
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_PR_SET_PDEATHSIG = 1
_PR_SET_TIMERSLACK = 29
_RUNAWAY_SOFT, _RUNAWAY_HARD = 200_000, 400_000
"""Microseconds of uninterrupted real-time running after which the kernel steps in."""
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
    """Call when everything is imported and configured: the collector never looks at it again."""
    gc.collect()
    gc.freeze()


def go_realtime(priority: int) -> list[str]:
    """Real-time scheduling, memory lock on fault, tight timer slack. Returns what was refused, for people."""
    refused = []
    _libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    if priority and (text := _schedule(priority)):
        refused.append(text)
    if text := _lock_memory():
        refused.append(text)
    return refused


def _schedule(priority: int) -> str:
    with contextlib.suppress(OSError, ValueError):  # a guard only; a lower limit may be set already
        resource.setrlimit(resource.RLIMIT_RTTIME, (_RUNAWAY_SOFT, _RUNAWAY_HARD))
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


def _lock_memory() -> str:
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
