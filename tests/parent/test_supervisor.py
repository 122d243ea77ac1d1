"""Keeping one child alive, with a stand-in for it."""

import os
import signal
import sys
from collections.abc import Callable

import pytest
import trio
import trio.testing

from hahub.link import Link
from hahub.messages import Log as LogRecord
from hahub.messages import Ready, Record, ScriptResult, Stopped
from hahub.model import State
from hahub.parent.launch import Program, connected_pair
from hahub.parent.logs import Log
from hahub.parent.spawn import Child, Spawner
from hahub.parent.supervisor import Ending, Supervised
from tests.parent.logbook import LogBook
from tests.parent.standin import transition

ECHO = """
import os, select, sys
from hahub.link import Link
from hahub.messages import Log, Ready, Shutdown, Stopped
link = Link.from_fileno(int(sys.argv[1]))
link.try_send(Ready((str(os.getpid()),)))
while True:
    select.select([link], [], [])
    record, _ = link.try_receive()
    if isinstance(record, Shutdown):
        link.try_send(Stopped("bye"))
        sys.exit(0)
    link.try_send(Log(20, repr(record)))
"""
DEAF = "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"
BABBLER = "import os, sys; os.write(int(sys.argv[1]), b'not a record'); os.write(int(sys.argv[1]), b'[\"Ready\",{}]')"


class Watched:
    """A supervised program and what it said."""

    def __init__(self, spawner: Spawner, log: Log, program: str, *, revive: bool = False) -> None:
        self.heard: list[Record] = []
        self._spawner = spawner
        self._program = program
        self.greet: Callable[[], None] = lambda: None
        self.supervised = Supervised(
            "core", log, start=self._start, greet=lambda: self.greet(), hear=self.heard.append, revive=revive
        )

    def _start(self, descriptor: int) -> Child:
        argv = (sys.executable, "-P", "-c", self._program, str(descriptor))
        return self._spawner.start_process(Program(argv, pass_fds=(descriptor,)), label="core")

    async def pids(self, count: int) -> list[int]:
        """Of its lives that said Ready."""
        with trio.fail_after(30):
            while len(found := [record.notes[0] for record in self.heard if isinstance(record, Ready)]) < count:
                await trio.sleep(0.02)
        return list(map(int, found))


async def test_records_go_both_ways_in_order(spawner: Spawner, log: Log, nursery: trio.Nursery) -> None:
    watched = Watched(spawner, log, ECHO)
    results = [ScriptResult(f"chk{number}", succeeded=True) for number in range(300)]

    def greet() -> None:
        for result in results:
            watched.supervised.send(result)

    watched.greet = greet
    nursery.start_soon(watched.supervised.run)
    await watched.pids(1)

    ending = await watched.supervised.stop(1.0, kill_after=30.0)

    assert ending == Ending(Stopped("bye"))
    assert watched.heard[1:] == [*(LogRecord(20, repr(result)) for result in results), Stopped("bye")]


async def test_each_life_is_greeted(spawner: Spawner, log: Log, nursery: trio.Nursery, logbook: LogBook) -> None:
    watched = Watched(spawner, log, ECHO)
    watched.greet = lambda: watched.supervised.send(ScriptResult("chk", succeeded=True))
    nursery.start_soon(watched.supervised.run)
    (first,) = await watched.pids(1)

    os.kill(first, signal.SIGKILL)
    _, second = await watched.pids(2)
    await watched.supervised.stop(1.0, kill_after=30.0)

    assert second != first
    assert [type(record) for record in watched.heard if not isinstance(record, Ready)] in (
        [LogRecord, LogRecord, Stopped],
        [LogRecord, Stopped],
    )
    assert "WARNING parent: starting core again, in=0s" in logbook.lines


