"""Notify scripts: which, with what arguments, in what order."""

from pathlib import Path

import pytest
import trio
import trio.testing

from hahub.model import Cause, Kind, State
from hahub.parent.logs import Log
from hahub.parent.notify import Call, Notifier, calls_for
from hahub.parent.spawn import Spawner
from hahub.parent.tasks import Tasks
from hahub.settings import Command, NotifyScripts
from tests.parent.harness import is_alive, script
from tests.parent.logbook import LogBook, wait_until_exists
from tests.parent.standin import transition

ALL = NotifyScripts(
    "VI_1",
    master=Command(("m", "word")),
    backup=Command(("b",)),
    fault=Command(("f",)),
    stop=Command(("s",)),
    deleted=Command(("d",)),
    master_rx_lower_pri=Command(("l",)),
    any=Command(("n", "word")),
)


def generic(state: str, kind: str = "INSTANCE") -> Call:
    return Call(Command(("n", "word")), "notify VI_1", (kind, "VI_1", state, "100"))


@pytest.mark.parametrize(
    ("state", "cause", "calls"),
    [
        (State.MASTER, Cause.STARTED, [Call(Command(("m", "word")), "notify_master VI_1"), generic("MASTER")]),
        (State.BACKUP, Cause.STARTED, [Call(Command(("b",)), "notify_backup VI_1"), generic("BACKUP")]),
        (State.FAULT, Cause.INTERFACE_DOWN, [Call(Command(("f",)), "notify_fault VI_1"), generic("FAULT")]),
        (State.STOP, Cause.STOPPED, [Call(Command(("s",)), "notify_stop VI_1"), generic("STOP")]),
        (State.DELETED, Cause.RELOADED, [Call(Command(("d",)), "notify_deleted VI_1"), generic("DELETED")]),
        pytest.param(State.FAULT, Cause.RELOADED, [generic("FAULT")], id="a removal that is reported as FAULT"),
        (State.MASTER_RX_LOWER_PRI, Cause.LOWER_PRIORITY, [Call(Command(("l",)), "notify_master_rx_lower_pri VI_1")]),
        (State.MASTER_PRIORITY, Cause.PRIORITY_CHANGED, []),
        (State.BACKUP_PRIORITY, Cause.PRIORITY_CHANGED, []),
    ],
)
def test_a_transition_runs_the_specific_script_then_the_generic_one(
    state: State, cause: Cause, calls: list[Call]
) -> None:
    assert calls_for(transition("VI_1", state, cause=cause), ALL) == tuple(calls)


def test_scripts_that_are_not_configured_are_not_run() -> None:
    assert calls_for(transition("VI_1", State.MASTER), NotifyScripts("VI_1")) == ()


@pytest.fixture
def notifier(spawner: Spawner, nursery: trio.Nursery, log: Log) -> Notifier:
    return Notifier(spawner, Tasks(nursery), log)


def configure(notifier: Notifier, *scripts: NotifyScripts, limit: float = 30.0) -> None:
    notifier.configure(scripts, instances=[each.instance for each in scripts], timeout=limit)


async def finish(notifier: Notifier, patience: float = 30.0) -> tuple[str, ...]:
    return await notifier.finish(trio.current_time() + patience)


async def test_scripts_of_an_instance_run_one_after_the_other_in_order(tmp_path: Path, notifier: Notifier) -> None:
    said = tmp_path / "said"
    slow = script(tmp_path / "slow", f"sleep 0.2; echo $0 >> {said}")
    any_ = script(tmp_path / "any", f'echo "$@" >> {said}')
    configure(notifier, NotifyScripts("VI_1", backup=slow, any=any_))

    for state in (State.BACKUP, State.MASTER, State.BACKUP):
        notifier.tell(transition("VI_1", state))

    assert await finish(notifier) == ()
    assert said.read_text().splitlines() == [
        slow.argv[0],
        "INSTANCE VI_1 BACKUP 100",
        "INSTANCE VI_1 MASTER 100",
        slow.argv[0],
        "INSTANCE VI_1 BACKUP 100",
    ]


async def test_a_slow_instance_does_not_hold_up_another_one(tmp_path: Path, notifier: Notifier) -> None:
    slow = NotifyScripts("VI_1", master=script(tmp_path / "slow", "sleep 1000"))
    quick = NotifyScripts("VI_2", master=script(tmp_path / "quick", f"echo done > {tmp_path}/done"))
    configure(notifier, slow, quick)

    notifier.tell(transition("VI_1", State.MASTER))
    notifier.tell(transition("VI_2", State.MASTER))

    await wait_until_exists(tmp_path / "done")
    assert await finish(notifier, 0.0) == ("notify_master VI_1",)


async def test_a_hanging_script_is_ended_and_the_next_one_runs(
    tmp_path: Path, notifier: Notifier, logbook: LogBook
) -> None:
    pids = tmp_path / "pids"
    hanging = script(tmp_path / "hanging", f"sleep 1000 & echo $$ $! > {pids}; wait")
    next_one = script(tmp_path / "next", f"echo done > {tmp_path}/done")
    configure(notifier, NotifyScripts("VI_1", master=hanging, any=next_one), limit=1.0)

    notifier.tell(transition("VI_1", State.MASTER))

    assert await finish(notifier) == ()
    assert (tmp_path / "done").exists()
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())
    assert "WARNING parent: notify_master VI_1: timed out after 1 s" in logbook.lines


