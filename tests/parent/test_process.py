"""The parent as a process: restarts, signals, the end, and what is left when it is killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hahub
from hahub.model import Cause, State
from hahub.parent import credentials
from hahub.settings import CheckScript, Command, FifoSettings, NotifyScripts, Settings
from tests.parent.harness import Daemon, is_alive, script, settings, wait_until
from tests.parent.standin import transition


def pids_in(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


@pytest.mark.parametrize(("name", "other"), [("core", "hub"), ("hub", "core")])
def test_a_killed_child_comes_back_configured_and_joined_by_a_fresh_link(tmp_path: Path, name: str, other: str) -> None:
    with Daemon(tmp_path, settings()) as daemon:
        daemon.wait_ready()
        killed = daemon.pid_of(name)

        os.kill(killed, signal.SIGKILL)

        fresh = daemon.pid_of(name, other_than=killed)
        wait_until(
            lambda: f"{name} {fresh}" in " ".join(line["text"] for line in daemon.heard(other, "Ack")),
            "the other one hears the fresh one",
        )
        wait_until(
            lambda: [line for line in daemon.heard(name, "Ack") if line["pid"] == fresh],
            "the fresh one hears the other one",
        )
        assert len({line["pid"] for line in daemon.heard(other, "Configure")}) == 1
        daemon.wait_for_log(f"{name} ended pid={killed}")
        daemon.wait_for_log(f"starting {name} again, in=0s")
        assert daemon.terminate() == 0


def test_a_core_that_dies_again_and_again_is_never_away_for_long(tmp_path: Path) -> None:
    with Daemon(tmp_path, settings()) as daemon:
        daemon.wait_ready()

        pid = 0
        for _ in range(3):
            pid = daemon.pid_of("core", other_than=pid)
            os.kill(pid, signal.SIGKILL)
        daemon.pid_of("core", other_than=pid)

        restarts = [line.partition("in=")[2] for line in daemon.log.splitlines() if "starting core again" in line]
        assert restarts == ["0s", "1s", "1s"]


def test_a_fresh_core_gets_the_same_fifos_and_hears_every_verdict(tmp_path: Path) -> None:
    check = CheckScript("chk", script(tmp_path / "chk", "exit 0"), interval=60.0)
    fifo = FifoSettings("notify_fifo", str(tmp_path / "fifo"))
    with Daemon(tmp_path, settings(checks=[check], fifos=[fifo])) as daemon:
        wait_until(lambda: daemon.heard("core", "ScriptResult"), "the first verdict")
        killed = daemon.pid_of("core")

        os.kill(killed, signal.SIGKILL)

        fresh = daemon.pid_of("core", other_than=killed)
        wait_until(lambda: len(daemon.heard("core", "ScriptResult")) == 2, "the verdict again")
        first, second = daemon.heard("core", "Configure")
        assert (first["text"], first["inodes"]) == (second["text"], second["inodes"])
        assert [line["pid"] for line in daemon.heard("core", "ScriptResult")] == [killed, fresh]


def hanging(tmp_path: Path, name: str) -> Command:
    """A script that ignores SIGTERM, with a child that does so too; both write down their pids."""
    body = f"trap '' TERM\necho $$ >> {tmp_path}/pids\nsh -c 'echo $$ >> {tmp_path}/pids; sleep 1000 & wait'"
    return script(tmp_path / name, body)


def busy_settings(tmp_path: Path, *, stop_grace: float = 1.0) -> Settings:
    """Everything the parent can run, and all of it runs for ever."""
    return settings(
        checks=[CheckScript("chk", hanging(tmp_path, "check"), interval=1000.0)],
        notify=[NotifyScripts("VI_1", master=hanging(tmp_path, "notify"))],
        fifos=[FifoSettings("notify_fifo", str(tmp_path / "fifo"), script=hanging(tmp_path, "reader"))],
        stop_grace=stop_grace,
    )


def everything_of(daemon: Daemon, tmp_path: Path) -> list[int]:
    """Pids of all that runs, once it does: six of scripts, core, hub and guard."""
    daemon.wait_ready()
    daemon.core_sends(transition("VI_1", State.MASTER, cause=Cause.MASTER_DOWN_TIMER))
    wait_until(lambda: len(pids_in(tmp_path / "pids")) == 6, "all scripts run")
    return [*pids_in(tmp_path / "pids"), *daemon.children(), daemon.pid_of("core"), daemon.pid_of("hub")]


@pytest.mark.parametrize("deaf", [(), ("core", "hub")], ids=["children that leave", "children that do not leave"])
def test_a_killed_parent_leaves_nothing_behind(tmp_path: Path, deaf: tuple[str, ...]) -> None:
    for name in deaf:
        (tmp_path / f"{name}.deaf").touch()
    with Daemon(tmp_path, busy_settings(tmp_path)) as daemon:
        pids = everything_of(daemon, tmp_path)

        daemon.process.kill()
        daemon.process.wait()

        wait_until(lambda: not any(map(is_alive, pids)), f"none of {pids} is left")
        assert not (tmp_path / "fifo").exists()


def test_a_killed_guard_is_replaced_by_one_that_knows_everything(tmp_path: Path) -> None:
    with Daemon(tmp_path, busy_settings(tmp_path)) as daemon:
        pids = everything_of(daemon, tmp_path)
        first = daemon.guard_pid()

        os.kill(first, signal.SIGKILL)
        second = wait_until(lambda: next(iter({daemon.guard_pid()} - {first}), 0), "another guard")
        wait_until(lambda: b"guard.py" in Path(f"/proc/{second}/cmdline").read_bytes(), "it runs")
        daemon.process.kill()
        daemon.process.wait()

        wait_until(lambda: not any(map(is_alive, [*pids, second])), f"none of {pids} is left")
        assert not (tmp_path / "fifo").exists()


def test_a_stopped_parent_leaves_nothing_behind_and_says_what_did_not_finish(tmp_path: Path) -> None:
    with Daemon(tmp_path, busy_settings(tmp_path)) as daemon:
        pids = everything_of(daemon, tmp_path)

        status = daemon.terminate()

        assert status == 3
        assert "ERROR parent: left undone: notify_master VI_1 did not run to its end" in daemon.log
        assert not any(map(is_alive, pids))
        assert not (tmp_path / "fifo").exists()


def test_a_second_sigterm_ends_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "core.deaf").touch()
    with Daemon(tmp_path, busy_settings(tmp_path, stop_grace=1000.0)) as daemon:
        pids = everything_of(daemon, tmp_path)

        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for_log("stopping: SIGTERM")
        status = daemon.terminate()

        assert status == 3
        wait_until(lambda: not any(map(is_alive, pids)), f"none of {pids} is left")
        assert not (tmp_path / "fifo").exists()


def test_a_stop_tells_everyone_in_order(tmp_path: Path) -> None:
    said = tmp_path / "said"
    reader = script(
        tmp_path / "reader",
        f"trap 'echo TERM >> {said}; exit 0' TERM\nwhile read -r line; do echo \"$line\" >> {said}; done < $1 & wait",
    )
    notify = NotifyScripts("VI_1", stop=script(tmp_path / "stop", f"echo notify_stop >> {tmp_path}/notified"))
    fifo = FifoSettings("vrrp_notify_fifo", str(tmp_path / "fifo"), script=reader)
    with Daemon(tmp_path, settings(notify=[notify], fifos=[fifo])) as daemon:
        daemon.wait_ready()
        daemon.core_writes('INSTANCE "VI_1" BACKUP 100\n')
        wait_until(said.exists, "the FIFO is read")

        status = daemon.terminate()

        assert status == 0
        assert said.read_text().splitlines() == ['INSTANCE "VI_1" BACKUP 100', 'INSTANCE "VI_1" STOP 100', "TERM"]
        assert (tmp_path / "notified").read_text() == "notify_stop\n"
        assert len(daemon.heard("core", "Shutdown")) == len(daemon.heard("hub", "Shutdown")) == 1
        assert not (tmp_path / "fifo").exists()


def test_a_dead_core_is_started_once_more_to_leave_in_good_order(tmp_path: Path) -> None:
    with Daemon(tmp_path, settings()) as daemon:
        daemon.wait_ready()
        first = daemon.pid_of("core")
        os.kill(first, signal.SIGKILL)
        second = daemon.pid_of("core", other_than=first)
        os.kill(second, signal.SIGKILL)
        daemon.wait_for_log("starting core again, in=1s")

        status = daemon.terminate()

        assert status == 0
        assert [line["pid"] for line in daemon.heard("core", "Shutdown")] == [daemon.pid_of("core", other_than=second)]


@pytest.mark.parametrize(
    ("sign", "reason"),
    [
        pytest.param("hub.unclean", "3 messages wait for the next start", id="messages that wait"),
        pytest.param("core.deaf", "core did not end within 3 s, killed", id="a core that does not end"),
        pytest.param("hub.deaf", "hub did not end within", id="a hub that does not end"),
    ],
)
def test_what_is_left_undone_is_said_and_changes_the_exit_status(tmp_path: Path, sign: str, reason: str) -> None:
    (tmp_path / sign).touch()
    with Daemon(tmp_path, settings(stop_grace=1.0)) as daemon:
        daemon.wait_ready()

        status = daemon.terminate()

        assert status == 3
        assert f"ERROR parent: left undone: {reason}" in daemon.log


def test_a_bad_file_at_sighup_is_reported_and_changes_nothing(tmp_path: Path) -> None:
    with Daemon(tmp_path, settings()) as daemon:
        daemon.wait_ready()
        daemon.settings_file.write_text("{")

        daemon.process.send_signal(signal.SIGUSR1)  # keepalived writes its state into a file
        daemon.process.send_signal(signal.SIGUSR2)
        daemon.wait_for_log("SIGUSR1: hahub writes no file")
        daemon.wait_for_log("SIGUSR2: hahub writes no file")
        daemon.process.send_signal(signal.SIGHUP)

        daemon.wait_for_log("reload refused, the old configuration stays")
        assert f"ERROR parent: {daemon.settings_file}:1:1: " in daemon.log
        assert [len(daemon.heard(name, "Configure")) for name in ("core", "hub")] == [1, 1]
        assert daemon.terminate() == 0


def test_a_fifo_that_cannot_be_made_at_sighup_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Daemon(tmp_path, settings()) as daemon:
        daemon.wait_ready()
        daemon.configure(settings(fifos=[FifoSettings("notify_fifo", str(tmp_path / "file"))]))

        daemon.process.send_signal(signal.SIGHUP)

        daemon.wait_for_log("found a regular file, expected a FIFO or nothing")
        assert len(daemon.heard("core", "Configure")) == 1
        assert daemon.terminate() == 0


def test_a_reload_changes_what_changed_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    reader = script(tmp_path / "reader", f"echo $$ >> {tmp_path}/readers; exec sleep 1000")
    same = FifoSettings("notify_fifo", str(tmp_path / "same"), script=reader)
    old, new = (FifoSettings("vrrp_notify_fifo", str(tmp_path / name)) for name in ("old", "new"))
    kept = CheckScript("kept", script(tmp_path / "kept", f"echo >> {tmp_path}/kept.runs"), interval=1000.0)
    with Daemon(tmp_path, settings(checks=[kept], fifos=[same, old])) as daemon:
        wait_until(lambda: len(daemon.heard("core", "ScriptResult")) == 1, "a verdict")
        wait_until((tmp_path / "readers").exists, "a reader")
        added = CheckScript("added", script(tmp_path / "added", "exit 1"), interval=1000.0)
        daemon.configure(settings(checks=[kept, added], fifos=[same, new]))

        daemon.process.send_signal(signal.SIGHUP)

        daemon.wait_for_log("reloaded")
        wait_until(lambda: len(daemon.heard("core", "ScriptResult")) == 2, "the new verdict")
        first, second = daemon.heard("core", "Configure")
        assert second["inodes"][0] == first["inodes"][0]
        assert second["inodes"][1] == (tmp_path / "new").stat().st_ino
        assert not (tmp_path / "old").exists()
        assert len(pids_in(tmp_path / "readers")) == 1
        assert (tmp_path / "kept.runs").read_text() == "\n"
        wait_until(lambda: len(daemon.heard("hub", "Configure")) == 2, "both configurations at the hub")
        assert daemon.terminate() == 0
        assert not (tmp_path / "new").exists()


def test_a_second_daemon_in_the_same_run_directory_is_refused(tmp_path: Path) -> None:
    with Daemon(tmp_path, settings()) as first:
        first.wait_ready()

        with Daemon(tmp_path, settings()) as second:
            status = second.process.wait(30)

        assert status == 1
        assert f"a hahub is running here already, pid {first.process.pid}" in first.log
        assert (tmp_path / "run" / "hahub.lock").read_text() == f"{first.process.pid}\n"
        assert first.terminate() == 0


def test_a_second_daemon_in_the_same_network_namespace_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAHUB_CLAIM", f"hahub-test-{os.getpid()}-process")
    with Daemon(_made(tmp_path / "first"), settings()) as first:
        first.wait_ready()

        with Daemon(_made(tmp_path / "second"), settings()) as second:
            assert second.process.wait(30) == 1
            assert second.log == (
                f"hahub: a hahub is running in this network namespace already, pid {first.process.pid}\n"
            )

        first.process.kill()
        first.process.wait()
        with Daemon(_made(tmp_path / "third"), settings()) as third:
            third.wait_ready()
            assert third.terminate() == 0


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def test_a_daemon_starts_where_another_one_was_just_killed(tmp_path: Path) -> None:
    (tmp_path / "core.deaf").touch()
    with Daemon(tmp_path, settings()) as first:
        first.wait_ready()
        killed = first.pid_of("core")
        first.process.kill()
        first.process.wait()
        (tmp_path / "core.deaf").unlink()

        with Daemon(tmp_path, settings()) as second:
            second.pid_of("core", other_than=killed)

            assert not is_alive(killed)
            assert second.terminate() == 0


def test_a_regular_file_in_place_of_a_fifo_keeps_the_daemon_from_starting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    fifo = FifoSettings("notify_fifo", str(tmp_path / "file"))
    with Daemon(tmp_path, settings(fifos=[fifo])) as daemon:
        status = daemon.process.wait(30)

        assert status == 1
        assert f"notify_fifo {tmp_path}/file: found a regular file, expected a FIFO or nothing" in daemon.log
        assert (tmp_path / "file").read_text() == "precious"


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter and change."""
    with tempfile.TemporaryDirectory(prefix="hahub-test-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_the_hub_runs_as_an_unprivileged_user_where_that_user_can_reach_it(open_directory: Path) -> None:
    nobody = credentials.resolve("nobody", "")
    reachable = all(credentials.can_reach(Path(path), nobody) for path in (sys.executable, hahub.__file__))
    is_root = os.geteuid() == 0
    with Daemon(open_directory, settings(hub_user="nobody")) as daemon:
        daemon.wait_ready()

        status = Path(f"/proc/{daemon.pid_of('hub')}/status").read_text()
        directory = (open_directory / "state" / "hub").stat()
        uid = nobody.uid if is_root and reachable else os.geteuid()
        assert f"\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n" in status
        assert (directory.st_uid, directory.st_mode & 0o777) == (uid, 0o700)
        assert ("the hub runs as root: uid=65534 cannot reach" in daemon.log) is (is_root and not reachable)
        assert daemon.terminate() == 0


@pytest.mark.namespaces
def test_it_runs_in_a_user_namespace_with_a_single_user(tmp_path: Path) -> None:
    as_other = Command((str(tmp_path / "n"),), user="daemon")
    script(tmp_path / "n", f"id -u > {tmp_path}/notified")
    fifo = FifoSettings("notify_fifo", str(tmp_path / "fifo"), user="daemon")
    wanted = settings(notify=[NotifyScripts("VI_1", master=as_other)], fifos=[fifo])
    with Daemon(tmp_path, wanted, prefix=["unshare", "-Urn"]) as daemon:
        daemon.wait_ready()

        daemon.core_sends(transition("VI_1", State.MASTER))

        wait_until(lambda: (tmp_path / "notified").exists(), "the notify script")
        assert daemon.terminate() == 0
        assert (tmp_path / "notified").read_text() == "0\n"
        assert "notify_master VI_1 runs as uid=0 instead of uid=1 gid=1: uid 1 does not exist" in daemon.log
        assert "cannot be given to uid=1 gid=1: " in daemon.log
        assert "the hub runs as uid=0 instead of uid=" in daemon.log


def test_it_is_idle_when_nothing_happens(tmp_path: Path) -> None:
    with Daemon(tmp_path, settings()) as daemon:
        daemon.wait_ready()
        status = Path(f"/proc/{daemon.process.pid}/status")

        def switches() -> int:
            return int(
                next(line for line in status.read_text().splitlines() if line.startswith("voluntary")).split()[1]
            )

        time.sleep(0.5)
        before = switches()
        time.sleep(1.0)

        assert switches() - before <= 1
        assert daemon.terminate() == 0


def test_lines_of_children_and_scripts_are_in_the_log_under_their_names(tmp_path: Path) -> None:
    notify = NotifyScripts("VI_1", master=script(tmp_path / "n", "echo out; echo err >&2; exit 7"))
    with Daemon(tmp_path, settings(notify=[notify])) as daemon:
        daemon.wait_ready()

        daemon.core_sends(transition("VI_1", State.MASTER))

        line = daemon.wait_for_log("INFO notify_master VI_1: out")
        daemon.wait_for_log("INFO notify_master VI_1: err")
        daemon.wait_for_log("WARNING parent: notify_master VI_1: exited with status 7")
        daemon.wait_for_log("WARNING core: core is a stand-in")
        stamp = line.split()[0]
        assert len(stamp) == len("2026-11-24T10:00:00.123Z")
        assert stamp.endswith("Z")
        subprocess.run(["date", "-d", stamp], check=True, capture_output=True)
