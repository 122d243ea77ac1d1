"""``hahub reload --exec``: the daemon goes on as the program that is on disk now."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import hahub
import hahub_fifo
import hahub_plugins
from tests.cli.running import CONFIGURATION, HAHUB, Running
from tests.parent.harness import is_alive, wait_until

pytestmark = pytest.mark.namespaces

PATIENT = CONFIGURATION.replace("advert_int 0.1", "advert_int 1").replace("interval 0.2", "interval 1\n    timeout 20")
"""Without real time, a machine that is busy with a new core may be late by more than adverts of 0.1 s forgive."""
EVERYTHING = PATIENT.replace(
    "notify_fifo DIRECTORY/fifo",
    "notify_fifo DIRECTORY/fifo\n    notify_fifo_script DIRECTORY/reader",
).replace("interval 1", "interval 1\n    init_fail")
EVERYTHING += """
track_file weight {
    file DIRECTORY/weight
    init_file 0 overwrite
}
vrrp_instance VI_2 {
    interface veth0
    virtual_router_id 52
    virtual_ipaddress {
        10.9.0.101/24
    }
    track_file {
        weight
    }
}
"""


def reload(running: Running, *options: str) -> tuple[int, str, str]:
    command = [HAHUB, "reload", "--exec", "--run-dir", str(running.directory / "run"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


@contextmanager
def daemon(directory: Path, configuration: str, *, hahub: str = HAHUB, is_master: bool = True) -> Iterator[Running]:
    """A running daemon with a FIFO reader that writes down its pid and each line.

    is_master: wait until it is one.
    """
    reader = directory / "reader"
    reader.write_text(f"#!/bin/sh\necho $$ >> {directory}/readers\nwhile read -r line; do echo $line; done < $1"
                      f" >> {directory}/lines\n")  # fmt: skip
    reader.chmod(0o755)
    running = Running(directory, configuration=configuration, hahub=hahub)
    try:
        if is_master:
            running.wait_for("INSTANCE VI_1 MASTER 100")
            wait_until(running.has_address, "the address is there")
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        print(running.log)


def descendants(pid: int) -> dict[int, str]:
    """Everything that a process has started, with its command line; without checks, which come and go."""
    found: dict[int, str] = {}
    for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        line = Path(f"/proc/{word}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        if line.startswith("/usr/bin/test "):
            continue
        found |= {int(word): re.sub("--link [0-9]+", "--link N", line)} | descendants(int(word))
    return found


def test_it_goes_on_and_nobody_is_told(tmp_path: Path) -> None:
    with daemon(tmp_path, EVERYTHING) as running:
        wait_until(lambda: (tmp_path / "lines").read_text().count("MASTER") == 2, "both are masters")
        (tmp_path / "weight").write_text("-10\n")
        wait_until(lambda: "weight says -10" in running.log, "the file is noticed")
        before, children = descendants(running.process.pid), running.children()
        lines, notified = (tmp_path / "lines").read_text(), running.notified
        wait_until(lambda: len(running.journalled()) == 5, "everything is in the journal")
        journalled = running.journalled()

        status, told, problems = reload(running)

        assert (status, problems) == (0, "")
        assert told == f"nothing is different\nhahub 0.1.0 goes on, pid {running.process.pid}\n"
        after = descendants(running.process.pid)
        assert set(before) & set(after) == {int((tmp_path / "readers").read_text())}
        assert sorted(before.values()) == sorted(after.values())
        assert not any(map(is_alive, children.values()))
        # Nothing is told again, and no file is written anew.
        assert running.notified == notified
        assert (tmp_path / "lines").read_text() == lines
        assert (tmp_path / "weight").read_text() == "-10\n"
        assert running.journalled() == journalled
        # What happens now is told once, also by the reader of the FIFO; and the end is in good order.
        (tmp_path / "down").touch()
        wait_until(lambda: running.notified == [*notified, "INSTANCE VI_1 FAULT 100"], "notify FAULT")
        wait_until(lambda: running.journalled() == [*journalled, "FAULT"], "it is in the journal")
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0
        assert not any(map(is_alive, after))
        assert not (tmp_path / "fifo").exists()
        assert (tmp_path / "lines").read_text().count("STOP") == 2


def test_when_it_is_killed_afterwards_nothing_stays(tmp_path: Path) -> None:
    with daemon(tmp_path, EVERYTHING) as running:
        assert reload(running)[0] == 0
        processes = descendants(running.process.pid)
        command = ["nsenter", "-t", str(running.process.pid), "-U", "-n", "--preserve-credentials", "sleep", "1000"]
        with subprocess.Popen(command) as witness:
            wait_until(lambda: running.has_address(of=witness.pid), "the address is there")

            running.process.kill()
            running.process.wait()

            wait_until(lambda: not any(map(is_alive, processes)), "everything is gone")
            assert running.has_address(of=witness.pid) is False
            assert not (tmp_path / "fifo").exists()
            witness.kill()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the program, as a package manager would replace it in place."""
    place = tmp_path / "installed"
    for package in (hahub, hahub_fifo, hahub_plugins):
        source = Path(package.__path__[0])
        shutil.copytree(source, place / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "bin").mkdir()
    script = place / "bin" / "hahub"
    script.write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(place)!r})\n"
                      "from hahub.cli import main\nmain()\n")  # fmt: skip
    script.chmod(0o755)
    return place


