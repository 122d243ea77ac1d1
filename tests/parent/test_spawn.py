"""Starting programs: who they run as, what they inherit, what is said when they cannot be started."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from hahub.parent.credentials import Powers
from hahub.parent.guard_link import GuardLink
from hahub.parent.logs import Log
from hahub.parent.spawn import Spawner, SpawnError, describe_exit, script_environment
from hahub.settings import Command
from tests.parent.harness import script
from tests.parent.logbook import LogBook


async def output_of(spawner: Spawner, logbook: LogBook, command: Command, *extra: str) -> list[str]:
    """The lines a script prints, the last of which is ``end``."""
    child = spawner.start_script(command, label="s", extra=extra)
    with trio.fail_after(30):
        assert await child.exited() == 0
    child.close()
    await logbook.wait_for("INFO s: end")
    return [line.removeprefix("INFO s: ") for line in logbook.lines if line.startswith("INFO s: ")][:-1]


async def test_arguments_are_passed_as_they_are_without_a_shell(
    tmp_path: Path, spawner: Spawner, logbook: LogBook
) -> None:
    path = script(tmp_path / "s", 'for word; do echo "[$word]"; done; echo end').argv[0]

    lines = await output_of(spawner, logbook, Command((path, "two words", "$HOME; ls *")), "INSTANCE", "")

    assert lines == ["[two words]", "[$HOME; ls *]", "[INSTANCE]", "[]"]


async def test_a_script_has_a_clean_surrounding(tmp_path: Path, spawner: Spawner, logbook: LogBook) -> None:
    body = (
        "pwd; umask; cat; ls -l /proc/$$/fd | wc -l; awk '{print ($1 == $5)}' /proc/$$/stat; "
        # Not of the shell itself: some block signals while they start a command.
        "(exec grep -E 'Sig(Blk|Ign)' /proc/self/status); echo end"
    )

    lines = await output_of(spawner, logbook, script(tmp_path / "s", body))

    *surrounding, blocked, ignored = lines
    assert surrounding == ["/", "0022", "5", "1"]
    assert _signals(blocked) == _signals(ignored) == 0


def _signals(line: str) -> int:
    """A mask of /proc/PID/status without signals 32 and 33: the C library keeps them, nobody can reset them."""
    return int(line.split()[1], 16) & ~(3 << 31)


@pytest.mark.skipif(os.geteuid() != 0, reason="this test needs root, which this user is not")
async def test_a_script_runs_as_its_user_without_other_groups(spawner: Spawner, logbook: LogBook) -> None:
    command = Command(("/bin/sh", "-c", "id -u; id -G; echo end"), user="nobody", group="daemon")

    assert await output_of(spawner, logbook, command) == ["65534", "1"]


async def test_a_user_that_cannot_be_become_is_said_once_and_the_script_runs(
    nursery: trio.Nursery, logbook: LogBook, log: Log
) -> None:
    powers = Powers("CapEff:\t0\n", "0 0 1\n", "0 0 1\n", "deny\n")
    spawner = Spawner(nursery, logbook.writer, GuardLink("mark", log), mark="mark", powers=powers)
    command = Command(("/bin/sh", "-c", "id -u; echo end"), user="nobody" if os.geteuid() == 0 else "root")

    first = await output_of(spawner, logbook, command)
    await output_of(spawner, logbook, command)

    assert first == [str(os.geteuid())]
    assert len([line for line in logbook.lines if "s runs as uid=" in line]) == 1


def no_interpreter(path: Path) -> str:
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    return str(path)


def not_executable(path: Path) -> str:
    path.write_text("#!/bin/sh\n")
    return str(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(str, "no such file or directory", id="missing"),
        pytest.param(not_executable, "permission denied", id="not executable"),
        pytest.param(no_interpreter, "the interpreter in its first line does not exist", id="interpreter missing"),
    ],
)
async def test_what_cannot_be_executed_is_told(
    tmp_path: Path, spawner: Spawner, make: Callable[[Path], str], reason: str
) -> None:
    path = make(tmp_path / "s")

    with pytest.raises(SpawnError) as refusal:
        spawner.start_script(Command((path,)), label="s")

    assert str(refusal.value) == f"cannot be executed: {reason}: {path}"


async def test_a_user_that_does_not_exist_is_told(spawner: Spawner) -> None:
    with pytest.raises(SpawnError, match=r"^cannot be executed: user nosuchuser does not exist$"):
        spawner.start_script(Command(("/bin/true",), user="nosuchuser"), label="s")


async def test_a_script_without_a_first_line_is_read_by_the_shell(
    tmp_path: Path, spawner: Spawner, logbook: LogBook
) -> None:
    (tmp_path / "s").write_text('echo "$1"; echo end\n')
    (tmp_path / "s").chmod(0o755)

    lines = await output_of(spawner, logbook, Command((str(tmp_path / "s"), "$x")))

    assert lines == ["$x"]
    assert f"WARNING parent: s: {tmp_path}/s has no #! line, /bin/sh reads it" in logbook.lines


def test_the_environment_is_inherited_without_what_changes_the_meaning_of_programs() -> None:
    inherited = {"PATH": "/bin", "LD_PRELOAD": "x", "LD_LIBRARY_PATH": "x", "IFS": "x", "LANG": "C"}

    assert script_environment(inherited, "abc") == {"PATH": "/bin", "LANG": "C", "HAHUB_RUN": "abc"}


async def test_a_script_does_not_get_the_secrets_of_channels(
    tmp_path: Path, spawner: Spawner, logbook: LogBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_TOKEN", "hunter2")
    monkeypatch.setenv("SITE", "berlin")
    spawner.hide(["CHAT_TOKEN"])

    lines = await output_of(spawner, logbook, script(tmp_path / "s", 'echo "$SITE"; env | grep hunter2; echo end'))

    assert lines == ["berlin"]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "exited with status 0"),
        (2, "exited with status 2"),
        (-9, "ended by signal 9 (SIGKILL)"),
        (-40, "ended by signal 40"),
    ],
)
def test_an_exit_is_described(status: int, text: str) -> None:
    assert describe_exit(status) == text


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_scripts_that_leave_something_running_do_not_use_up_the_descriptors(
    tmp_path: Path, spawner: Spawner, logbook: LogBook
) -> None:
    command = script(tmp_path / "s", "sleep 1000 &")
    before = open_files()
    groups = []

    try:
        for _ in range(80):
            child = spawner.start_script(command, label="s")
            groups.append(child.pid)
            with trio.fail_after(30):
                await child.exited()
            child.close()
        await trio.testing.wait_all_tasks_blocked()
        opened = open_files() - before
    finally:
        for group in groups:
            os.killpg(group, signal.SIGKILL)

    assert opened == 64
    assert [line for line in logbook.lines if "goes on after its end" in line] == [
        "WARNING parent: s: what it started goes on after its end; only the last 64 are listened to"
    ]
