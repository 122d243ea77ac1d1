"""pytest options of the suite, and a record of how its tests ended; loaded by ``python -m tests.conformance``."""

import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

_LONGEST = 160
NOT_YET = "not there yet: "
"""How the finding of a test begins whose feature is not there."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--dut", choices=["hahub", "keepalived"], default="hahub", help="the daemon under test")
    parser.addoption("--record", type=Path, help="write how each test of a requirement ended to this file")
    parser.addoption("--keep", action="store_true", help="keep what the file says of tests that are not run")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("record"):
        config.pluginmanager.register(
            _Record(config.getoption("dut"), config.getoption("record"), config.getoption("keep"))
        )


class _Record:
    """Collects results, and writes them at the end of a session that ran to its end."""

    def __init__(self, daemon: str, path: Path, keep: bool) -> None:
        self._daemon = daemon
        self._path = path
        self._results: dict[str, str] = json.loads(path.read_text())["results"] if keep else {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2]
        if not name.startswith("test_vr_") or (report.when != "call" and report.passed):
            return
        self._results[name] = "" if report.passed else _finding(report)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        content = {
            "daemon": f"{self._daemon} {_version(self._daemon)}",
            "kernel": platform.release(),
            "results": dict(sorted(self._results.items())),
        }
        self._path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _finding(report: pytest.TestReport) -> str:
    """The first line of what the test said when it failed."""
    if hasattr(report, "wasxfail"):
        return f"{NOT_YET}{report.wasxfail.removeprefix('reason: ')}"
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    lines = text.removeprefix("AssertionError: ").removeprefix("Failed: ").strip().splitlines()
    return (lines[0] if lines else "failed")[:_LONGEST]


def _version(daemon: str) -> str:
    if daemon == "hahub":
        return version("hahub")
    told = subprocess.run(["keepalived", "--version"], capture_output=True, text=True, check=True)
    return (told.stderr + told.stdout).split()[1].removeprefix("v")
