"""``hahub run``: the whole daemon as people start it, in a network namespace of an ordinary user."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from hahub.cli.run import run_daemon
from hahub.parent.credentials import powers
from tests.cli.running import CONFIGURATION, HAHUB, Running
from tests.parent.harness import is_alive, wait_until

with_rights = pytest.mark.skipif(bool(powers().needed()), reason="a daemon without the rights of a router is refused")


@pytest.mark.namespaces
def test_a_whole_life_from_start_to_stop(running: Running) -> None:
    running.wait_for("INSTANCE VI_1 MASTER 100")
    wait_until(running.has_address, "the address is there")
    fifo = (running.directory / "fifo").stat()

    (running.directory / "down").touch()
    running.wait_for("INSTANCE VI_1 FAULT 100")
    wait_until(lambda: running.has_address() is False, "the address is gone")
    (running.directory / "down").unlink()
    running.wait_for("INSTANCE VI_1 MASTER 100")
    running.process.send_signal(signal.SIGTERM)

    assert running.process.wait(30) == 0
    assert fifo.st_mode & 0o777 == 0o600
    assert not (running.directory / "fifo").exists()
    states = ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER", "STOP"]
    assert running.notified == [f"INSTANCE VI_1 {state} 100" for state in states]
    assert running.journalled() == states


@pytest.mark.namespaces
@pytest.mark.parametrize("name", ["core", "hub"])
def test_a_killed_process_comes_back_and_the_address_with_it(running: Running, name: str) -> None:
    running.wait_for("INSTANCE VI_1 MASTER 100")
    wait_until(lambda: f"parent: {name} ready" in running.log, f"the first {name} works")
    before = running.children()

    os.kill(before[name], signal.SIGKILL)

    wait_until(lambda: running.children().get(name, before[name]) != before[name], f"another {name}")
    wait_until(lambda: running.log.count(f"parent: {name} ready") == 2, f"the other {name} works")
    # A core that is back before peers would have noticed goes on as master; a slow machine may be too late for that.
    late = name == "core" and "goes on as MASTER" not in running.log
    times = 2 if late else 1
    wait_until(lambda: running.notified.count("INSTANCE VI_1 MASTER 100") == times, "it is master")
    wait_until(running.has_address, "the address is there")
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0
    assert running.journalled() == ["BACKUP", "MASTER"] * times + ["STOP"]


@pytest.mark.namespaces
def test_a_core_that_hangs_with_nothing_to_say_is_ended_as_well(running: Running) -> None:
    """In FAULT nobody misses it; but it would not notice that the fault is over."""
    running.wait_for("INSTANCE VI_1 MASTER 100")
    (running.directory / "down").touch()
    running.wait_for("INSTANCE VI_1 FAULT 100")
    hung = running.children()["core"]

    os.kill(hung, signal.SIGSTOP)

    wait_until(lambda: running.children().get("core", hung) != hung, "another core")
    assert f"core is hung: no sign of life for 3 s; ending it pid={hung}" in running.log
    (running.directory / "down").unlink()
    running.wait_for("INSTANCE VI_1 MASTER 100")
    wait_until(running.has_address, "the address is there")


@pytest.mark.namespaces
def test_a_killed_parent_leaves_no_process_and_no_address(running: Running) -> None:
    running.wait_for("INSTANCE VI_1 MASTER 100")
    pids = list(running.children().values())
    witness = subprocess.Popen(
        ["nsenter", "-t", str(running.process.pid), "-U", "-n", "--preserve-credentials", "sleep", "1000"]
    )
    try:
        wait_until(lambda: running.has_address(of=witness.pid), "the address is there")

        running.process.kill()
        running.process.wait()

        wait_until(lambda: not any(map(is_alive, pids)), "core and hub are gone")
        assert running.has_address(of=witness.pid) is False
        wait_until(lambda: not (running.directory / "fifo").exists(), "the FIFO is gone")
    finally:
        witness.kill()
        witness.wait()


@pytest.mark.namespaces
def test_a_bad_file_at_sighup_is_reported_and_the_old_one_stays(running: Running) -> None:
    running.wait_for("INSTANCE VI_1 MASTER 100")
    running.write(CONFIGURATION.replace("virtual_router_id 51", "virtual_router_id 300"))

    running.process.send_signal(signal.SIGHUP)

    wait_until(lambda: "reload refused, the old configuration stays" in running.log, "the refusal")
    assert f"ERROR parent: {running.file}:12:" in running.log
    time.sleep(0.5)  # several advertisement intervals, in which nothing may happen
    assert running.has_address()
    assert running.notified[-1] == "INSTANCE VI_1 MASTER 100"


@pytest.mark.namespaces
def test_a_good_file_at_sighup_counts_from_now_on(running: Running) -> None:
    running.wait_for("INSTANCE VI_1 MASTER 100")
    extra = "vrrp_instance VI_2 {\n interface veth0\n virtual_router_id 52\n priority 90\n virtual_ipaddress {\n"
    extra += f' 10.9.0.101/24\n }}\n notify "{running.directory}/notify"\n}}\n'
    running.write(CONFIGURATION + extra)

    running.process.send_signal(signal.SIGHUP)

    running.wait_for("INSTANCE VI_2 MASTER 90")
    assert running.notified.count("INSTANCE VI_1 MASTER 100") == 1
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HAHUB, "run", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def test_a_bad_file_keeps_it_from_starting(tmp_path: Path) -> None:
    file = tmp_path / "keepalived.conf"
    file.write_text("vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 300\n}\n")

    result = run("-f", file, "--run-dir", tmp_path / "run", "--state-dir", tmp_path / "state")

    assert result.returncode == 1
    assert result.stderr.startswith(f"{file}:3:23: vrrp_instance VI_1: ")
    assert not (tmp_path / "run").exists()


@with_rights
def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "hahub.yaml"
    file.write_text("vrrp_instance: {VI_1: {interface: lo, virtual_router_id: 1, virtual_ipaddress: [10.0.0.1]}}\n")
    (tmp_path / "state").write_text("a file")

    result = run("-f", file, "--run-dir", tmp_path / "run", "--state-dir", tmp_path / "state")

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"hahub: state directory {tmp_path}/state: file exists"


def test_a_file_that_cannot_be_read_has_its_own_exit_status(tmp_path: Path) -> None:
    result = run("-f", tmp_path / "none", "--run-dir", tmp_path / "run", "--state-dir", tmp_path / "state")

    assert result.returncode == 2
    assert result.stderr == f"{tmp_path}/none: cannot be read: no such file or directory\n"


@pytest.mark.parametrize("missing", ["net_admin", "net_admin,net_raw"])
@with_rights
def test_who_cannot_add_addresses_does_not_become_master(tmp_path: Path, missing: str) -> None:
    file = tmp_path / "hahub.yaml"
    file.write_text("vrrp_instance: {VI_1: {interface: lo, virtual_router_id: 1, virtual_ipaddress: [10.0.0.1]}}\n")
    directories = ("--run-dir", tmp_path / "run", "--state-dir", tmp_path / "state")

    without = ",".join(f"-{name}" for name in missing.split(","))
    result = subprocess.run(
        ["setpriv", "--bounding-set", without, HAHUB, "run", "-f", file, *directories],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert result.returncode == 1
    named = " and ".join(f"CAP_{name.upper()}" for name in missing.split(","))
    assert result.stderr.splitlines()[-1].startswith(f"hahub: {named} not available, expected root")


@with_rights
def test_what_the_machine_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "fifo").write_text("precious")
    file = tmp_path / "keepalived.conf"
    file.write_text(
        f"global_defs {{\n notify_fifo {tmp_path}/fifo\n}}\n"
        "vrrp_instance VI_1 {\n interface lo\n virtual_router_id 5\n virtual_ipaddress {\n 10.9.0.7\n }\n}\n"
    )

    result = run("-f", file, "--run-dir", tmp_path / "run", "--state-dir", tmp_path / "state")

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"hahub: notify_fifo {tmp_path}/fifo: found a regular file, expected a FIFO or nothing"
    )


@pytest.mark.namespaces
def test_closed_standard_descriptors_are_not_taken_by_anything_else(tmp_path: Path) -> None:
    running = Running(tmp_path, redirected="<&- >&- 2>&-")
    try:
        running.wait_for("INSTANCE VI_1 MASTER 100")
        processes = {"parent": running.process.pid, **running.children()}
        opened = {name: Path(f"/proc/{pid}/fd/0").readlink() for name, pid in processes.items()}
        errors = Path(f"/proc/{running.process.pid}/fd/2").readlink()
        wait_until(lambda: running.journalled()[-1:] == ["MASTER"], "the hub works")
        running.process.send_signal(signal.SIGTERM)
        status = running.process.wait(30)
    finally:
        running.process.kill()
        running.process.wait()

    null = Path("/dev/null")
    assert (status, opened, errors) == (0, {"parent": null, "core": null, "hub": null}, null)


@with_rights
def test_a_bug_is_logged_and_has_a_status_that_a_supervisor_restarts_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object, **__: object) -> int:
        raise RuntimeError("out of order")

    file = tmp_path / "keepalived.conf"
    file.write_text(CONFIGURATION.replace("DIRECTORY", str(tmp_path)))
    monkeypatch.setattr("hahub.parent.process.run", broken)

    status = run_daemon([file], [], tmp_path / "run", tmp_path / "state", "info")

    assert status == 70
    assert capfd.readouterr().err.rstrip().endswith("ERROR parent: RuntimeError: out of order")
    unit = Path(__file__).parents[2] / "config" / "hahub.service"
    assert "RestartPreventExitStatus=1 2\n" in unit.read_text()