async def test_one_that_does_not_end_is_killed(spawner: Spawner, log: Log, nursery: trio.Nursery) -> None:
    watched = Watched(spawner, log, DEAF)
    nursery.start_soon(watched.supervised.run)
    await trio.testing.wait_all_tasks_blocked()

    ending = await watched.supervised.stop(1.0, kill_after=0.3)

    assert ending == Ending(None, "core did not end within 0.3 s, killed")
    assert not watched.supervised.is_alive


async def test_one_that_does_not_read_is_ended(
    spawner: Spawner, log: Log, nursery: trio.Nursery, logbook: LogBook
) -> None:
    watched = Watched(spawner, log, DEAF)
    nursery.start_soon(watched.supervised.run)
    await logbook.wait_for("core started")

    for _ in range(10):
        for _ in range(1000):
            watched.supervised.send(ScriptResult("chk", succeeded=True, detail="x" * 5000))
        await trio.sleep(0.01)

    await logbook.wait_for("ERROR parent: core does not read, 1000 records wait for it, ending it")
    await logbook.wait_for("starting core again, in=0s")
    await watched.supervised.stop(0.0, kill_after=0.1)


async def test_what_is_no_record_is_logged_and_the_next_record_is_heard(
    spawner: Spawner, log: Log, nursery: trio.Nursery, logbook: LogBook
) -> None:
    watched = Watched(spawner, log, BABBLER)
    nursery.start_soon(watched.supervised.run)

    await logbook.wait_for("core ended")

    assert watched.heard[0] == Ready()
    assert any("ERROR parent: core sent something else than a record" in line for line in logbook.lines)
    await watched.supervised.stop(0.0, kill_after=5.0)


@pytest.mark.parametrize("program", ["raise SystemExit(1)", "import nosuchmodule"])
async def test_one_that_cannot_run_is_tried_again_and_says_why(
    spawner: Spawner, log: Log, nursery: trio.Nursery, logbook: LogBook, program: str
) -> None:
    watched = Watched(spawner, log, program)
    nursery.start_soon(watched.supervised.run)

    await logbook.wait_for("starting core again, in=1s")

    ending = await watched.supervised.stop(1.0, kill_after=30.0)
    assert ending == Ending(None, "core exited with status 1")
    if "import" in program:
        await logbook.wait_for("INFO core: ModuleNotFoundError: No module named 'nosuchmodule'")


async def test_a_program_that_does_not_exist_is_tried_again(log: Log, nursery: trio.Nursery, logbook: LogBook) -> None:
    def start(_: int) -> Child:
        raise FileNotFoundError(2, "No such file or directory", "/no/such")

    supervised = Supervised("core", log, start=start, greet=lambda: None, hear=lambda _: None)
    nursery.start_soon(supervised.run)

    await logbook.wait_for("starting core again, in=1s")

    assert await supervised.stop(1.0, kill_after=30.0) == Ending(None, "core was not running")
    assert logbook.lines[0].startswith("ERROR parent: core cannot be started: ")


async def test_a_dead_one_that_leaves_something_behind_is_started_once_more(
    spawner: Spawner, log: Log, nursery: trio.Nursery, logbook: LogBook
) -> None:
    watched = Watched(spawner, log, ECHO, revive=True)
    nursery.start_soon(watched.supervised.run)
    for life in (1, 2):
        os.kill((await watched.pids(life))[-1], signal.SIGKILL)
    await logbook.wait_for("starting core again, in=1s")

    ending = await watched.supervised.stop(1.0, kill_after=30.0)

    assert ending == Ending(Stopped("bye"))
    assert len(await watched.pids(3)) == 3


def test_every_virtual_router_can_change_state_at_once() -> None:
    ours, theirs = connected_pair()
    link, other = Link(ours), Link(theirs)
    records = [transition(f"VI_{number}", State.MASTER, seq=number) for number in range(255)]

    fits = [link.try_send(record) for record in records]

    assert all(fits)
    assert [other.try_receive() for _ in records] == [(record, []) for record in records]
    ours.close()
    theirs.close()
