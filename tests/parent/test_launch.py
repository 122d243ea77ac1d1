"""Launching the core before there is anything to do for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from hahub.link import Link
from hahub.messages import Ready, Record, Stopped
from hahub.parent.launch import EarlyCore
from hahub.parent.logs import Log
from hahub.parent.spawn import Child, Spawner
from hahub.parent.supervisor import Ending, Supervised
from tests.parent.logbook import LogBook
from tests.parent.test_supervisor import ECHO

SLEEPER = (sys.executable, "-c", "import signal; signal.pause()")


def test_a_core_that_nobody_took_is_gone_at_the_end() -> None:
    with EarlyCore(SLEEPER) as early:
        launched = early._launched
        assert launched is not None
        assert launched.popen.poll() is None

    assert launched.popen.returncode == -9


def test_a_core_that_cannot_be_launched_leaves_no_descriptor_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    with pytest.raises(FileNotFoundError):
        EarlyCore(("/nonexistent/python",))

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_it_can_be_taken_once() -> None:
    with EarlyCore(SLEEPER) as early:
        launched, sock = early.take()
        with sock, pytest.raises(RuntimeError, match="taken already"):
            early.take()

    assert launched.popen.poll() is None
    launched.end()


async def test_its_process_lives_the_first_life_of_the_core(
    spawner: Spawner, log: Log, nursery: trio.Nursery, logbook: LogBook
) -> None:
    heard: list[Record] = []

    def start(descriptor: int) -> Child:
        raise AssertionError("there is one already")

    supervised = Supervised("core", log, start=start, greet=lambda: None, hear=heard.append)
    with EarlyCore((sys.executable, "-P", "-c", ECHO.replace("argv[1]", "argv[2]"))) as early:
        launched, sock = early.take()
    supervised.adopt(spawner.adopt_process(launched, label="core"), Link(sock))
    nursery.start_soon(supervised.run)
    with trio.fail_after(30):
        while not heard:
            await trio.sleep(0.02)

    ending = await supervised.stop(1.0, kill_after=30.0)

    assert heard[0] == Ready((str(launched.popen.pid),))
    assert ending == Ending(Stopped("bye"))
    assert logbook.lines[0] == f"INFO parent: core started pid={launched.popen.pid}"


def test_launching_imports_nothing_that_takes_long() -> None:
    program = "import sys, json, hahub.parent.launch; json.dump(sorted(sys.modules), sys.stdout)"

    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)

    loaded = set(json.loads(done.stdout))
    assert "subprocess" in loaded
    assert loaded.isdisjoint({"trio", "pydantic", "msgspec", "yaml", "asyncio", "hahub.settings", "hahub.config"})


def test_the_command_takes_the_core_that_it_launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not another one beside it; and one for which there is no configuration is ended."""
    from hahub.cli import run
    from hahub.parent import process

    file = tmp_path / "hahub.yaml"
    file.write_text("vrrp_instance: {VI_1: {interface: lo, virtual_router_id: 1, virtual_ipaddress: [10.0.0.1]}}\n")
    handed: list[EarlyCore | None] = []

    async def daemon(*_: object, early: EarlyCore | None, **__: object) -> int:
        handed.append(early)
        return 0

    monkeypatch.setattr(process, "run", daemon)

    status = run.run_daemon([file], [], tmp_path / "run", tmp_path / "state", "info")

    (early,) = handed
    assert (status, early is not None and early._launched is not None) == (0, True)
    assert early is not None
    assert early._launched is not None
    assert early._launched.popen.returncode == -9
