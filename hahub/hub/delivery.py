"""One channel at work: take a message, render it, make one attempt, record the result.

    lanes ──> expired? ──> journal: attempt begins ──> render ──> send, under a deadline
      ^                                                              │
      └── again, later <── journal: results <── decide <─────────────┘

A channel that hangs, fails or has a bug harms only its own messages.
"""

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf, isfinite
from pathlib import Path
from typing import Protocol

import trio

from hahub.channel import Failure, Notification, Receipt, SendError
from hahub.hub.clock import Moment
from hahub.hub.outbox import ANYONE, Lanes, Message, Row, Status
from hahub.hub.registry import Made
from hahub.policy.rendering import render
from hahub.policy.retry import TIME_TO_LIVE, Decision, decide

_REASON_MAX = 500
_REFERENCE_MAX = 200
"""Characters of what plugins say that are kept."""
_ATTEMPTS_WORTH_A_WARNING = frozenset({1, 4, 16, 64})
"""Attempts whose failure is said aloud: a receiver that is away for an hour costs four lines a message."""
_PHRASES = {
    Status.SENT: "message sent",
    Status.DEAD: "message refused",
    Status.PENDING: "message not sent yet",
}

logger = logging.getLogger(__name__)


class Saver(Protocol):
    """Where results are recorded: the recorder, or a list in a test."""

    async def save(self, rows: Sequence[Row]) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a worker gets from outside."""

    saver: Saver
    now: Callable[[], Moment]
    random: Callable[[], float]
    """A number from 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Result:
    """What came out of one attempt, for each recipient."""

    errors: dict[str, SendError | None]
    reference: str = ""


class Worker:
    """Sends the messages of one channel, one at a time."""

    def __init__(self, made: Made, lanes: Lanes, surroundings: Surroundings) -> None:
        self.made = made
        self.finished = trio.Event()
        """Set when this worker will not touch its lanes any more."""
        self._lanes = lanes
        self._around = surroundings
        self._wake = trio.Event()
        self._handled = trio.Event()
        self._busy = False
        self._ending = False

    def wake(self) -> None:
        """There may be something new to do."""
        self._wake.set()

    def end(self) -> None:
        """Finish the attempt under way, and no other one."""
        self._ending = True
        self.wake()

    async def wait_drained(self, until: float = inf) -> None:
        """Return when every result is recorded and nothing is due before ``until``, in trio's time."""
        while self._busy or not (self._lanes.next_due is None or self._lanes.next_due > until):
            self._handled = trio.Event()
            await self._handled.wait()

    async def run(self) -> None:
        """Work until ``end``, then give up the channel's connections."""
        try:
            while not self._ending:
                self._wake = trio.Event()
                message = self._lanes.first(trio.current_time())
                if message is None:
                    await self._wait()
                else:
                    self._busy = True
                    await self._handle(message)
                    self._busy = False
                    self._handled.set()
        finally:
            self.finished.set()
            with trio.CancelScope(shield=True), trio.move_on_after(1):
                await self._close()

    async def _wait(self) -> None:
        due = self._lanes.next_due
        with trio.move_on_at(inf if due is None else due):
            await self._wake.wait()

    async def _handle(self, message: Message) -> None:
        message, replaced = _with_recipients(message, self.made.channel.recipients)
        age = self._around.now().since(message.happened)
        if age > TIME_TO_LIVE or not message.recipients:
            await self._give_up(message, replaced, age)
            return
        # Read after a crash, this says: an attempt was under way, and nobody knows how it went.
        begun = replace(message, attempts=message.attempts + 1, maybe_repeat=True)
        await self._around.saver.save(
            [*replaced, *(Row(begun, recipient, Status.PENDING) for recipient in begun.recipients)]
        )
        result = await self._attempt(replace(begun, maybe_repeat=message.maybe_repeat), age)
        decision = decide(result.errors, attempt=begun.attempts, random=self._around.random)
        await self._conclude(replace(begun, maybe_repeat=message.maybe_repeat), result, decision)

    async def _give_up(self, message: Message, replaced: list[Row], age: float) -> None:
        rows = [
            Row(message, recipient, Status.EXPIRED, f"not delivered in {age:.0f} s") for recipient in message.recipients
        ]
        self._lanes.remove(message)
        for row in rows:
            _say(logging.ERROR, "message expired", row)
        await self._around.saver.save([*replaced, *rows])

    async def _attempt(self, message: Message, age: float) -> _Result:
        """Make one attempt. Whatever a plugin does, there is a result."""
        try:
            notification = _notification(message, age)
            with trio.move_on_after(self.made.timeout):
                return _result(message, await self.made.channel.send(notification))
            error = SendError(Failure.UNKNOWN, f"no answer within {self.made.timeout:g} s")
        except Exception as failed:
            error = _understood(failed, message.channel)
        return _Result(dict.fromkeys(message.recipients, error))

    async def _conclude(self, message: Message, result: _Result, decision: Decision) -> None:
        """Change what is known in memory, then say and record it."""
        again = replace(
            message,
            recipients=decision.again,
            maybe_repeat=message.maybe_repeat or decision.maybe_repeat,
            not_before=self._around.now().wall + decision.delay,
        )
        if decision.again:
            self._lanes.put_back(again, trio.current_time() + decision.delay)
        else:
            self._lanes.remove(message)
        if decision.pause:
            self._lanes.silence(trio.current_time() + decision.pause)
        rows = [Row(message, recipient, Status.SENT, "", result.reference) for recipient in decision.sent]
        rows += [Row(message, r, Status.DEAD, _reason(result.errors[r])) for r in decision.dead]
        rows += [Row(again, r, Status.PENDING, _reason(result.errors[r])) for r in decision.again]
        for row in rows:
            _say(_level(row), _PHRASES[row.status], row)
        await self._around.saver.save(rows)

    async def _close(self) -> None:
        try:
            await self.made.channel.close()
        except Exception as bug:
            _complain("channel cannot be closed", self.made.settings.name, bug)


