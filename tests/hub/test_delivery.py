"""One worker with a scripted channel, on a clock that jumps: no disk, no network, no threads."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
import trio

from hahub.channel import Channel, Failure, Notification, Receipt, SendError
from hahub.hub.delivery import Surroundings, Worker
from hahub.hub.outbox import Lanes, Message, Row, Status
from hahub.hub.registry import Made
from hahub.policy.retry import TIME_TO_LIVE
from hahub.settings import ChannelSettings
from tests.hub.support import message, moment

TIMEOUT = 20.0
Step = Callable[[Notification], Receipt] | Receipt | Exception | None
"""What the channel does with an attempt: answer, raise, or, with None, hang."""


class Scripted(Channel):
    """Does what it is told, one step per attempt, and succeeds after the last one."""

    def __init__(self, *steps: Step, recipients: tuple[str, ...] = ("",)) -> None:
        self.steps = list(steps)
        self.recipients = recipients
        self.sent: list[tuple[float, Notification]] = []
        self.closed = 0

    async def send(self, notification: Notification) -> Receipt:
        self.sent.append((trio.current_time(), notification))
        step = self.steps.pop(0) if self.steps else Receipt()
        if step is None:
            await trio.sleep_forever()
        if isinstance(step, Exception):
            raise step
        return step(notification) if callable(step) else step

    async def close(self) -> None:
        self.closed += 1


@dataclass
class Book:
    """Keeps what is recorded."""

    rows: list[Row] = field(default_factory=list)

    async def save(self, rows: Sequence[Row]) -> None:
        await trio.lowlevel.checkpoint()
        self.rows += rows

    def ends(self) -> dict[tuple[int, str], str]:
        """The last word about each (transition, recipient)."""
        return {(row.message.transition.seq, row.recipient): row.status.value for row in self.rows}


class Bench:
    """A worker with its channel, lanes and book."""

    def __init__(self, channel: Channel) -> None:
        self.start = trio.current_time()
        self.channel = channel
        self.lanes = Lanes()
        self.book = Book()
        around = Surroundings(self.book, lambda: moment(trio.current_time() - self.start), lambda: 1.0)
        self.worker = Worker(Made(ChannelSettings("chat", "scripted"), channel, TIMEOUT), self.lanes, around)

    async def deliver(self, *messages: Message) -> None:
        """Run until everything is settled."""
        for told in messages:
            self.lanes.add(told, trio.current_time())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.worker.run)
            await self.worker.wait_drained()
            self.worker.end()

    def attempts(self) -> list[tuple[float, int, int, bool]]:
        """(seconds since the start, transition, attempt, marked as a possible repeat) of each attempt."""
        return [(round(at - self.start, 3), n.transition.seq, n.attempt, n.maybe_repeat) for at, n in self.channel.sent]


def failure(kind: Failure, retry_after: float | None = None) -> SendError:
    return SendError(kind, "as scripted", retry_after=retry_after)


async def test_a_message_is_sent_once_and_recorded_as_sent(autojump_clock) -> None:
    bench = Bench(Scripted(Receipt(reference="msg-7")))

    await bench.deliver(message(1))

    begun = replace(message(1), attempts=1, maybe_repeat=True)
    assert bench.book.rows == [
        Row(begun, "", Status.PENDING),
        Row(replace(begun, maybe_repeat=False), "", Status.SENT, "", "msg-7"),
    ]
    assert bench.attempts() == [(0.0, 1, 1, False)]
    assert bench.channel.closed == 1


async def test_a_notification_carries_all_that_a_channel_needs(autojump_clock) -> None:
    bench = Bench(Scripted(recipients=("a@x", "b@x")))

    await bench.deliver(message(1, recipients=("a@x", "b@x")))

    (_, notification), *_ = bench.channel.sent
    assert notification.id == message(1).key
    assert notification.transition == message(1).transition
    assert notification.title == "[server] VRRP Instance VI_1 - Entering MASTER state"
    assert notification.text.startswith("Instance VI_1 on server is now MASTER")
    assert notification.recipients == ("a@x", "b@x")


async def test_an_unreachable_channel_is_tried_later_and_later_with_the_same_key(autojump_clock) -> None:
    bench = Bench(Scripted(*[failure(Failure.UNREACHABLE)] * 8))

    await bench.deliver(message(1))

    assert bench.attempts() == [
        (at, 1, number, False)
        for number, at in enumerate([0, 1, 3, 7, 15, 31, 63, 123, 183], start=1)
    ]  # fmt: skip
    assert {n.id for _, n in bench.channel.sent} == {message(1).key}
    assert bench.book.ends() == {(1, ""): "sent"}


async def test_an_attempt_without_an_answer_ends_and_the_next_one_is_marked(autojump_clock) -> None:
    bench = Bench(Scripted(None, failure(Failure.UNREACHABLE)))

    await bench.deliver(message(1))

    assert bench.attempts() == [(0.0, 1, 1, False), (21.0, 1, 2, True), (23.0, 1, 3, True)]
    assert "Possibly told before." in bench.channel.sent[1][1].text
    assert bench.book.rows[1].error == "unknown: no answer within 20 s"


async def test_a_refused_message_is_dead_and_the_next_one_is_tried(
    autojump_clock, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(Scripted(failure(Failure.REFUSED)))

    await bench.deliver(message(1), message(2))

    assert bench.book.ends() == {(1, ""): "dead", (2, ""): "sent"}
    assert bench.attempts() == [(0.0, 1, 1, False), (0.0, 2, 1, False)]
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR] == [
        "message refused channel=chat about=VI_1:MASTER attempt=1 error=refused: as scripted"
    ]


async def test_a_throttled_channel_is_silent_as_long_as_it_was_asked_to(autojump_clock) -> None:
    bench = Bench(Scripted(failure(Failure.THROTTLED, 600.0), Receipt(), failure(Failure.THROTTLED)))

    await bench.deliver(message(1), message(2, name="VI_2"))

    assert bench.attempts() == [
        (0.0, 1, 1, False),
        (600.0, 2, 1, False),
        (600.0, 1, 2, False),
        (660.0, 1, 3, False),
    ]


async def test_each_recipient_has_a_result_and_only_those_without_are_tried_again(autojump_clock) -> None:
    everyone = ("ok@x", "bad@x", "grey@x")
    first = Receipt("<1>", {"bad@x": failure(Failure.REFUSED), "grey@x": failure(Failure.UNREACHABLE)})
    bench = Bench(Scripted(first, recipients=everyone))

    await bench.deliver(message(1, recipients=everyone))

    assert bench.book.ends() == {(1, "ok@x"): "sent", (1, "bad@x"): "dead", (1, "grey@x"): "sent"}
    assert [n.recipients for _, n in bench.channel.sent] == [everyone, ("grey@x",)]


async def test_one_failing_message_holds_up_its_instance_and_no_other(autojump_clock) -> None:
    def only_vi_1_fails(notification: Notification) -> Receipt:
        if notification.transition.name == "VI_1":
            raise failure(Failure.UNREACHABLE)
        return Receipt()

    bench = Bench(Scripted(*[only_vi_1_fails] * 8))

    await bench.deliver(*(message(seq, name=f"VI_{2 - seq % 2}") for seq in range(1, 7)))

    order = [n.transition.seq for _, n in bench.channel.sent]
    assert order == [1, 2, 4, 6, 1, 1, 1, 1, 1, 3, 5]
    assert set(bench.book.ends().values()) == {"sent"}


async def test_what_is_still_not_told_after_two_hours_expires(autojump_clock, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(Scripted(*[failure(Failure.UNREACHABLE)] * 1000))

    await bench.deliver(message(1))

    assert bench.book.ends() == {(1, ""): "expired"}
    assert TIME_TO_LIVE < trio.current_time() - bench.start < TIME_TO_LIVE + 61
    assert "message expired channel=chat about=VI_1:MASTER" in caplog.records[-1].getMessage()


async def test_a_late_message_says_how_late(autojump_clock) -> None:
    bench = Bench(Scripted(failure(Failure.THROTTLED, 840.0)))

    await bench.deliver(message(1))

    assert ["late" in n.text for _, n in bench.channel.sent] == [False, True]
    assert bench.channel.sent[1][1].text.endswith("\nTold 14 min late.\n")


@pytest.mark.parametrize(
    "bug",
    [
        pytest.param(ZeroDivisionError("https://host/?token=hunter2"), id="an exception"),
        pytest.param(ExceptionGroup("https://host/?token=hunter2", [ValueError("hunter2")]), id="an exception group"),
        pytest.param(lambda _: None, id="an answer that is no receipt"),
        pytest.param(lambda _: Receipt(failed={"": "hunter2"}), id="a failure that is no SendError"),
        pytest.param(lambda _: Receipt(failed={"": failure("hunter2")}), id="a failure of no known kind"),
        pytest.param(SendError(Failure.THROTTLED, "x", retry_after=float("nan")), id="a wait without end"),
        pytest.param(SendError(Failure.THROTTLED, "x", retry_after="hunter2"), id="a wait that is no number"),
        pytest.param(trio.TooSlowError(), id="a deadline of its own"),
    ],
)
async def test_a_bug_in_a_channel_is_an_unknown_result_and_its_text_is_not_shown(
    autojump_clock, caplog: pytest.LogCaptureFixture, bug
) -> None:
    bench = Bench(Scripted(bug))

    await bench.deliver(message(1), message(2))

    assert bench.book.ends() == {(1, ""): "sent", (2, ""): "sent"}
    assert bench.attempts() == [(0.0, 1, 1, False), (1.0, 1, 2, True), (1.0, 2, 1, False)]
    assert any(r.getMessage().startswith("channel failed unexpectedly channel=chat") for r in caplog.records)
    assert "hunter2" not in caplog.text
    assert "hunter2" not in str(bench.book.rows)


async def test_an_attempt_cut_off_leaves_a_record_that_it_may_have_arrived(autojump_clock) -> None:
    bench = Bench(Scripted(None))

    with trio.move_on_after(5):
        await bench.deliver(message(1))

    assert bench.book.rows == [Row(replace(message(1), attempts=1, maybe_repeat=True), "", Status.PENDING)]
    assert bench.channel.closed == 1


async def test_recipients_that_were_not_known_get_the_message_once_they_are(autojump_clock) -> None:
    bench = Bench(Scripted(recipients=("a@x", "b@x")))

    await bench.deliver(message(1))

    assert bench.book.ends() == {(1, ""): "replaced", (1, "a@x"): "sent", (1, "b@x"): "sent"}


async def test_who_is_no_recipient_any_more_is_not_told(autojump_clock) -> None:
    bench = Bench(Scripted(recipients=("b@x",)))

    await bench.deliver(message(1, recipients=("a@x", "b@x")), message(2, recipients=("a@x",)))

    assert bench.book.ends() == {(1, "a@x"): "expired", (1, "b@x"): "sent", (2, "a@x"): "expired"}
    assert [n.recipients for _, n in bench.channel.sent] == [("b@x",)]


async def test_an_ended_worker_finishes_its_attempt_and_begins_no_other(autojump_clock) -> None:
    bench = Bench(Scripted(None))
    bench.lanes.add(message(1), trio.current_time())
    bench.lanes.add(message(2, name="VI_2"), trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.worker.run)
        await trio.sleep(5)
        bench.worker.end()
        assert not bench.worker.finished.is_set()

    assert bench.attempts() == [(0.0, 1, 1, False)]
    assert bench.worker.finished.is_set()
    assert bench.book.rows[-1].error == "unknown: no answer within 20 s"
