"""Intervals, clocks, and a host that stood still."""

import contextlib
import os
import signal
import time
from pathlib import Path

import trio

from tests.conformance.situation import Router, situation
from tests.conformance.situations.alone import QUIET
from tests.conformance.tester import Tester

CLOCKS = {0: "CLOCK_REALTIME", 1: "CLOCK_MONOTONIC"}


@situation(Router(options=QUIET), bench="watched")
async def long_watched(tester: Tester) -> None:
    """Thirty adverts; and which clocks the daemon's timers count by."""
    await tester.becomes("MASTER")
    await tester.hears(30)
    tester.notes["clocks"] = sorted(set(_timer_clocks(await tester.processes())))


def _timer_clocks(processes: list[int]) -> list[str]:
    """Return the clock of each timerfd."""
    found = []
    for pid in processes:
        for path in Path(f"/proc/{pid}/fdinfo").iterdir():
            with contextlib.suppress(FileNotFoundError):
                told = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
                if "clockid" in told:
                    found.append(CLOCKS[int(told["clockid"])])
    return found


@situation(Router(options="down_timer_adverts 2"), bench="backups")
async def two_adverts_missed(tester: Tester) -> None:
    await tester.becomes("BACKUP")
    tester.send(tester.advert(), mark="last")
    await tester.becomes("MASTER")


@situation(Router(), bench="stands still")
async def stands_still(tester: Tester) -> None:
    """The whole daemon gets no processor time for longer than its peers wait."""
    await tester.becomes("MASTER")
    await tester.hears(2)
    processes = await tester.processes()
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    await tester.passes(1.5)
    for pid in processes:
        os.kill(pid, signal.SIGCONT)
    await tester.hears(1)


@situation(Router(advert_int=0.01, options=QUIET), bench="loud centisecond")
async def loud_centisecond(tester: Tester) -> None:
    """Two seconds as master, then a stronger one for two seconds."""
    await tester.becomes("MASTER")
    await tester.hears(150)
    tester.mark("master comes")
    await trio.to_thread.run_sync(_advertise_steadily, tester, 2.0)
    await tester.passes(0.3)
    tester.marks["master is gone"] = max(frame.at for frame in tester.wire.frames if frame.sent)


def _advertise_steadily(tester: Tester, seconds: float) -> None:
    """Send a hundred adverts a second, ahead of everything else on this machine if that is allowed."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    frame = tester.advert().frame()
    start = time.monotonic()
    for number in range(round(seconds * 100)):
        time.sleep(max(0.0, start + number * 0.01 - time.monotonic()))
        tester.wire.send_unseen(frame)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
