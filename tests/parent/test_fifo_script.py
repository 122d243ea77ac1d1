"""The program that reads a FIFO: its arguments, its restarts, its end."""

import os
import signal
from pathlib import Path

import pytest
import trio

from hahub.parent.fifo_script import FifoScripts
from hahub.parent.logs import Log
from hahub.parent.spawn import Spawner
from hahub.parent.tasks import Tasks
from hahub.settings import Command, FifoSettings
from tests.parent.harness import is_alive, script
from tests.parent.logbook import LogBook, wait_until_exists


class Running:
    """FIFO scripts, and a FIFO of whose script the pids are written down."""

    def __init__(self, tmp_path: Path, spawner: Spawner, nursery: trio.Nursery, log: Log) -> None:
        self.pids_file = tmp_path / "pids"
        self.tmp_path = tmp_path
        self.tasks = Tasks(nursery)
        self.scripts = FifoScripts(spawner, self.tasks, log)

    def fifo(self, body: str, *words: str) -> FifoSettings:
        path = script(self.tmp_path / "reader", body).argv[0]
        return FifoSettings("notify_fifo", "/path/of/fifo", script=Command((path, *words)))

    async def pids(self, count: int) -> list[int]:
        with trio.fail_after(30):
            while len(found := self._written()) < count:
                await trio.sleep(0.02)
        return found

    def _written(self) -> list[int]:
        return [int(pid) for pid in self.pids_file.read_text().split()] if self.pids_file.exists() else []


@pytest.fixture
def running(tmp_path: Path, spawner: Spawner, nursery: trio.Nursery, log: Log) -> Running:
    return Running(tmp_path, spawner, nursery, log)


async def gone(*pids: int) -> None:
    with trio.fail_after(30):
        while any(map(is_alive, pids)):
            await trio.sleep(0.02)


async def test_the_path_is_the_last_argument(running: Running, tmp_path: Path) -> None:
    running.scripts.configure([running.fifo(f'echo "$@" > {tmp_path}/said; exec sleep 1000', "a", "b c")])

    await wait_until_exists(tmp_path / "said")

    assert (tmp_path / "said").read_text() == "a b c /path/of/fifo\n"
    await running.tasks.end()


async def test_a_dead_one_is_started_again_with_back_off_and_nothing_of_it_goes_on_reading(
    running: Running, logbook: LogBook
) -> None:
    running.scripts.configure([running.fifo(f"sleep 1000 & echo $$ $! >> {running.pids_file}; wait")])

    for life in range(3):
        leader = (await running.pids(2 * life + 2))[-2]
        os.kill(leader, signal.SIGKILL)

    pids = await running.pids(8)
    await gone(*pids[:6])
    assert [line.partition("in=")[2] for line in logbook.lines if "starting again" in line] == ["0s", "1s", "2s"]
    assert "WARNING parent: notify_fifo_script: ended by signal 9 (SIGKILL)" in logbook.lines
    await running.tasks.end()
    await gone(*pids)


async def test_one_that_ignores_sigterm_is_killed_with_its_group(running: Running, logbook: LogBook) -> None:
    running.scripts.configure([running.fifo(f"trap '' TERM; sleep 1000 & echo $$ $! >> {running.pids_file}; wait")])
    pids = await running.pids(2)

    await running.tasks.end()

    await gone(*pids)
    assert logbook.lines == ["WARNING parent: notify_fifo_script: did not end within 1 s of SIGTERM, killed"]


async def test_one_that_cannot_be_executed_is_tried_again(running: Running, logbook: LogBook) -> None:
    running.scripts.configure([FifoSettings("notify_fifo", "/path", script=Command(("/no/such",)))])

    await logbook.wait_for("starting again, in=1s")

    assert logbook.lines[0] == (
        "ERROR parent: notify_fifo_script: cannot be executed: no such file or directory: /no/such"
    )
    await running.tasks.end()


async def test_only_a_changed_one_is_started_again(running: Running) -> None:
    body = f"echo $$ >> {running.pids_file}; exec sleep 1000"
    fifo = running.fifo(body)
    running.scripts.configure([fifo])
    (first,) = await running.pids(1)

    running.scripts.configure([fifo])
    running.scripts.configure([running.fifo(body, "changed")])

    _, second = await running.pids(2)
    await gone(first)
    assert is_alive(second)
    running.scripts.configure([])
    await gone(second)
    assert not running.scripts.are_any
