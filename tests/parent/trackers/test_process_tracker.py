"""``vrrp_track_process``: who counts, from how many on, and how soon."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from hahub.messages import ProcessResult
from hahub.parent import proc_events
from hahub.parent.logs import Log
from hahub.parent.tasks import Tasks
from hahub.parent.trackers.process import Process, ProcessTrackers, Quorum, matches
from hahub.settings import ParamMatch, WatchedProcess
from tests.parent.logbook import LogBook

NGINX = Process("nginx", ("/usr/sbin/nginx", "-g", "daemon off;"))
LONG = Process("a-very-long-nam", ("a-very-long-name",))


@pytest.mark.parametrize(
    ("wanted", "process", "counts"),
    [
        pytest.param(WatchedProcess("p", "nginx"), NGINX, True, id="by its name"),
        pytest.param(WatchedProcess("p", "ngin"), NGINX, False, id="by its whole name"),
        pytest.param(WatchedProcess("p", "a-very-long-name"), LONG, True, id="as far as the kernel keeps a name"),
        pytest.param(WatchedProcess("p", "kthreadd"), Process("kthreadd", ()), True, id="a thread of the kernel"),
        pytest.param(WatchedProcess("p", "nginx", full_command=True), NGINX, False, id="full command: not by name"),
        pytest.param(WatchedProcess("p", "/usr/sbin/nginx", full_command=True), NGINX, True, id="full command"),
    ],
)
def test_who_is_counted(wanted: WatchedProcess, process: Process, counts: bool) -> None:
    assert matches(wanted, process) is counts


@pytest.mark.parametrize(
    ("match", "expected", "arguments"),
    [
        (ParamMatch.EXACT, ("a", "b"), {"a b"}),
        (ParamMatch.EXACT, (), {""}),
        (ParamMatch.PARTIAL, ("a", "b"), {"a b", "a b c"}),
        (ParamMatch.PARTIAL, (), {"", "a", "a b", "a bc", "a b c", "a bc d", "x b"}),
        (ParamMatch.INITIAL, ("a", "b"), {"a b", "a b c", "a bc", "a bc d"}),
        (ParamMatch.INITIAL, (), {"", "a", "a b", "a bc", "a b c", "a bc d", "x b"}),
    ],
)
def test_arguments(match: ParamMatch, expected: tuple[str, ...], arguments: set[str]) -> None:
    wanted = WatchedProcess("p", "prog", expected, match)
    lines = ("", "a", "a b", "a bc", "a b c", "a bc d", "x b")

    assert {line for line in lines if matches(wanted, Process("prog", ("prog", *line.split())))} == arguments


@pytest.mark.parametrize(
    ("wanted", "numbers", "verdicts"),
    [
        pytest.param(WatchedProcess("p", "x"), {0: 0, 1: 1, 2: 0}, {0: False, 1: True, 2: False}, id="one is enough"),
        pytest.param(WatchedProcess("p", "x", quorum=3), {0: 2, 1: 3, 2: 4}, {0: False, 1: True}, id="three are"),
        pytest.param(
            WatchedProcess("p", "x", quorum_max=1), {0: 1, 1: 2, 2: 1}, {0: True, 1: False, 2: True}, id="only one"
        ),
        pytest.param(
            WatchedProcess("p", "x", quorum=0, quorum_max=0), {0: 0, 1: 1}, {0: True, 1: False}, id="it must not run"
        ),
        pytest.param(
            WatchedProcess("p", "x", terminate_delay=2), {0: 1, 1: 0, 2: 0, 3: 0}, {0: True, 3: False}, id="late down"
        ),
        pytest.param(WatchedProcess("p", "x", terminate_delay=2), {0: 1, 1: 0, 2: 1, 9: 1}, {0: True}, id="restarted"),
        pytest.param(
            WatchedProcess("p", "x", fork_delay=2), {0: 0, 1: 1, 2: 0, 3: 1, 4: 1, 5: 1}, {0: False, 5: True}, id="up"
        ),
        pytest.param(WatchedProcess("p", "x", fork_delay=2), {0: 1}, {0: True}, id="the first look decides at once"),
    ],
)  # fmt: skip
def test_the_verdict(wanted: WatchedProcess, numbers: dict[int, int], verdicts: dict[int, bool]) -> None:
    quorum = Quorum(wanted)

    found = {now: quorum.verdict for now, number in numbers.items() if quorum.count(number, float(now))}

    assert found == verdicts


def test_what_was_told_already_is_contradicted_after_its_delay_only() -> None:
    quorum = Quorum(WatchedProcess("p", "x", terminate_delay=2), verdict=True)

    assert [quorum.count(0, float(now)) for now in range(4)] == [False, False, True, False]
    assert quorum.verdict is False


class Watched:
    """Trackers whose reports can be waited for."""

    def __init__(self, nursery: trio.Nursery, log: Log) -> None:
        self.reports: list[ProcessResult] = []
        self.trackers = ProcessTrackers(Tasks(nursery), log, self.reports.append)

    async def wait_for(self, *verdicts: bool) -> None:
        with trio.fail_after(30):
            while len(self.reports) < len(verdicts):
                await trio.sleep(0.02)
        assert [report.succeeded for report in self.reports] == list(verdicts)


@pytest.fixture
def watched(nursery: trio.Nursery, log: Log) -> Watched:
    return Watched(nursery, log)


Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a program with a name that no other process has; ends what is left of it."""
    program = tmp_path / f"hh{tmp_path.name[-12:]}"
    program.symlink_to("/bin/sleep")
    running: list[subprocess.Popen[bytes]] = []

    def _start() -> "subprocess.Popen[bytes]":
        running.append(subprocess.Popen([program, "1000"]))
        return running[-1]

    yield _start
    for process in running:
        process.kill()
        process.wait()