def _with_recipients(message: Message, recipients: tuple[str, ...]) -> tuple[Message, list[Row]]:
    """The message for those who are recipients today, and what to record about the others."""
    if set(message.recipients) <= set(recipients):
        return message, []
    if ANYONE in message.recipients:
        return replace(message, recipients=recipients), [Row(message, ANYONE, Status.REPLACED)]
    gone = [recipient for recipient in message.recipients if recipient not in recipients]
    rows = [Row(message, recipient, Status.EXPIRED, "not a recipient any more") for recipient in gone]
    remaining = tuple(recipient for recipient in message.recipients if recipient in recipients)
    return replace(message, recipients=remaining), rows


def _notification(message: Message, age: float) -> Notification:
    zone = datetime.fromtimestamp(message.transition.at, UTC).astimezone().tzinfo or UTC
    title, text, markdown = render(message.transition, late=age, maybe_repeat=message.maybe_repeat, zone=zone)
    return Notification(
        id=message.key,
        transition=message.transition,
        title=title,
        text=text,
        markdown=markdown,
        recipients=message.recipients,
        attempt=message.attempts,
        maybe_repeat=message.maybe_repeat,
    )


def _result(message: Message, receipt: Receipt) -> _Result:
    """Read a plugin's answer. Raises when it is not what plugins are to answer."""
    for error in receipt.failed.values():
        _check(error)
    errors = {recipient: receipt.failed.get(recipient) for recipient in message.recipients}
    return _Result(errors, str(receipt.reference)[:_REFERENCE_MAX])


def _check(error: SendError) -> None:
    """Raises TypeError or ValueError when a plugin made an error that cannot be acted upon."""
    Failure(error.failure)
    if error.retry_after is not None and not isfinite(error.retry_after):
        raise ValueError("retry_after is not finite")


def _understood(failed: Exception, channel: str) -> SendError:
    """What a failed attempt means: what the plugin says, or, when it has a bug, nobody knows."""
    bug = failed
    if isinstance(failed, SendError):
        try:
            _check(failed)
        except (TypeError, ValueError) as error:
            bug = error
        else:
            return failed
    _complain("channel failed unexpectedly", channel, bug)
    return SendError(Failure.UNKNOWN, f"unexpected {type(bug).__name__}")


def _reason(error: SendError | None) -> str:
    return "" if error is None else f"{error.failure}: {error.reason}"[:_REASON_MAX]


def _level(row: Row) -> int:
    if row.status is Status.PENDING:
        return logging.WARNING if row.message.attempts in _ATTEMPTS_WORTH_A_WARNING else logging.DEBUG
    return logging.INFO if row.status is Status.SENT else logging.ERROR


def _say(level: int, phrase: str, row: Row) -> None:
    transition = row.message.transition
    facts = [f"channel={row.message.channel}", f"about={transition.name}:{transition.state}"]
    if row.recipient:
        facts.append(f"recipient={row.recipient}")
    facts.append(f"attempt={row.message.attempts}")
    if row.error:
        facts.append(f"error={row.error}")
    logger.log(level, "%s %s", phrase, " ".join(facts))


def _complain(phrase: str, channel: str, bug: Exception) -> None:
    """Log a plugin's bug by type and place only: its text may quote a URL with a token in it."""
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    logger.log(logging.ERROR, "%s channel=%s error=%s at=%s", phrase, channel, type(bug).__name__, place)
