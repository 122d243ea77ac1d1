import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hahub.hub.journal import VERSION, Batch, Journal, Written
from hahub.hub.outbox import Entry, Row, Status
from hahub.messages import Gap
from hahub.model import Kind
from tests.hub.support import message, moment, transition


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path):
    journal = Journal.open(path)
    yield journal
    journal.close()


def entry(seq: int, *messages) -> Entry:
    return Entry(transition(seq), moment(), messages)


def _all(path: Path, query: str) -> list[tuple]:
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return reader.execute(query).fetchall()
    finally:
        reader.close()


def test_what_is_written_comes_back_equal(journal: Journal) -> None:
    odd = transition(2, name="VI_2", addresses=(), boot="other", kind=Kind.GROUP)
    batch = Batch((entry(1, message(1, recipients=("a@x", "b@x"))), Entry(odd, moment(3))))

    written = journal.write(batch)

    assert written == Written(frozenset(), {"b00t": 1, "other": 0})
    assert list(journal.transitions()) == [transition(1), odd]
    assert journal.waiting() == [message(1, recipients=("a@x", "b@x"))]


def test_writing_the_same_again_changes_nothing_and_says_so(journal: Journal) -> None:
    journal.write(Batch((entry(1, message(1)),)))
    journal.write(Batch(rows=(Row(replace(message(1), attempts=1), "", Status.SENT),)))

    written = journal.write(Batch((entry(1, message(1)), entry(2, message(2)))))

    assert written == Written(frozenset({"b00t-1"}), {"b00t": 2})
    assert list(journal.transitions()) == [transition(1), transition(2)]
    assert journal.waiting() == [message(2)]


def test_a_transition_and_its_messages_are_one_commit(path: Path, journal: Journal) -> None:
    unwritable = replace(message(2), attempts=2**70)

    with pytest.raises(OverflowError):
        journal.write(Batch((entry(1, message(1)), entry(2, message(2, channel="mail"), unwritable))))

    assert list(journal.transitions()) == []
    assert _all(path, "SELECT * FROM outbox") == []
    journal.write(Batch((entry(1),)))
    assert list(journal.transitions()) == [transition(1)]


def test_what_became_of_a_message_is_kept_for_each_recipient(path: Path, journal: Journal) -> None:
    mail = message(1, recipients=("a@x", "b@x", "c@x"))
    journal.write(Batch((entry(1, mail),)))
    tried = replace(mail, attempts=1, maybe_repeat=True, not_before=42.0)

    journal.write(
        Batch(
            rows=(
                Row(tried, "a@x", Status.SENT, "", "<id@mail>"),
                Row(tried, "b@x", Status.DEAD, "refused: 550"),
                Row(tried, "c@x", Status.PENDING, "unreachable: 451"),
            ),
            at=7.0,
        )
    )

    assert _all(path, "SELECT recipient, state, attempts, last_error, reference, updated FROM outbox") == [
        ("a@x", "sent", 1, "", "<id@mail>", 7.0),
        ("b@x", "dead", 1, "refused: 550", "", 7.0),
        ("c@x", "pending", 1, "unreachable: 451", "", 7.0),
    ]
    assert journal.waiting() == [replace(tried, recipients=("c@x",))]


def test_messages_wait_in_the_order_of_their_transitions(journal: Journal) -> None:
    journal.write(Batch((entry(1, message(1)), entry(2, message(2), message(2, channel="mail")))))
    journal.write(Batch((entry(3, message(3)),)))
    journal.write(Batch(rows=(Row(message(1), "", Status.PENDING, "unreachable"),)))

    assert journal.waiting() == [message(1), message(2), message(2, channel="mail"), message(3)]


def test_recipients_that_become_known_later_get_rows_of_their_own(journal: Journal) -> None:
    journal.write(Batch((entry(1, message(1)),)))
    known = message(1, recipients=("a@x", "b@x"))

    journal.write(
        Batch(
            rows=(
                Row(message(1), "", Status.REPLACED),
                Row(known, "a@x", Status.PENDING),
                Row(known, "b@x", Status.PENDING),
            )
        )
    )

    assert journal.waiting() == [known]


