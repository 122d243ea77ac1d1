"""``vrrp_script``: the verdict, the period, and what counts as failed."""

from itertools import pairwise
from pathlib import Path

import pytest
import trio

from hahub.messages import ScriptResult
from hahub.parent.logs import Log
from hahub.parent.spawn import Spawner
from hahub.parent.tasks import Tasks
from hahub.parent.trackers.script import RiseFall, ScriptTrackers, next_run
from hahub.settings import CheckScript, Command
from tests.parent.harness import is_alive, script
from tests.parent.logbook import LogBook, wait_until_exists


@pytest.mark.parametrize(
    ("rise", "fall", "runs", "verdicts"),
    [
        pytest.param(1, 1, "+-+", "+-+", id="every run decides"),
        pytest.param(3, 1, "+-++-+++", "+------+", id="the first success is enough"),
        pytest.param(1, 3, "-+--+---", "-++++++-", id="the first failure is enough"),
        pytest.param(2, 2, "-+-++-+--", "----++++-", id="a contrary run starts the count again"),
        pytest.param(5, 2, "+--++++-+++++", "++----------+", id="a long way up"),
    ],
)
def test_rise_and_fall_count_runs_in_a_row(rise: int, fall: int, runs: str, verdicts: str) -> None:
    counter = RiseFall(rise, fall)

    found, announced = "", ""
    for run in runs:
        announced += "!" if counter.count(succeeded=run == "+") else " "
        found += "+" if counter.verdict else "-"

    assert found == verdicts
    assert announced == "!" + "".join("!" if now != before else " " for before, now in pairwise(verdicts))


@pytest.mark.parametrize(
    ("planned", "interval", "now", "expected"),
    [
        pytest.param(10.0, 1.0, 10.2, (11.0, 0), id="in time"),
        pytest.param(10.0, 1.0, 10.0, (11.0, 0), id="in no time"),
        pytest.param(10.0, 1.0, 11.5, (12.0, 1), id="one run missed"),
        pytest.param(10.0, 1.0, 14.5, (15.0, 4), id="four runs missed"),
        pytest.param(10.0, 0.5, 10.6, (11.0, 1), id="half seconds"),
    ],
)
def test_the_period_stays_whatever_a_run_takes(
    planned: float, interval: float, now: float, expected: tuple[float, int]
) -> None:
    assert next_run(planned, interval, now) == expected


class Watched:
    """Trackers whose reports can be waited for."""

    def __init__(self, spawner: Spawner, nursery: trio.Nursery, log: Log) -> None:
        self.reports: list[ScriptResult] = []
        self.trackers = ScriptTrackers(spawner, Tasks(nursery), log, self.reports.append)

    async def wait_for(self, count: int) -> list[ScriptResult]:
        with trio.fail_after(30):
            while len(self.reports) < count:
                await trio.sleep(0.02)
        return self.reports


@pytest.fixture
def watched(spawner: Spawner, nursery: trio.Nursery, log: Log) -> Watched:
    return Watched(spawner, nursery, log)


async def test_each_change_of_the_verdict_is_reported_once(tmp_path: Path, watched: Watched, logbook: LogBook) -> None:
    down = tmp_path / "down"
    command = script(tmp_path / "chk", f"test -e {down} && exit 2; exit 0")
    watched.trackers.configure([CheckScript("chk", command, interval=0.1, timeout=10.0)])

    await watched.wait_for(1)
    down.touch()
    await watched.wait_for(2)
    down.unlink()
    reports = await watched.wait_for(3)

    assert reports == [
        ScriptResult("chk", succeeded=True, detail="exited with status 0"),
        ScriptResult("chk", succeeded=False, detail="exited with status 2"),
        ScriptResult("chk", succeeded=True, detail="exited with status 0"),
    ]
    assert [line for line in logbook.lines if "now" not in line and "still" not in line] == [
        "INFO parent: vrrp_script chk succeeded",
        "WARNING parent: vrrp_script chk failed: exited with status 2",
        "INFO parent: vrrp_script chk succeeded",
    ]


async def test_a_check_that_was_deleted_has_failed(tmp_path: Path, watched: Watched) -> None:
    command = script(tmp_path / "chk", "exit 0")
    watched.trackers.configure([CheckScript("chk", command, interval=0.1, timeout=10.0)])
    await watched.wait_for(1)

    (tmp_path / "chk").unlink()

    reports = await watched.wait_for(2)
    assert reports[1] == ScriptResult(
        "chk", succeeded=False, detail=f"cannot be executed: no such file or directory: {tmp_path}/chk"
    )


