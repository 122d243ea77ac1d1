"""One run of a script: its outcome, and the end of those that take too long."""

import time
from pathlib import Path

import pytest
import trio

from hahub.parent import script_run
from hahub.parent.script_run import Outcome, ScriptRun
from hahub.parent.spawn import Spawner
from hahub.settings import Command
from tests.parent.harness import is_alive, script
from tests.parent.logbook import wait_until_exists


async def outcome_of(spawner: Spawner, command: Command, limit: float = 30.0) -> Outcome:
    run = script_run.start(spawner, command, label="s")
    if isinstance(run, Outcome):
        return run
    async with run:
        outcome = await run.outcome(limit)
        if outcome.timed_out:
            await run.end()
        return outcome


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param("exit 0", Outcome(succeeded=True, detail="exited with status 0"), id="success"),
        pytest.param("exit 2", Outcome(succeeded=False, detail="exited with status 2"), id="failure"),
        pytest.param("kill -9 $$", Outcome(succeeded=False, detail="ended by signal 9 (SIGKILL)"), id="signal"),
    ],
)
async def test_the_exit_status_is_the_outcome(tmp_path: Path, spawner: Spawner, body: str, outcome: Outcome) -> None:
    assert await outcome_of(spawner, script(tmp_path / "s", body)) == outcome


async def test_what_cannot_be_executed_has_failed(tmp_path: Path, spawner: Spawner) -> None:
    outcome = await outcome_of(spawner, Command((str(tmp_path / "s"),)))

    assert outcome == Outcome(succeeded=False, detail=f"cannot be executed: no such file or directory: {tmp_path}/s")


async def test_a_script_that_ends_well_on_sigterm_has_still_failed(tmp_path: Path, spawner: Spawner) -> None:
    command = script(tmp_path / "s", "trap 'exit 0' TERM; sleep 1000 & wait")

    assert await outcome_of(spawner, command, 0.3) == Outcome(
        succeeded=False, detail="timed out after 0.3 s", timed_out=True
    )


@pytest.mark.parametrize(
    ("body", "succeeded"),
    [pytest.param("exit 0", True, id="it had ended in time"), pytest.param("sleep 1000", False, id="it hangs")],
)
async def test_a_host_that_stood_still_is_no_fault_of_the_script(
    tmp_path: Path, spawner: Spawner, body: str, succeeded: bool
) -> None:
    command = script(tmp_path / "s", body)
    trio.lowlevel.current_trio_token().run_sync_soon(time.sleep, 1.2)

    outcome = await outcome_of(spawner, command, 0.3)

    assert (outcome.succeeded, outcome.timed_out) == (succeeded, not succeeded)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("trap '' TERM; sleep 1000 & echo $$ $! > {pids}; wait", id="the script ignores SIGTERM"),
        pytest.param("(trap '' TERM; sleep 1000) & echo $$ $! > {pids}; wait", id="its child ignores SIGTERM"),
        pytest.param("sleep 1000 & echo $$ $! > {pids}; wait", id="nobody ignores SIGTERM"),
    ],
)
async def test_a_hanging_script_is_ended_with_its_whole_group(tmp_path: Path, spawner: Spawner, body: str) -> None:
    pids = tmp_path / "pids"
    run = script_run.start(spawner, script(tmp_path / "s", body.format(pids=pids)), label="s")
    assert isinstance(run, ScriptRun)

    with trio.fail_after(30):
        async with run:
            await wait_until_exists(pids)
            await run.end()

        while any(is_alive(int(pid)) for pid in pids.read_text().split()):
            await trio.sleep(0.02)


async def test_a_cancelled_run_leaves_nothing_of_its_group(tmp_path: Path, spawner: Spawner) -> None:
    pids = tmp_path / "pids"
    command = script(tmp_path / "s", f"trap '' TERM; sleep 1000 & echo $$ $! > {pids}; wait")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome_of, spawner, command)
        await wait_until_exists(pids)

        nursery.cancel_scope.cancel()

    with trio.fail_after(30):
        while any(is_alive(int(pid)) for pid in pids.read_text().split()):
            await trio.sleep(0.02)


async def test_what_a_script_leaves_in_the_background_does_not_hold_it_up(tmp_path: Path, spawner: Spawner) -> None:
    pid = tmp_path / "pid"

    outcome = await outcome_of(spawner, script(tmp_path / "s", f"sleep 1000 & echo $! > {pid}"))

    assert outcome == Outcome(succeeded=True, detail="exited with status 0")
    assert is_alive(int(pid.read_text()))
    await trio.run_process(["kill", pid.read_text().strip()])
