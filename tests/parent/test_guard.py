"""The guard as a process: what it kills, what it lets leave, what it leaves alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hahub.parent import guard
from tests.parent.harness import is_alive, wait_until

MARK = "test-guard"


class Guard:
    """A running guard, and what its test started."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", guard.__file__, MARK]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE)
        self.started: list[subprocess.Popen[bytes]] = []

    def tell(self, *words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        self.process.stdin.flush()

    def start(self, body: str, *, mark: str = "", new_session: bool = False) -> subprocess.Popen[bytes]:
        environment = dict(os.environ) | ({guard.MARK_VARIABLE: mark} if mark else {})
        child = subprocess.Popen(
            ["/bin/sh", "-c", body],
            env=environment,
            process_group=None if new_session else 0,
            start_new_session=new_session,
        )
        self.started.append(child)
        return child

    def parent_dies(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@pytest.fixture
def running() -> Iterator[Guard]:
    with cleaned(Guard()) as running:
        yield running


@contextmanager
def cleaned(running: Guard) -> Iterator[Guard]:
    try:
        yield running
    finally:
        for process in [*running.started, running.process]:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()


def is_over(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def ignored(pid: int) -> int:
    """The signals that a process ignores, as a mask."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("SigIgn")), 16)


def test_groups_are_killed_whole_and_forgotten_ones_are_not(running: Guard, tmp_path: Path) -> None:
    ward = running.start(f"trap '' TERM; sleep 1000 & echo $! > {tmp_path}/pid; wait")
    other = running.start("sleep 1000 & wait")
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip(), "the child runs")
    for child in (ward, other):
        running.tell("group", child.pid)
    running.tell("ungroup", other.pid)

    running.parent_dies()

    wait_until(lambda: is_over(ward), "the group is gone")
    wait_until(lambda: not is_alive(int((tmp_path / "pid").read_text())), "its child is gone")
    assert not is_over(other)
    os.killpg(other.pid, 9)


def test_processes_may_leave_by_themselves(running: Guard, tmp_path: Path) -> None:
    child = running.start(f"sleep 0.5; echo done > {tmp_path}/done")
    running.tell("process", child.pid)

    running.parent_dies()

    assert child.wait(30) == 0
    assert (tmp_path / "done").exists()


def test_a_process_that_does_not_leave_is_killed(running: Guard) -> None:
    child = running.start("trap '' TERM; while :; do sleep 1; done")
    running.tell("process", child.pid)

    running.parent_dies()

    assert child.wait(30) == -9


def test_what_the_parent_could_not_tell_any_more_is_found_by_its_mark(running: Guard) -> None:
    marked = running.start("exec sleep 1000", mark=MARK)
    foreign = running.start("exec sleep 1000", mark="another")
    daemon = running.start("exec sleep 1000", mark=MARK, new_session=True)

    running.parent_dies()

    assert marked.wait(30) == -9
    assert not is_over(foreign)
    assert not is_over(daemon)


def test_a_fifo_is_removed_when_it_is_still_the_same(running: Guard, tmp_path: Path) -> None:
    for name in ("same", "changed", "forgotten"):
        path = tmp_path / name
        os.mkfifo(path)
        found = path.stat()
        running.tell("fifo", str(path), found.st_dev, found.st_ino + (name == "changed"))
    running.tell("unfifo", str(tmp_path / "forgotten"))

    running.parent_dies()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["changed", "forgotten"]


def test_signals_do_not_end_it(running: Guard) -> None:
    child = running.start("exec sleep 1000")
    running.tell("group", child.pid)
    wait_until(lambda: ignored(running.process.pid) & 0x4003 == 0x4003, "it ignores signals")

    for number in (1, 2, 15):
        running.process.send_signal(number)
    running.parent_dies()

    assert child.wait(30) == -9
