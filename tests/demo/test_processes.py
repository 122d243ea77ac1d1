"""Killing a family of processes as one."""

import subprocess
import time
from pathlib import Path

from hahub.demo.processes import children, family, kill_family

PATIENCE = 30.0

_AVENGER = """\
sh -c 'sleep 1000 & echo grandchild > "$1/born"; wait' - "$1" &
wait
echo "I saw a death" > "$1/reaction"
"""


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_nobody_in_a_family_lives_to_act_on_the_death_of_another(tmp_path: Path):
    process = subprocess.Popen(["sh", "-c", _AVENGER, "-", str(tmp_path)])
    wait_for(tmp_path / "born")
    members = family(process.pid)

    kill_family(process.pid)
    process.wait(PATIENCE)

    assert len(members) == 3
    deadline = time.monotonic() + PATIENCE
    while any(map(is_alive, members)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(is_alive, members))
    assert not (tmp_path / "reaction").exists()


def test_a_process_that_is_gone_has_no_children():
    process = subprocess.Popen(["true"])
    process.wait(PATIENCE)

    assert (children(process.pid), family(process.pid)) == ([], [process.pid])
