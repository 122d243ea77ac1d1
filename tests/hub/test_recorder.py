import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio
import trio.testing

from hahub.hub.journal import Journal
from hahub.hub.outbox import Entry, Row, Status
from hahub.hub.recorder import Recorder
from hahub.messages import Gap
from tests.hub.support import message, moment, transition


def entry(seq: int) -> Entry:
    return Entry(transition(seq), moment(), (message(seq),))


def on_disk(path: Path) -> list[int]:
    journal = Journal.open(path)
    try:
        return [told.seq for told in journal.transitions()]
    finally:
        journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


@pytest.fixture
def broken(path: Path) -> Iterator[Path]:
    """The path of a file that is no database, and stays what it is."""
    path.parent.mkdir()
    path.write_bytes(b"not a database " * 1000)
    yield path
    assert path.read_bytes() == b"not a database " * 1000


@pytest.fixture
async def recorder(path: Path) -> AsyncIterator[Recorder]:
    recorder = Recorder(path, moment, retry_interval=0)
    yield recorder
    await recorder.close()


async def test_what_is_appended_is_recorded_and_news_once(recorder: Recorder, path: Path) -> None:
    assert await recorder.open() == []

    assert await recorder.append([entry(1), entry(2)]) == [entry(1), entry(2)]
    assert await recorder.append([entry(2), entry(3)]) == [entry(3)]

    assert recorder.recorded == {"b00t": 3}
    assert on_disk(path) == [1, 2, 3]


async def test_what_waited_at_the_end_is_there_at_the_next_start(recorder: Recorder, path: Path) -> None:
    await recorder.open()
    await recorder.append([entry(1), entry(2)])
    await recorder.save([Row(replace(message(1), attempts=1), "", Status.SENT)])
    await recorder.close()

    again = Recorder(path, moment)

    assert await again.open() == [message(2)]
    assert await again.recorded_up_to("b00t") == 2
    await again.close()


async def test_many_at_once_lose_nothing_and_confuse_nothing(recorder: Recorder, path: Path) -> None:
    await recorder.open()
    news: list[int] = []

    async def send(seqs: range) -> None:
        for seq in seqs:
            news.extend(e.transition.seq for e in await recorder.append([entry(seq)]))

    async with trio.open_nursery() as nursery:
        for first in (1, 1, 11, 21):
            nursery.start_soon(send, range(first, first + 15))

    assert sorted(news) == list(range(1, 36))
    assert sorted(on_disk(path)) == list(range(1, 36))


async def test_a_waiting_task_learns_of_each_commit(recorder: Recorder) -> None:
    await recorder.open()
    marks = []

    async def watch() -> None:
        await recorder.wait_progress()
        marks.append(dict(recorder.recorded))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(recorder.append, [], [Gap("b00t", 1, 4, "lost")])

    assert marks == [{"b00t": 4}]


async def test_without_a_usable_directory_everything_waits_in_memory_until_there_is_one(
    recorder: Recorder, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.write_text("in the way")

    assert await recorder.open() == []
    assert await recorder.append([entry(1)]) == [entry(1)]
    assert await recorder.append([entry(1), entry(2)]) == [entry(2)]
    assert await recorder.recorded_up_to("b00t") is None
    assert (recorder.backlog, recorder.recorded) == (2, {})
    assert recorder.trouble.startswith("FileExistsError")

    path.parent.unlink()
    assert await recorder.open() == []
    await recorder.flush()

    assert (recorder.backlog, recorder.recorded, recorder.trouble) == (0, {"b00t": 2}, "")
    assert on_disk(path) == [1, 2]
    assert [(r.levelno, r.getMessage().split(":")[0]) for r in caplog.records if r.name.startswith("hahub")] == [
        (logging.ERROR, "journal cannot be written, delivering from memory"),
        (logging.WARNING, f"journal is written again path={path}"),
    ]


async def test_on_a_full_disk_nothing_is_recorded_by_halves_and_nothing_is_lost(recorder: Recorder, path: Path) -> None:
    await recorder.open()
    await recorder.append([entry(1)])
    assert recorder._journal is not None
    connection = recorder._journal._connection
    connection.execute("PRAGMA max_page_count = 1")  # SQLite then fails exactly as on a full disk
    big = [replace(entry(seq), transition=replace(transition(seq), name="x" * 5000)) for seq in range(2, 5)]

    assert await recorder.append(big) == big
    await recorder.save([Row(replace(message(1), attempts=1), "", Status.SENT)])
    assert "full" in recorder.trouble
    assert recorder.recorded == {"b00t": 1}

    connection.execute("PRAGMA max_page_count = 100000")
    await recorder.flush()

    assert recorder.recorded == {"b00t": 4}
    assert on_disk(path) == [1, 2, 3, 4]
    await recorder.close()
    assert [m.transition.seq for m in await Recorder(path, moment).open()] == [2, 3, 4]


async def test_a_journal_locked_by_somebody_else_is_written_when_it_is_free(recorder: Recorder, path: Path) -> None:
    await recorder.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    assert await recorder.append([entry(1)]) == [entry(1)]
    assert recorder.trouble == "OperationalError: database is locked"
    assert recorder.recorded == {}

    other.execute("ROLLBACK")
    other.close()
    await recorder.flush()

    assert recorder.recorded == {"b00t": 1}
    assert on_disk(path) == [1]


async def test_a_broken_file_is_not_touched_and_does_not_stop_anything(broken: Path) -> None:
    recorder = Recorder(broken, moment, retry_interval=0)

    assert await recorder.open() == []
    assert await recorder.append([entry(1)]) == [entry(1)]
    await recorder.save([Row(message(1), "", Status.SENT)])
    await recorder.close()

    assert recorder.recorded == {}


async def test_the_same_trouble_is_not_logged_again_and_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.write_text("in the way")
    recorder = Recorder(path, moment, retry_interval=0)

    for _ in range(20):
        await recorder.open()

    assert len(caplog.records) == 1
