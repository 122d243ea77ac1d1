"""The parent's end of the guard."""

import os
import signal
import subprocess
from pathlib import Path

import trio
import trio.lowlevel

from hahub.parent.fifo import open_fifo
from hahub.parent.guard_link import GuardLink
from hahub.parent.logs import Log
from hahub.settings import FifoSettings
from tests.parent.logbook import LogBook


def guards() -> set[int]:
    """Pids of this process's guards."""
    pid = os.getpid()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in children if b"guard.py" in Path(f"/proc/{child}/cmdline").read_bytes()}


def sleeping_group() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "1000"], process_group=0)


async def the_guard(*, other_than: int = 0) -> int:
    with trio.fail_after(30):
        while not (found := guards() - {other_than}):
            await trio.sleep(0.02)
    return found.pop()


def test_closing_lets_the_guard_do_its_work_and_waits_for_it(tmp_path: Path, log: Log) -> None:
    guard = GuardLink("mark", log)
    fifo = open_fifo(FifoSettings("notify_fifo", str(tmp_path / "fifo")))
    child = sleeping_group()
    guard.watch_group(child.pid)
    guard.start()
    guard.watch_fifo(fifo)

    guard.close()

    assert not (tmp_path / "fifo").exists()
    assert child.wait(30) == -9
    fifo.close()


def test_what_was_forgotten_is_left_alone(log: Log) -> None:
    guard = GuardLink("mark", log)
    guard.start()
    with sleeping_group() as child:
        guard.watch_group(child.pid)
        guard.forget_group(child.pid)

        guard.close()

        assert child.poll() is None
        child.kill()


def test_descriptors_stay_open_as_long_as_the_guard_lives(log: Log) -> None:
    reading, writing = os.pipe()
    guard = GuardLink("mark", log, keep_open=[writing])
    guard.start()
    os.close(writing)
    os.set_blocking(reading, False)

    try:
        os.read(reading, 1)
    except BlockingIOError:
        held = True
    else:
        held = False
    guard.close()

    assert held
    assert os.read(reading, 1) == b""
    os.close(reading)


async def test_another_guard_takes_over_with_all_that_is_known(
    nursery: trio.Nursery, log: Log, logbook: LogBook
) -> None:
    guard = GuardLink("mark", log)
    guard.start()
    nursery.start_soon(guard.keep)
    first = await the_guard()
    with sleeping_group() as child:
        guard.watch_group(child.pid)

        os.kill(first, signal.SIGKILL)
        await the_guard(other_than=first)
        nursery.cancel_scope.cancel()
        guard.close()

        assert child.wait(30) == -9
    assert logbook.lines == ["WARNING parent: the guard ended, starting another one: in=0s"]


async def test_a_guard_that_does_not_listen_is_replaced(nursery: trio.Nursery, log: Log) -> None:
    guard = GuardLink("mark", log)
    guard.start()
    nursery.start_soon(guard.keep)
    first = await the_guard()
    await trio.lowlevel.checkpoint()
    os.kill(first, signal.SIGSTOP)

    for number in range(4_000_000, 4_010_000):
        guard.watch_group(number)
        guard.forget_group(number)

    assert await the_guard(other_than=first)
    nursery.cancel_scope.cancel()
    guard.close()
