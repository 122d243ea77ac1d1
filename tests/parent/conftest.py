"""What tests of the parent's parts share: a spawner whose log can be read."""

from pathlib import Path

import pytest
import trio

from hahub.parent.guard_link import GuardLink
from hahub.parent.logs import Log
from hahub.parent.spawn import Spawner
from tests.parent.logbook import LogBook


@pytest.fixture
def logbook(tmp_path: Path) -> LogBook:
    return LogBook(tmp_path / "log")


@pytest.fixture
def log(logbook: LogBook) -> Log:
    return logbook.writer.named("parent")


@pytest.fixture
def spawner(nursery: trio.Nursery, logbook: LogBook, log: Log) -> Spawner:
    return Spawner(nursery, logbook.writer, GuardLink("mark", log), mark="mark")