async def test_what_cannot_be_executed_is_logged_and_the_next_one_runs(
    tmp_path: Path, notifier: Notifier, logbook: LogBook
) -> None:
    next_one = script(tmp_path / "next", f"echo done > {tmp_path}/done; exit 3")
    configure(notifier, NotifyScripts("VI_1", master=Command((f"{tmp_path}/none",)), any=next_one))

    notifier.tell(transition("VI_1", State.MASTER))

    assert await finish(notifier) == ()
    assert logbook.lines == [
        f"ERROR parent: notify_master VI_1: cannot be executed: no such file or directory: {tmp_path}/none",
        "WARNING parent: notify VI_1: exited with status 3",
    ]


async def test_an_event_that_waits_already_is_not_queued_again(tmp_path: Path, notifier: Notifier) -> None:
    slow = script(tmp_path / "slow", "sleep 0.3")
    event = script(tmp_path / "event", f"echo >> {tmp_path}/events")
    configure(notifier, NotifyScripts("VI_1", master=slow, master_rx_lower_pri=event))

    notifier.tell(transition("VI_1", State.MASTER))
    for _ in range(5):
        notifier.tell(transition("VI_1", State.MASTER_RX_LOWER_PRI))

    assert await finish(notifier) == ()
    assert (tmp_path / "events").read_text() == "\n"


async def test_a_removed_instance_keeps_its_scripts_and_one_without_scripts_does_not(
    tmp_path: Path, notifier: Notifier
) -> None:
    command = script(tmp_path / "s", f'echo "$2" >> {tmp_path}/said')
    configure(notifier, NotifyScripts("VI_1", any=command), NotifyScripts("VI_2", any=command))

    notifier.configure([], instances=["VI_2"], timeout=30.0)
    notifier.tell(transition("VI_1", State.DELETED))
    notifier.tell(transition("VI_2", State.MASTER))

    assert await finish(notifier) == ()
    assert (tmp_path / "said").read_text() == "VI_1\n"


async def test_a_group_has_no_scripts_of_an_instance(tmp_path: Path, notifier: Notifier) -> None:
    configure(notifier, NotifyScripts("VI_1", any=script(tmp_path / "s", f"echo >> {tmp_path}/said")))

    notifier.tell(transition("VI_1", State.MASTER, kind=Kind.GROUP))

    assert await finish(notifier) == ()
    assert not (tmp_path / "said").exists()


async def test_a_group_has_scripts_and_a_queue_of_its_own(tmp_path: Path, notifier: Notifier) -> None:
    """Also when it has the name of an instance."""
    slow = NotifyScripts("VI_1", any=script(tmp_path / "slow", "sleep 1000"))
    said = tmp_path / "said"
    master, any_ = script(tmp_path / "m", f'echo "$0 $#" >> {said}'), script(tmp_path / "n", f'echo "$@" >> {said}')
    group = NotifyScripts("VI_1", master=master, any=any_, kind=Kind.GROUP)
    notifier.configure([slow, group], instances=["VI_1"], groups=["VI_1"], timeout=30.0)

    notifier.tell(transition("VI_1", State.MASTER))
    notifier.tell(transition("VI_1", State.MASTER, kind=Kind.GROUP))
    notifier.tell(transition("VI_1", State.STOP, kind=Kind.GROUP))

    await wait_until_exists(said)
    while len(said.read_text().splitlines()) < 3:
        await trio.sleep(0.02)
    assert said.read_text().splitlines() == [f"{master.argv[0]} 0", "GROUP VI_1 MASTER 100", "GROUP VI_1 STOP 100"]
    assert await finish(notifier, 0.0) == ("notify VI_1",)


async def test_the_end_names_what_did_not_run(tmp_path: Path, notifier: Notifier) -> None:
    configure(notifier, NotifyScripts("VI_1", master=script(tmp_path / "s", "sleep 1000"), stop=Command(("x",))))
    notifier.tell(transition("VI_1", State.MASTER))
    notifier.tell(transition("VI_1", State.STOP))

    left = await finish(notifier, 0.2)

    assert left == ("notify_master VI_1", "notify_stop VI_1")


async def test_what_has_not_run_in_a_pause_is_run_by_the_next_image(
    tmp_path: Path, notifier: Notifier, spawner: Spawner, nursery: trio.Nursery, log: Log
) -> None:
    """The one that runs comes to its end first; the others wait, and go with their order to another notifier."""
    said, gate = tmp_path / "said", tmp_path / "gate"
    slow = script(tmp_path / "slow", f"echo slow >> {said}; while ! test -e {gate}; do sleep 0.02; done")
    any_ = script(tmp_path / "any", f'echo "$@" >> {said}')
    configure(notifier, NotifyScripts("VI_1", backup=slow, any=any_))
    notifier.tell(transition("VI_1", State.BACKUP))
    await wait_until_exists(said)

    paused = trio.Event()

    async def pause() -> None:
        await notifier.pause()
        paused.set()

    nursery.start_soon(pause)
    notifier.tell(transition("VI_1", State.MASTER))
    await trio.testing.wait_all_tasks_blocked()
    assert not paused.is_set()
    gate.touch()
    with trio.fail_after(30):
        await paused.wait()

    other = Notifier(spawner, Tasks(nursery), log)
    other.inherit(notifier.bequeath())
    assert await finish(other) == ()
    assert said.read_text().splitlines() == ["slow", "INSTANCE VI_1 BACKUP 100", "INSTANCE VI_1 MASTER 100"]


async def test_after_a_pause_that_led_to_nothing_scripts_go_on(tmp_path: Path, notifier: Notifier) -> None:
    said = tmp_path / "said"
    configure(notifier, NotifyScripts("VI_1", any=script(tmp_path / "any", f'echo "$@" >> {said}')))
    await notifier.pause()
    notifier.tell(transition("VI_1", State.MASTER))
    await trio.testing.wait_all_tasks_blocked()
    assert not said.exists()

    notifier.go_on()

    assert await finish(notifier) == ()
    assert said.read_text() == "INSTANCE VI_1 MASTER 100\n"
