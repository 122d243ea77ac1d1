"""Telling: numbers, FIFO lines, and what is kept until the hub has it."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
import trio

from hahub.core import reporter as module
from hahub.core.log import CoreLog
from hahub.core.outlet import Outlet
from hahub.core.reporter import Reporter
from hahub.link import Link, pair
from hahub.messages import Ack, Gap, Log
from hahub.model import Cause, Kind, Reason, State, Transition
from hahub.settings import InstanceSettings, VirtualAddress
from hahub.vrrp.actions import Report
from hahub_fifo import FifoWriter

SETTINGS = InstanceSettings("VI_1", "eth0", 51, virtual_addresses=(VirtualAddress("10.9.0.100", 24, "eth0"),))
REPORT = Report(State.MASTER, State.BACKUP, 100, Reason(Cause.MASTER_DOWN_TIMER))


def a_reporter(outlet: Outlet) -> Reporter:
    return Reporter("boot", outlet, CoreLog(outlet))


def links() -> tuple[Link, Link]:
    ours, theirs = pair()
    return Link(ours), Link(theirs)


def received(link: Link) -> list[object]:
    records = []
    while (found := link.try_receive()) is not None:
        records.append(found[0])
    return records


def numbers(records: Sequence[object]) -> list[int]:
    """Of transitions, and there may be nothing else."""
    assert all(isinstance(record, Transition) for record in records)
    return [record.seq for record in records if isinstance(record, Transition)]


async def test_a_report_becomes_a_fifo_line_and_a_record_for_parent_and_hub(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    parent_link, parent = links()
    hub_link, hub = links()
    outlet = Outlet()
    outlet.attach(parent_link)
    reporter = a_reporter(outlet)
    reporter.use_fifos([FifoWriter(descriptor, str(path))])
    reporter.connect_hub(hub_link)

    before = time.monotonic()
    reporter.report("node", SETTINGS, REPORT)

    assert os.read(descriptor, 4096) == b'INSTANCE "VI_1" MASTER 100\n'
    (told,) = received(parent)
    assert isinstance(told, Transition)
    assert received(hub) == [told]
    assert told.key == "boot-1"
    assert before <= told.monotonic <= time.monotonic()
    assert replace(told, at=0.0, monotonic=0.0) == Transition(
        kind=Kind.INSTANCE,
        name="VI_1",
        state=State.MASTER,
        previous=State.BACKUP,
        priority=100,
        reason=Reason(Cause.MASTER_DOWN_TIMER),
        node="node",
        boot="boot",
        seq=1,
        at=0.0,
        monotonic=0.0,
        interface="eth0",
        virtual_router_id=51,
        addresses=("10.9.0.100/24",),
    )
    os.close(descriptor)


async def test_a_full_fifo_is_said_once_and_holds_nothing_up(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    parent_link, parent = links()
    outlet = Outlet()
    outlet.attach(parent_link)
    reporter = a_reporter(outlet)
    reporter.use_fifos([FifoWriter(descriptor, str(path))])
    os.write(descriptor, b"x" * 65536)

    for _ in range(3):
        reporter.report("node", SETTINGS, REPORT)

    said, *told = received(parent)
    assert said == Log(30, f"{path}: the pipe is full, lost=1")
    assert numbers(told) == [1, 2, 3]
    os.close(descriptor)


async def test_what_is_not_acknowledged_goes_out_again_over_a_new_link_in_order():
    reporter = a_reporter(Outlet())
    for _ in range(4):
        reporter.report("node", SETTINGS, REPORT)
    reporter.acknowledged(Ack("boot", 2))
    hub_link, hub = links()

    reporter.connect_hub(hub_link)

    assert numbers(received(hub)) == [3, 4]
    assert not reporter.all_acknowledged
    reporter.acknowledged(Ack("boot", 4))
    assert reporter.all_acknowledged


async def test_an_acknowledgement_of_another_life_is_ignored():
    reporter = a_reporter(Outlet())
    reporter.report("node", SETTINGS, REPORT)

    reporter.acknowledged(Ack("earlier", 1))

    assert not reporter.all_acknowledged


async def test_what_cannot_be_kept_becomes_an_explicit_gap(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "UNACKNOWLEDGED_MAX", 3)
    reporter = a_reporter(Outlet())
    for _ in range(5):
        reporter.report("node", SETTINGS, REPORT)
    hub_link, hub = links()

    reporter.connect_hub(hub_link)

    said, *told = received(hub)
    assert said == Gap("boot", 1, 2, "the hub was away for too long to keep them")
    assert numbers(told) == [3, 4, 5]


async def test_a_parent_that_does_not_read_never_blocks_and_gets_everything_later():
    ours, theirs = links()
    outlet = Outlet()
    outlet.attach(ours)
    reporter = a_reporter(outlet)
    count = 3_000
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outlet.run)
            for _ in range(count):
                reporter.report("node", SETTINGS, REPORT)
            assert not outlet.is_empty

            sequence = []
            while len(sequence) < count:
                record, _ = await theirs.receive()
                assert isinstance(record, Transition)
                sequence.append(record.seq)
            nursery.cancel_scope.cancel()

    assert sequence == list(range(1, count + 1))
    assert outlet.dropped == 0


async def test_log_lines_are_given_up_before_transitions(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hahub.core.outlet.QUEUE_MAX", 10)
    outlet = Outlet()
    for number in range(20):
        outlet.put(Log(20, str(number)))
    a_reporter(outlet).report("node", SETTINGS, REPORT)
    ours, theirs = links()

    outlet.attach(ours)
    outlet.flush()

    *logged, told = received(theirs)
    assert logged == [Log(20, str(number)) for number in range(5)]
    assert numbers([told]) == [1]
    assert outlet.dropped == 15