async def test_a_check_that_was_never_there_has_failed(tmp_path: Path, watched: Watched) -> None:
    watched.trackers.configure([CheckScript("chk", Command((str(tmp_path / "none"),)))])

    reports = await watched.wait_for(1)

    assert not reports[0].succeeded


async def test_a_check_that_takes_too_long_has_failed_before_it_is_gone(tmp_path: Path, watched: Watched) -> None:
    pid = tmp_path / "pid"
    body = f"trap '' TERM; echo $$ > {pid}; while :; do sleep 1; done"
    watched.trackers.configure([CheckScript("chk", script(tmp_path / "chk", body), interval=1000.0, timeout=1.0)])

    reports = await watched.wait_for(1)

    assert reports == [ScriptResult("chk", succeeded=False, detail="timed out after 1 s")]
    assert is_alive(int(pid.read_text()))
    with trio.fail_after(30):
        while is_alive(int(pid.read_text())):
            await trio.sleep(0.02)


async def test_a_check_that_still_runs_is_not_started_twice_which_is_said_once(
    tmp_path: Path, watched: Watched, logbook: LogBook
) -> None:
    body = (
        f"mkdir {tmp_path}/running || echo twice; sleep 0.3; rmdir {tmp_path}/running\n"
        f"echo >> {tmp_path}/runs; test $(wc -l < {tmp_path}/runs) -lt 4"
    )
    watched.trackers.configure([CheckScript("chk", script(tmp_path / "chk", body), interval=0.1, timeout=10.0)])

    await watched.wait_for(2)

    assert not [line for line in logbook.lines if "twice" in line]
    assert len([line for line in logbook.lines if "still running when due again" in line]) == 1


async def test_a_change_starts_changed_checks_again_and_ends_removed_ones(tmp_path: Path, watched: Watched) -> None:
    def check(name: str, interval: float) -> CheckScript:
        body = f"echo $$ >> {tmp_path}/{name}.pids; exec sleep 1000"
        return CheckScript(name, script(tmp_path / name, body), interval=interval)

    def pids(name: str) -> list[int]:
        return [int(pid) for pid in (tmp_path / f"{name}.pids").read_text().split()]

    watched.trackers.configure([check("same", 999.0), check("changed", 999.0), check("removed", 999.0)])
    for name in ("same", "changed", "removed"):
        await wait_until_exists(tmp_path / f"{name}.pids")
    (tmp_path / "changed.pids").rename(tmp_path / "before.pids")

    watched.trackers.configure([check("same", 999.0), check("changed", 998.0)])

    await wait_until_exists(tmp_path / "changed.pids")
    with trio.fail_after(30):
        while any(map(is_alive, pids("before") + pids("removed"))):
            await trio.sleep(0.02)
    assert len(pids("same")) == len(pids("changed")) == 1
    assert all(map(is_alive, pids("same") + pids("changed")))


async def test_a_changed_check_keeps_its_verdict_until_enough_runs_contradict_it(
    tmp_path: Path, watched: Watched
) -> None:
    """A reload alone is no reason for a change of state."""
    good = CheckScript("chk", script(tmp_path / "good", "exit 0"), interval=60.0)
    watched.trackers.configure([good])
    await watched.wait_for(1)

    bad = script(tmp_path / "bad", f"echo >> {tmp_path}/runs; exit 1")
    watched.trackers.configure([CheckScript("chk", bad, interval=0.1, timeout=10.0, fall=3, init_fail=True)])
    await watched.wait_for(2)

    assert [result.succeeded for result in watched.reports] == [True, False]
    assert len((tmp_path / "runs").read_text().splitlines()) >= 3


async def test_with_init_fail_it_has_failed_until_enough_runs_succeeded(tmp_path: Path, watched: Watched) -> None:
    command = script(tmp_path / "chk", f"echo >> {tmp_path}/runs; exit 0")

    watched.trackers.configure([CheckScript("chk", command, interval=0.1, timeout=10.0, rise=3, init_fail=True)])
    reports = await watched.wait_for(2)

    assert reports == [
        ScriptResult("chk", succeeded=False, detail="has not succeeded yet, and init_fail is set"),
        ScriptResult("chk", succeeded=True, detail="exited with status 0"),
    ]
    assert len((tmp_path / "runs").read_text().splitlines()) >= 3
