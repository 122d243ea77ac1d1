"""What every test may use: ``require`` for things that a machine may lack."""

import os
import shutil

import pytest


def require(*commands: str) -> None:
    """Skip, naming what is missing, unless all these commands exist; fail where skips are not accepted."""
    missing = [command for command in commands if shutil.which(command) is None]
    if not missing:
        return
    message = f"this test needs {', '.join(missing)}, which this machine lacks"
    if os.environ.get("HAHUB_SKIPS_FAIL"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(name="require")
def require_fixture():
    return require


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the quick tests first: a mistake shows early."""
    items.sort(key=lambda item: (bool(item.get_closest_marker("slow")), bool(item.get_closest_marker("namespaces"))))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Where skips are not accepted, no skip of any kind passes."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("HAHUB_SKIPS_FAIL"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is not accepted here: {report.longrepr}"
