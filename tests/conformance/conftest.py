"""Gives each test what was seen in its situation; all that any collected test looks at is played before."""

from typing import TypeAlias

import pytest
import trio

from tests.conformance import situations
from tests.conformance.configuration import require_root
from tests.conformance.playing import play_all
from tests.conformance.seen import Recording
from tests.conftest import require

assert situations.__doc__  # importing it fills the table of situations

NOT_YET = "is understood, not supported yet"
"""What hahub says to a keyword of keepalived that it knows and does not have."""

Recordings: TypeAlias = dict[str, Recording]


@pytest.fixture(scope="session")
def daemon(request: pytest.FixtureRequest) -> str:
    """The daemon under test: hahub or keepalived."""
    return str(request.config.getoption("dut", "hahub"))


@pytest.fixture(scope="session", name="recordings")
def play(request: pytest.FixtureRequest, daemon: str) -> Recordings:
    """Play every situation that a collected test wants to look at, with the daemon under test."""
    require("ip", *([daemon] if daemon == "keepalived" else []))
    require_root("to make network namespaces that a daemon and its tester can enter")
    wanted = {name for item in request.session.items for name in _situations_of(item)}
    return trio.run(play_all, wanted, daemon)


def _situations_of(item: pytest.Item) -> list[str]:
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("seen") if callspec is not None else None
    return [found] if isinstance(found, str) else []


@pytest.fixture
def seen(request: pytest.FixtureRequest, recordings: Recordings) -> Recording:
    """What was seen in the situation that the test names by ``@looking_at``."""
    recording = recordings[request.param]
    if NOT_YET in recording.failed:
        pytest.xfail(next(line for line in recording.failed.splitlines() if NOT_YET in line).partition(": ")[2])
    if recording.failed:
        pytest.fail(recording.failed, pytrace=False)
    return recording