@pytest.mark.parametrize(
    ("present", "gaps", "mark"),
    [
        pytest.param([], [], 0, id="nothing"),
        pytest.param([1, 2, 3], [], 3, id="all"),
        pytest.param([1, 2, 4, 5], [], 2, id="one is missing"),
        pytest.param([4, 5, 1, 2, 3], [], 5, id="in any order"),
        pytest.param([1, 4], [(2, 3)], 4, id="a gap is an answer"),
        pytest.param([5], [(1, 3)], 3, id="a gap that is too short"),
        pytest.param([2, 6], [(1, 1), (3, 4), (4, 5)], 6, id="gaps that overlap"),
        pytest.param([], [(1, 7)], 7, id="nothing but a gap"),
    ],
)
def test_the_mark_stands_before_the_first_hole(path: Path, present, gaps, mark) -> None:
    journal = Journal.open(path)
    for seq in present:
        journal.write(Batch((entry(seq),)))
    journal.write(Batch(gaps=tuple(Gap("b00t", first, last, "lost") for first, last in gaps)))
    written = journal.write(Batch((entry(100),)))
    journal.close()

    reopened = Journal.open(path)

    assert written.recorded == {"b00t": mark}
    assert reopened.recorded_up_to("b00t") == mark
    assert reopened.recorded_up_to("another") == 0
    reopened.close()


def test_a_gap_is_recorded_once(path: Path, journal: Journal) -> None:
    gap = Gap("b00t", 3, 9, "the hub was away")

    journal.write(Batch(gaps=(gap,), at=5.0))
    journal.write(Batch(gaps=(gap,), at=6.0))

    assert _all(path, "SELECT boot, first, last, detail, received FROM gap") == [
        ("b00t", 3, 9, "the hub was away", 5.0)
    ]


def test_the_file_is_in_wal_mode_and_every_commit_reaches_the_disk(path: Path, journal: Journal) -> None:
    journal.write(Batch((entry(1),)))

    assert _all(path, "PRAGMA journal_mode") == [("wal",)]
    assert path.with_name("journal.db-wal").stat().st_size > 0
    assert journal._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert _all(path, "PRAGMA user_version") == [(VERSION,)]


def test_a_journal_of_a_later_version_is_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(sqlite3.DatabaseError, match="journal has version 99, this hahub writes version 1"):
        Journal.open(path)


def test_a_file_that_is_no_database_is_an_error_and_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database " * 1000)

    with pytest.raises(sqlite3.DatabaseError):
        Journal.open(path)

    assert path.read_bytes() == b"not a database " * 1000


_WRITER = """
import sys
from pathlib import Path
from hahub.hub.journal import Batch, Journal
from hahub.hub.outbox import Entry
from tests.hub.support import message, moment, transition

journal = Journal.open(Path(sys.argv[1]))
for seq in range(1, 100_000):
    journal.write(Batch((Entry(transition(seq), moment(), (message(seq), message(seq, channel="mail"))),)))
    print(seq, flush=True)
"""


def test_what_was_committed_survives_sigkill_complete(path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, path], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert writer.stdout is not None
    committed = [int(writer.stdout.readline()) for _ in range(50)]
    os.kill(writer.pid, signal.SIGKILL)
    committed += [int(line) for line in writer.stdout]
    writer.wait()
    writer.stdout.close()

    journal = Journal.open(path)

    found = [told.seq for told in journal.transitions()]
    assert found[: len(committed)] == committed
    assert len(found) - len(committed) in (0, 1)
    assert [(m.channel, m.transition.seq) for m in journal.waiting()] == [
        (channel, seq) for seq in found for channel in ("chat", "mail")
    ]
    assert journal.recorded_up_to("b00t") == len(found)
    journal.close()