def test_the_program_that_is_on_disk_then_goes_on(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(installed))

    def change(file: str, before: str, after: str) -> None:
        path = installed / "hahub" / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    with daemon(tmp_path, PATIENT, hahub=str(installed / "bin" / "hahub")) as running:
        pids = running.children()
        change("core/process.py", "import os\n", "import os, nonsense\n")
        status, told, problems = reload(running)
        assert (status, told) == (1, "")
        assert "ModuleNotFoundError: No module named 'nonsense'\n" in problems
        assert problems.endswith(
            "nothing has changed: the program on disk does not start with these files, exit status 1\n"
        )
        assert running.children() == pids

        change("core/process.py", "import os, nonsense\n", "import os\n")
        change("core/start.py", "    realtime.end_with_parent()\n", "    realtime.end_with_parent()\n    sys.exit(7)\n")
        status, told, problems = reload(running)
        assert (status, told) == (1, "")
        assert problems == "nothing has changed: another core did not get ready, the one that runs goes on\n"
        assert running.children() == pids

        change("core/start.py", "    sys.exit(7)\n", '    print("a newer core", flush=True)\n')
        change("hub/__main__.py", "def main(", 'print("a newer hub", flush=True)\n\n\ndef main(')
        change("parent/process.py", '"goes on"', '"a newer parent"')
        running.write(PATIENT.replace("advert_int 1", "advert_int 2"))
        status, told, problems = reload(running)
        assert (status, problems) == (0, "")
        assert told.splitlines()[0] == "changed vrrp_instance VI_1: advert_int"
        for who in ("core: a newer core", "hub: a newer hub", "parent: a newer parent"):
            assert f"INFO {who}" in running.log
        assert running.notified == ["INSTANCE VI_1 BACKUP 100", "INSTANCE VI_1 MASTER 100"]
        assert running.journalled() == ["BACKUP", "MASTER"]
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0


def test_with_bad_files_nothing_changes(tmp_path: Path) -> None:
    with daemon(tmp_path, PATIENT) as running:
        pids = running.children()
        running.write(CONFIGURATION.replace("virtual_router_id 51", "virtual_router_id 300"))

        status, told, problems = reload(running)

        assert (status, told) == (1, "")
        assert "virtual_router_id 300 is outside 1-255" in problems
        assert running.children() == pids
        assert os.kill(running.process.pid, 0) is None


def test_a_stop_that_comes_meanwhile_comes(tmp_path: Path) -> None:
    """At any moment of an upgrade: while the program is tried, the cores change places, or the parent is on its way."""
    with ExitStack() as stack:
        daemons = []
        for number in range(5):
            directory = tmp_path / str(number)
            directory.mkdir()
            daemons.append(stack.enter_context(daemon(directory, PATIENT, is_master=False)))
        for running in daemons:
            running.wait_for("INSTANCE VI_1 MASTER 100")
        asking = [
            stack.enter_context(
                subprocess.Popen(
                    [HAHUB, "reload", "--exec", "--run-dir", f"{running.directory}/run"], stderr=subprocess.DEVNULL
                )
            )
            for running in daemons
        ]
        phases = ("", "another core started", "another core has taken over", "ended pid", "goes on")
        for running, phase in zip(daemons, phases, strict=True):
            wait_until(lambda running=running, phase=phase: phase in running.log, phase or "the beginning")
            everything = descendants(running.process.pid)
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(60) == 0, phase
            wait_until(lambda everything=everything: not any(map(is_alive, everything)), "nothing stays")
            assert running.notified == [f"INSTANCE VI_1 {state} 100" for state in ("BACKUP", "MASTER", "STOP")]
            assert running.journalled() == ["BACKUP", "MASTER", "STOP"]
        for process in asking:
            process.kill()
