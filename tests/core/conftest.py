"""Two hosts on one wire, and cores that end with the test."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.lab import Lab
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until


@pytest.fixture
def lab() -> Iterator[Lab]:
    with lab_or_skip() as laboratory:
        for host in laboratory.hosts.values():
            wait_until(lambda host=host: "state UP" in host.ip("link", "show", "eth0"), "carrier")
        yield laboratory


@pytest.fixture
def cores() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack
