"""Taking a node out of service and back, as an administrator does."""

import subprocess
from pathlib import Path

from click.testing import CliRunner

from hahub.cli import main
from hahub.messages import Maintenance
from hahub.parent import maintenance


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["maintenance", *arguments])
    return result.exit_code, result.output


def test_on_says_who_and_why_and_off_takes_it_back(tmp_path: Path):
    status, shown = invoke("on", "kernel", "update", "--run-dir", str(tmp_path))
    assert status == 0
    assert shown.startswith("maintenance: ")
    assert shown.rstrip().endswith("UTC: kernel update")
    told = maintenance.read(tmp_path)
    assert told.on
    assert told.detail.endswith("kernel update")

    assert invoke("off", "--run-dir", str(tmp_path)) == (0, "no maintenance\n")
    assert maintenance.read(tmp_path) == Maintenance(on=False)
    assert invoke("off", "--run-dir", str(tmp_path)) == (0, "no maintenance\n")


def test_a_directory_that_is_not_there_is_named(tmp_path: Path):
    missing = tmp_path / "missing"

    status, shown = invoke("on", "--run-dir", str(missing))

    assert (status, shown) == (1, f"{missing}: no such directory; expected the --run-dir of a running hahub\n")


def test_a_file_made_by_hand_counts_whatever_is_in_it(tmp_path: Path):
    subprocess.run(["sh", "-c", f"head -c 3000 /dev/urandom > {tmp_path}/maintenance"], check=True)

    told = maintenance.read(tmp_path)

    assert told.on
    assert len(told.detail) <= 200
    assert "\n" not in told.detail
