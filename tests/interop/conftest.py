"""Two routers on one wire, and a table of how long nobody or two were master."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import pytest

from tests.conftest import require
from tests.lab import DAEMONS, Daemon, Host, Lab, Mastership
from tests.lab.network import lab_or_skip

Measured: TypeAlias = Callable[[str, float], Mastership]

_PROPERTY = "mastership"
"""Name of the property in which a test tells what it measured: it reaches the table from any process."""


@dataclass(frozen=True)
class Duel:
    """Host a, with the higher priority, and host b."""

    lab: Lab
    a: Host
    b: Host
    daemon_a: Daemon
    daemon_b: Daemon

    def start(self, *, adverts: int = 4) -> None:
        """Start a, which becomes master, then b, which stays backup."""
        self.daemon_a.start()
        self.a.fifo.wait_for_state("MASTER")
        self.daemon_b.start()
        self.b.fifo.wait_for_state("BACKUP")
        self.lab.settle(self.a, adverts=adverts)


MakeDuel: TypeAlias = Callable[[str, str], Duel]


@pytest.fixture(name="lab")
def open_lab() -> Iterator[Lab]:
    with lab_or_skip() as lab:
        yield lab
        print(lab.story())


@pytest.fixture(name="duel")
def make_duel(lab: Lab, pair: tuple[str, str]) -> MakeDuel:
    """Return a function of both configurations; the test says by ``pair`` who plays a and who plays b."""
    if "keepalived" in pair:
        require("keepalived")

    def make(config_a: str, config_b: str) -> Duel:
        a, b = lab["a"], lab["b"]
        return Duel(lab, a, b, DAEMONS[pair[0]](a, config_a), DAEMONS[pair[1]](b, config_b))

    return make


@pytest.fixture(name="measured")
def measure_and_report(
    lab: Lab,
    pair: tuple[str, str],
    record_property: Callable[[str, object], None],
) -> Measured:
    """Return a function that measures since a moment and puts the result into the table at the end."""

    def measured(what: str, since: float) -> Mastership:
        result = lab.measure(since=since)
        record_property(_PROPERTY, (what, " / ".join(pair), result.without_master, result.two_masters))
        return result

    return measured


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how long nobody and how long two were master, as seen on the wire."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = sorted(tuple(row) for report in reports for name, row in report.user_properties if name == _PROPERTY)
    if not rows:
        return
    terminalreporter.section("time without and with two masters, in milliseconds")
    terminalreporter.write_line(f"{'what happened':44}{'a / b':26}{'none':>8}{'two':>8}")
    for what, pair, without_master, two_masters in rows:
        terminalreporter.write_line(f"{what:44}{pair:26}{without_master * 1000:8.0f}{two_masters * 1000:8.0f}")
