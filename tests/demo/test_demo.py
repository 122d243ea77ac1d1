"""The demo as a whole, as a person starts it. Nothing of it may be left, whatever ends it."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hahub.demo.processes import family
from hahub.demo.service_files import find_nginx

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]

DEMO = (sys.executable, "-P", "-c", "from hahub.cli import main; main()", "demo")
ORDINARY = ("unshare", "--user", "--map-user=1000", "--map-group=1000") if os.geteuid() == 0 else ()
"""What makes an ordinary user of root, with root's own files still readable; nothing for one who is ordinary."""
MARK = "HAHUB_TEST_DEMO"
STORY_TAKES = 300.0
"""Seconds; some 40 on a machine that has nothing else to do."""
PATIENCE = 30.0


class Demo:
    """A running demo, known by a mark in the environment of all that belongs to it."""

    def __init__(self, directory: Path, *arguments: str, before: tuple[str, ...] = ()) -> None:
        self._mark = f"{MARK}={secrets.token_hex(8)}".encode()
        self._output = directory / "output"
        self.temporary = directory / "tmp"
        self.temporary.mkdir()
        name, value = self._mark.decode().split("=")
        environment = {**os.environ, name: value, "TMPDIR": str(self.temporary), "COLUMNS": "100"}
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*before, *DEMO, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def processes(self) -> list[int]:
        """Everything that belongs to it, in whatever namespace."""
        return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal() and self._is_ours(path)]

    def _is_ours(self, path: Path) -> bool:
        try:
            return self._mark in (path / "environ").read_bytes().split(b"\0")
        except OSError:
            return False

    def find(self, *words: str) -> int:
        """The Python process whose command line holds these words."""
        for pid in self.processes():
            argv = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if argv[0] == sys.executable and all(word in argv for word in words):
                return pid
        raise AssertionError(f"no process with {words} among {self.processes()}")

    @property
    def lifeline(self) -> Path:
        """The pipe whose end tells the inside to end."""
        inside = self.find("hahub.demo", "--lifeline")
        argv = Path(f"/proc/{inside}/cmdline").read_text().split("\0")
        return Path(f"/proc/{inside}/fd", argv[argv.index("--lifeline") + 1])

    def wait_for(self, text: str, *, within: float = STORY_TAKES) -> None:
        deadline = time.monotonic() + within
        while text not in self.output:
            assert self.process.poll() is None, f"ended before it said {text!r}:\n{self.output}"
            assert time.monotonic() < deadline, f"did not say {text!r} within {within} s:\n{self.output}"
            time.sleep(0.1)

    def assert_nothing_is_left(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while left := self.processes():
            assert time.monotonic() < deadline, f"left: {left}"
            time.sleep(0.05)
        assert not Path("/run/hahub-demo").exists()

    def kill(self) -> None:
        for pid in (*family(self.process.pid), *self.processes()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(PATIENCE)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    started: list[Demo] = []

    def start_demo(*arguments: str, before: tuple[str, ...] = ()) -> Demo:
        started.append(Demo(tmp_path, *arguments, before=before))
        return started[-1]

    yield start_demo
    for demo in started:
        demo.kill()


@pytest.mark.alone
def test_the_story_with_nginx_ends_well_and_leaves_nothing(start, require):
    if find_nginx() is None:
        require("nginx")

    demo = start()
    status = demo.process.wait(STORY_TAKES)

    assert status == 0, demo.output
    assert "guarded by the article's own nginx_check_status.sh" in demo.output
    assert "nothing is missing: 45 messages arrived" in demo.output
    assert masters(demo.output) == ["server", "application", "server", "application", "server"]
    assert list(demo.temporary.iterdir()) == []
    demo.assert_nothing_is_left()


def masters(output: str) -> list[str]:
    """The first column of the table of reigns."""
    table = output.partition("Who was master when")[2].partition("Seconds from")[0]
    return re.findall(r"│ (server|application|client) ", table)


def test_kept_by_an_ordinary_user_it_can_be_entered_and_ends_with_ctrl_c(start):
    demo = start("--keep", "--without-nginx", before=ORDINARY)
    demo.wait_for("the journal\n")
    assert "nothing is missing: 36 messages arrived" in demo.output
    command = re.search(r"(nsenter .*nsenter .* -p)    # on server", demo.output)
    assert command is not None

    hostname = subprocess.run(
        [*command[1].split(), "cat", "/proc/sys/kernel/hostname"], capture_output=True, text=True, check=False
    )
    demo.process.send_signal(signal.SIGINT)
    status = demo.process.wait(PATIENCE)

    assert (hostname.stdout, hostname.stderr) == ("server\n", "")
    assert status == 0
    demo.assert_nothing_is_left()


@pytest.mark.parametrize("before", [pytest.param((), id="as who we are"), pytest.param(ORDINARY, id="ordinary")])
def test_nothing_outlives_the_demo_when_it_is_killed(start, before: tuple[str, ...]):
    demo = start("--without-nginx", before=before)
    demo.wait_for('INSTANCE "VI_1" MASTER 100')
    assert len(demo.processes()) > 10

    # With its lifeline held open, process 1 of the enclosure does not notice: the kernel alone has to end it all.
    lifeline = os.open(demo.lifeline, os.O_WRONLY)
    demo.process.kill()
    demo.process.wait(PATIENCE)

    demo.assert_nothing_is_left()
    os.close(lifeline)
    assert list(demo.temporary.iterdir()) == []


def test_sigterm_interrupts_it_and_leaves_nothing(start):
    demo = start("--without-nginx")
    demo.wait_for("hahub starts on server")

    demo.process.terminate()
    status = demo.process.wait(PATIENCE)

    assert status == 130, demo.output
    assert demo.output.endswith("interrupted: everything is gone\n")
    assert "Traceback" not in demo.output
    demo.assert_nothing_is_left()


def test_a_message_that_does_not_arrive_is_missing_and_the_logs_are_kept(start):
    demo = start("--without-nginx")
    demo.wait_for("hahub starts on server")

    os.kill(demo.find("hahub.testing.sinks", "webhook"), signal.SIGKILL)
    status = demo.process.wait(STORY_TAKES)

    assert status == 1
    assert "no webhook message that server is MASTER" in demo.output
    assert "nothing is missing" not in demo.output
    told = re.search(r"the logs are in (\S+)", demo.output)
    assert told is not None
    logs = Path(told[1])
    assert logs.parent == demo.temporary
    assert "MASTER" in (logs / "server" / "hahub.log").read_text()
    demo.assert_nothing_is_left()
