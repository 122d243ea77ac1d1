"""``hahub check``: what it prints, and how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hahub.cli import main

ARTICLE = Path(__file__).parents[2] / "config" / "article"
BAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 300\n prioritty 100\n}\n"


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", *map(str, arguments)])
    return result.exit_code, result.output


def test_a_clean_file_says_nothing() -> None:
    assert run(ARTICLE / "cluster.conf") == (0, "")


def test_every_problem_is_printed_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "keepalived.conf"
    file.write_text(BAD)

    assert run(file) == (
        1,
        f"{file}:3:20: vrrp_instance VI_1: virtual_router_id 300 is outside 1-255\n"
        f"{file}:4:2: vrrp_instance VI_1: unknown keyword prioritty, expected one of the keywords of vrrp_instance;"
        " did you mean priority\n",
    )


def test_warnings_and_notes_are_printed_and_pass(tmp_path: Path) -> None:
    file = tmp_path / "keepalived.conf"
    file.write_text((ARTICLE / "cluster.conf").read_text() + "virtual_server x {\n}\nglobal_defs {\n lvs_flush\n}\n")

    status, output = run(file)

    assert (status, output.count("note: ")) == (0, 2)


def test_an_override_is_applied_and_checked() -> None:
    assert run(ARTICLE / "cluster.conf", "--set", "interface=veth0") == (0, "")
    assert run(ARTICLE / "cluster.conf", "--set", "priority=0") == (
        1,
        "--set: vrrp_instance VI_1: priority 0 is outside 1-255\n",
    )


def test_a_file_that_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    missing = tmp_path / "missing.conf"

    assert run(missing) == (2, f"{missing}: cannot be read: no such file or directory\n")


def test_several_files_are_one_configuration(tmp_path: Path) -> None:
    file = tmp_path / "hahub.yaml"
    file.write_text("channels:\n  mail: {type: smtp, server: a, sender: a@b, recipients: [c@d]}\n")

    assert run(ARTICLE / "instance.conf", file) == (0, "")


def test_no_file_is_a_mistake_in_the_command() -> None:
    status, output = run()

    assert status == 2
    assert "Missing argument 'FILE...'" in output


@pytest.mark.parametrize("verb", ["check"])
def test_a_verb_is_found_and_helps_with_its_docstring(verb: str) -> None:
    result = CliRunner().invoke(main, ["--help"])
    help_text = CliRunner().invoke(main, [verb, "--help"]).output

    assert verb in result.output
    assert "Check configuration files and print every problem with its place." in help_text


def test_an_unknown_verb_is_a_mistake() -> None:
    assert CliRunner().invoke(main, ["nope"]).exit_code == 2


def test_a_file_name_that_is_no_text_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "a\udce4.conf"
    file.write_text(BAD)

    program = "from hahub.cli import main; main()"
    command = [sys.executable, "-c", program, "check", file]
    done = subprocess.run(command, capture_output=True, check=False, env={"LC_ALL": "C.UTF-8"})

    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.count(b"a\\udce4.conf:") == 2