def program_of(tmp_path: Path) -> str:
    return f"{tmp_path}/hh{tmp_path.name[-12:]}"


@pytest.mark.parametrize("connector", ["with the kernel's word", "without"])
async def test_processes_that_come_and_go_are_told(
    tmp_path: Path,
    watched: Watched,
    start: Start,
    logbook: LogBook,
    monkeypatch: pytest.MonkeyPatch,
    connector: str,
) -> None:
    if connector == "without":
        monkeypatch.setattr(proc_events, "_NETLINK_CONNECTOR", 31)
    program = program_of(tmp_path)
    by_line = WatchedProcess("web", program, ("1000",), ParamMatch.EXACT, quorum=2)

    watched.trackers.configure([by_line])
    await watched.wait_for(False)
    first, _ = start(), start()
    await watched.wait_for(False, True)
    first.terminate()  # a zombie until it is waited for, and yet not running
    await watched.wait_for(False, True, False)

    assert watched.reports[0] == ProcessResult("web", False, "0 processes, expected at least 2")
    assert watched.reports[2] == ProcessResult("web", False, "1 process, expected at least 2")
    if connector == "without":
        assert any("no word from the kernel about new processes" in line for line in logbook.lines)


async def test_a_process_is_known_by_its_name(tmp_path: Path, watched: Watched, start: Start) -> None:
    started = start()

    watched.trackers.configure([WatchedProcess("web", Path(program_of(tmp_path)).name)])
    await watched.wait_for(True)
    started.kill()
    await watched.wait_for(True, False)


async def test_a_reload_keeps_the_verdict_on_what_stays_the_same(
    tmp_path: Path, watched: Watched, start: Start
) -> None:
    kept = WatchedProcess("kept", program_of(tmp_path), full_command=True)
    added = WatchedProcess("added", program_of(tmp_path), full_command=True, quorum=0, quorum_max=0)
    watched.trackers.configure([kept])
    await watched.wait_for(False)

    watched.trackers.configure([kept, added])
    await watched.wait_for(False, True)
    start()
    await watched.wait_for(False, True, True, False)

    assert [report.process for report in watched.reports] == ["kept", "added", "kept", "added"]
