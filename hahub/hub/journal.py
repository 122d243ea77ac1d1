"""The journal: every transition, and what became of every message, in one SQLite file.

    transition  1 ── n  outbox      one row per message and recipient
    gap                             transitions that are lost for good, said instead of hidden
    boot                            up to which sequence number each life of a core is recorded

Synchronous; owned by one thread at a time (``hahub.hub.recorder``). Times are floats in seconds. Readers
open the file read-only at any time: it is in WAL mode.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hahub.hub.clock import Moment
from hahub.hub.outbox import Entry, Message, Row, Status
from hahub.messages import Gap
from hahub.model import Cause, Kind, Reason, State, Transition

VERSION = 1
_BUSY_TIMEOUT_MS = 2000
_SCHEMA = """
CREATE TABLE transition (
  seq INTEGER PRIMARY KEY,
  boot TEXT NOT NULL, boot_seq INTEGER NOT NULL,
  kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, previous TEXT NOT NULL,
  priority INTEGER NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL, node TEXT NOT NULL,
  at REAL NOT NULL, monotonic REAL NOT NULL,
  interface TEXT NOT NULL, virtual_router_id INTEGER NOT NULL, addresses TEXT NOT NULL,
  received REAL NOT NULL, received_monotonic REAL NOT NULL, host_boot TEXT NOT NULL,
  UNIQUE (boot, boot_seq)
) STRICT;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  transition_seq INTEGER NOT NULL REFERENCES transition (seq),
  channel TEXT NOT NULL, recipient TEXT NOT NULL, key TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, not_before REAL NOT NULL, maybe_repeat INTEGER NOT NULL,
  last_error TEXT NOT NULL, reference TEXT NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL,
  UNIQUE (key, recipient)
) STRICT;
CREATE INDEX outbox_pending ON outbox (transition_seq) WHERE state = 'pending';
CREATE TABLE gap (
  id INTEGER PRIMARY KEY,
  boot TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  detail TEXT NOT NULL, received REAL NOT NULL,
  UNIQUE (boot, first, last)
) STRICT;
CREATE TABLE boot (boot TEXT PRIMARY KEY, recorded_up_to INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written in one commit."""

    entries: tuple[Entry, ...] = ()
    gaps: tuple[Gap, ...] = ()
    rows: tuple[Row, ...] = ()
    at: float = 0.0
    """UTC, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a commit found and changed."""

    known: frozenset[str]
    """Keys of the transitions that were in the journal before."""
    recorded: dict[str, int]
    """Of each boot in the batch: the number up to which nothing is missing."""


class Journal:
    """An open journal. Every method raises sqlite3.Error when the file or the disk does not play along."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> "Journal":
        """Open the journal, making it when there is none."""
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def write(self, batch: Batch) -> Written:
        """Write everything in one commit, or nothing. Writing the same again changes nothing."""
        with _commit(self._connection) as connection:
            known = {e.transition.key for e in batch.entries if not _insert_entry(connection, e)}
            for gap in batch.gaps:
                connection.execute(
                    "INSERT OR IGNORE INTO gap (boot, first, last, detail, received) VALUES (?, ?, ?, ?, ?)",
                    (gap.boot, gap.first, gap.last, gap.detail, batch.at),
                )
            for row in batch.rows:
                _upsert_row(connection, row, batch.at)
            boots = {e.transition.boot for e in batch.entries} | {gap.boot for gap in batch.gaps}
            recorded = {boot: _advance(connection, boot) for boot in sorted(boots)}
        return Written(frozenset(known), recorded)

    def recorded_up_to(self, boot: str) -> int:
        """The sequence number of ``boot`` up to which nothing is missing; 0 for an unknown boot."""
        row = self._connection.execute("SELECT recorded_up_to FROM boot WHERE boot = ?", (boot,)).fetchone()
        return int(row[0]) if row else 0

    def waiting(self) -> list[Message]:
        """The messages that somebody has not got, in the order of their transitions."""
        cursor = self._connection.execute(
            "SELECT o.key, o.channel, o.recipient, o.attempts, o.maybe_repeat, o.not_before, t.*"
            " FROM outbox o JOIN transition t ON t.seq = o.transition_seq"
            " WHERE o.state = 'pending' ORDER BY o.transition_seq, o.id"
        )
        messages: dict[str, Message] = {}
        for row in cursor:
            earlier = messages.get(row["key"])
            messages[row["key"]] = Message(
                key=row["key"],
                channel=row["channel"],
                transition=_transition(row),
                received=Moment(row["received"], row["received_monotonic"], row["host_boot"]),
                recipients=(*(earlier.recipients if earlier else ()), row["recipient"]),
                attempts=max(row["attempts"], earlier.attempts if earlier else 0),
                maybe_repeat=bool(row["maybe_repeat"]) or bool(earlier and earlier.maybe_repeat),
                not_before=row["not_before"],
            )
        return list(messages.values())

    def transitions(self) -> Iterator[Transition]:
        """Everything recorded, in the order of recording."""
        return map(_transition, self._connection.execute("SELECT * FROM transition ORDER BY seq"))

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _commit(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _migrate(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == VERSION:
        return
    if version != 0:
        raise sqlite3.DatabaseError(f"journal has version {version}, this hahub writes version {VERSION}")
    with _commit(connection):
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _insert_entry(connection: sqlite3.Connection, entry: Entry) -> bool:
    """False when the transition is in the journal already."""
    transition, received = entry.transition, entry.received
    cursor = connection.execute(
        "INSERT INTO transition (boot, boot_seq, kind, name, state, previous, priority, cause, detail, node,"
        " at, monotonic, interface, virtual_router_id, addresses, received, received_monotonic, host_boot)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (boot, boot_seq) DO NOTHING",
        (*_columns(transition), received.wall, received.monotonic, received.host_boot),
    )
    if cursor.rowcount == 0:
        return False
    for message in entry.messages:
        for recipient in message.recipients:
            _upsert_row(connection, Row(message, recipient, Status.PENDING), received.wall)
    return True


def _columns(transition: Transition) -> tuple[str | int | float, ...]:
    return (
        transition.boot,
        transition.seq,
        transition.kind,
        transition.name,
        transition.state,
        transition.previous,
        transition.priority,
        transition.reason.cause,
        transition.reason.detail,
        transition.node,
        transition.at,
        transition.monotonic,
        transition.interface,
        transition.virtual_router_id,
        json.dumps(transition.addresses),
    )


def _transition(row: sqlite3.Row) -> Transition:
    return Transition(
        kind=Kind(row["kind"]),
        name=row["name"],
        state=State(row["state"]),
        previous=State(row["previous"]),
        priority=row["priority"],
        reason=Reason(Cause(row["cause"]), row["detail"]),
        node=row["node"],
        boot=row["boot"],
        seq=row["boot_seq"],
        at=row["at"],
        monotonic=row["monotonic"],
        interface=row["interface"],
        virtual_router_id=row["virtual_router_id"],
        addresses=tuple(json.loads(row["addresses"])),
    )


def _upsert_row(connection: sqlite3.Connection, row: Row, at: float) -> None:
    message, transition = row.message, row.message.transition
    connection.execute(
        "INSERT INTO outbox (transition_seq, channel, recipient, key, state, attempts, not_before,"
        " maybe_repeat, last_error, reference, created, updated)"
        " SELECT seq, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM transition WHERE boot = ? AND boot_seq = ?"
        " ON CONFLICT (key, recipient) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,"
        " not_before = excluded.not_before, maybe_repeat = excluded.maybe_repeat,"
        " last_error = excluded.last_error, reference = excluded.reference, updated = excluded.updated",
        (
            message.channel,
            row.recipient,
            message.key,
            row.status,
            message.attempts,
            message.not_before,
            message.maybe_repeat,
            row.error,
            row.reference,
            at,
            at,
            transition.boot,
            transition.seq,
        ),
    )


def _advance(connection: sqlite3.Connection, boot: str) -> int:
    """Move the mark of a boot over everything that is there without a hole."""
    found = connection.execute("SELECT recorded_up_to FROM boot WHERE boot = ?", (boot,)).fetchone()
    mark = before = int(found[0]) if found else 0
    while (after := _next_mark(connection, boot, mark)) is not None:
        mark = after
    if mark != before:
        connection.execute(
            "INSERT INTO boot (boot, recorded_up_to) VALUES (?, ?)"
            " ON CONFLICT (boot) DO UPDATE SET recorded_up_to = excluded.recorded_up_to",
            (boot, mark),
        )
    return mark


def _next_mark(connection: sqlite3.Connection, boot: str, mark: int) -> int | None:
    if connection.execute("SELECT 1 FROM transition WHERE boot = ? AND boot_seq = ?", (boot, mark + 1)).fetchone():
        return mark + 1
    last = connection.execute(
        "SELECT max(last) FROM gap WHERE boot = ? AND first <= ? AND last > ?", (boot, mark + 1, mark)
    ).fetchone()[0]
    return None if last is None else int(last)
