"""The examples are run as a daemon runs them: the FIFO's path comes last, and SIGTERM before the last lines."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from hahub_fifo import Line, UnknownLine, format_line
from tests.conftest import require
from tests.lab.timeline import wait_until

EXAMPLES = Path(__file__).parents[2] / "fifo" / "examples"
SHELLS = ["dash", "bash"]

BACKUP = Line("INSTANCE", "VI_1", "BACKUP", 150)
MASTER = Line("INSTANCE", "VI_1", "MASTER", 150)
STOP = Line("INSTANCE", "VI_1", "STOP", 150)
ODD = Line("INSTANCE", 'a "b" MASTER 1/2', "FAULT", 7)
EVENT = Line("INSTANCE", "VI_1", "MASTER_PRIORITY", 90)
GROUP = Line("GROUP", "VI_1", "MASTER", 0)


class Writer:
    """The daemon's end of a FIFO."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self.descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def write(self, *lines: Line) -> None:
        for line in lines:
            os.write(self.descriptor, format_line(line))

    def write_raw(self, text: bytes) -> None:
        os.write(self.descriptor, text)

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


@pytest.fixture(name="writer")
def open_writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path / "fifo")
    yield writer
    writer.close()


def start(*command: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL)


def stop_as_keepalived_does(process: subprocess.Popen[bytes], writer: Writer) -> int:
    """Send SIGTERM first and the last line after it; return the exit status, within the second it has."""
    process.send_signal(signal.SIGTERM)
    writer.write(STOP)
    return process.wait(30)


def files(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir() if not path.name.startswith(".")}


@pytest.mark.parametrize("shell", SHELLS)
def test_last_state_keeps_the_latest_state_of_each_name(shell: str, writer: Writer, tmp_path: Path) -> None:
    require(shell)
    states = tmp_path / "states"
    process = start(shell, EXAMPLES / "last-state.sh", states, writer.path)

    writer.write(BACKUP, ODD)
    writer.write_raw(b"VS [10.0.0.1]:tcp:80 DOWN\n\0")
    writer.write(MASTER, EVENT, GROUP)
    wait_until(lambda: (states / "GROUP.VI_1").exists(), "the last of these lines")
    before = files(states)
    status = stop_as_keepalived_does(process, writer)

    assert before == {
        "INSTANCE.VI_1": "MASTER 150\n",
        'INSTANCE.a "b" MASTER 1_2': "FAULT 7\n",
        "GROUP.VI_1": "MASTER 0\n",
    }
    assert status == 0
    assert files(states) == {**before, "INSTANCE.VI_1": "STOP 150\n"}


@pytest.mark.parametrize("shell", SHELLS)
def test_run_on_runs_its_command_for_one_state_in_order(shell: str, writer: Writer, tmp_path: Path) -> None:
    require(shell)
    log = tmp_path / "log"
    command = tmp_path / "command"
    command.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >> {log}\n')
    command.chmod(0o755)
    process = start(shell, EXAMPLES / "run-on.sh", "MASTER", command, writer.path)

    writer.write(BACKUP, MASTER, ODD, EVENT, GROUP)
    wait_until(lambda: log.exists() and log.read_text().endswith("0|"), "the command to run")
    status = stop_as_keepalived_does(process, writer)

    assert status == 0
    assert log.read_text() == "VI_1|MASTER|150|VI_1|MASTER|0|"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_failing_command_does_not_end_run_on(shell: str, writer: Writer, tmp_path: Path) -> None:
    require(shell)
    log = tmp_path / "log"
    command = tmp_path / "command"
    command.write_text(f"#!/bin/sh\necho run >> {log}\nexit 3\n")
    command.chmod(0o755)
    process = start(shell, EXAMPLES / "run-on.sh", "MASTER", command, writer.path)

    writer.write(MASTER, BACKUP, MASTER)
    wait_until(lambda: log.exists() and log.read_text() == "run\nrun\n", "the command to run twice")

    assert stop_as_keepalived_does(process, writer) == 0


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_consumer_ends_when_the_writer_is_gone(shell: str, writer: Writer, tmp_path: Path) -> None:
    require(shell)
    states = tmp_path / "states"
    process = start(shell, EXAMPLES / "last-state.sh", states, writer.path)
    writer.write(MASTER)
    wait_until(lambda: (states / "INSTANCE.VI_1").exists(), "the line")

    writer.close()

    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("script", "usage"),
    [
        pytest.param("last-state.sh", "usage: {} DIRECTORY FIFO\n", id="last-state"),
        pytest.param("run-on.sh", "usage: {} STATE COMMAND FIFO\n", id="run-on"),
        pytest.param("audit.py", "usage: {} OUTPUT FIFO\n", id="audit"),
    ],
)
def test_a_wrong_number_of_arguments_shows_the_usage(script: str, usage: str) -> None:
    interpreter = sys.executable if script.endswith(".py") else "sh"
    path = str(EXAMPLES / script)

    done = subprocess.run([interpreter, path], capture_output=True, text=True, check=False)

    assert done.stderr == usage.format(path)
    assert done.returncode != 0


def test_audit_keeps_every_line_and_survives_a_restart_of_the_writer(writer: Writer, tmp_path: Path) -> None:
    output = tmp_path / "audit.jsonl"
    process = start(sys.executable, EXAMPLES / "audit.py", output, writer.path)

    def kept() -> list[dict[str, object]]:
        lines = output.read_text().splitlines() if output.exists() else []
        return [{key: value for key, value in json.loads(line).items() if key != "at"} for line in lines]

    writer.write(BACKUP, ODD)
    writer.write_raw(b"VS [10.0.0.1]:tcp:80 DOWN\n\0")
    wait_until(lambda: len(kept()) == 3, "three lines")
    writer.close()
    writer.path.unlink()
    again = Writer(writer.path)
    try:
        again.write(MASTER)
        wait_until(lambda: len(kept()) == 4, "the line of the second life")
        status = stop_as_keepalived_does(process, again)
    finally:
        again.close()

    assert status == 0
    assert kept() == [asdict(line) for line in (BACKUP, ODD, UnknownLine("VS [10.0.0.1]:tcp:80 DOWN"), MASTER, STOP)]
