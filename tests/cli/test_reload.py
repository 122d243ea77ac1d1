"""``hahub reload``: what the daemon makes of its files, told to who asks."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import CONFIGURATION, HAHUB, Running

SECOND = """
vrrp_instance VI_2 {
    interface veth0
    virtual_router_id 52
    virtual_ipaddress {
        10.9.0.101/24
    }
}
"""


def reload(run_dir: Path, *options: str) -> tuple[int, str, str]:
    command = [HAHUB, "reload", "--run-dir", str(run_dir), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.namespaces
def test_it_ends_when_the_files_are_in_force_and_tells_what_is_different(running: Running) -> None:
    run_dir = running.directory / "run"
    running.wait_for("INSTANCE VI_1 MASTER 100")

    assert reload(run_dir) == (0, "nothing is different\n", "")
    running.write(CONFIGURATION.replace("advert_int 0.1", "advert_int 0.2\n    priority 110") + SECOND)
    status, told, problems = reload(run_dir)
    lines = running.fifo_lines()

    assert (status, problems) == (0, "")
    assert told.splitlines() == ["added vrrp_instance VI_2", "changed vrrp_instance VI_1: priority, advert_int"]
    assert lines[-1] == 'INSTANCE "VI_2" BACKUP 100'
    assert running.notified == ["INSTANCE VI_1 BACKUP 100", "INSTANCE VI_1 MASTER 100"]
    assert sorted(path.name for path in run_dir.iterdir()) == ["hahub.lock"]


@pytest.mark.namespaces
def test_a_bad_file_is_told_and_changes_nothing(running: Running) -> None:
    run_dir = running.directory / "run"
    running.wait_for("INSTANCE VI_1 MASTER 100")
    running.write(CONFIGURATION.replace("virtual_router_id 51", "virtual_router_id 300") + SECOND)

    status, told, problems = reload(run_dir)

    assert (status, told) == (1, "")
    assert problems.startswith(f"{running.file}:12:23: vrrp_instance VI_1: virtual_router_id 300 is outside 1-255\n")
    assert problems.endswith("nothing has changed\n")
    (running.directory / "fifo2").write_text("a file")
    running.write(CONFIGURATION.replace("notify_fifo", "vrrp_notify_fifo DIRECTORY/fifo2\n    notify_fifo") + SECOND)
    status, told, problems = reload(run_dir)
    assert (status, told) == (1, "")
    assert problems == (
        f"nothing has changed: vrrp_notify_fifo {running.directory}/fifo2:"
        " found a regular file, expected a FIFO or nothing\n"
    )
    assert running.has_address()
    assert all("VI_2" not in line for line in running.fifo_lines())


@pytest.mark.namespaces
def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(running: Running) -> None:
    run_dir = running.directory / "run"
    running.wait_for("INSTANCE VI_1 MASTER 100")
    running.process.send_signal(signal.SIGSTOP)

    status, told, problems = reload(run_dir, "--timeout", "0.3")

    assert (status, told) == (3, "")
    assert problems == f"no answer from pid {running.process.pid} within 0.3 s, its log says why\n"
    assert sorted(path.name for path in run_dir.iterdir()) == ["hahub.lock"]


def test_without_a_daemon_there_is_nobody_to_ask(tmp_path: Path) -> None:
    nobody = f"{tmp_path}: no hahub is running here, expected its --run-dir\n"
    assert reload(tmp_path) == (2, "", nobody)

    (tmp_path / "hahub.lock").write_text("1\n")

    assert reload(tmp_path) == (2, "", nobody)
