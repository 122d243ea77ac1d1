"""One core follows another: nobody on the wire, at the FIFO or in the journal sees it."""

import dataclasses
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from unittest import mock

import pytest

from hahub.core.engine import Engine
from hahub.lifeline import create
from hahub.link import pair
from hahub.messages import Maintenance, Ready, ScriptResult, Shutdown, Stopped
from hahub.model import Cause, State
from hahub.settings import InstanceSettings, SyncGroupSettings, TrackedScript, VirtualAddress
from tests.core.driver import CoreDriver
from tests.lab import VIP, AddressChange, Lab

pytestmark = pytest.mark.namespaces

FAST = InstanceSettings(
    "VI_1", "eth0", 51, priority=100, version=3, advert_int=0.1, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),)
)
SECOND = dataclasses.replace(
    FAST, name="VI_2", virtual_router_id=52, virtual_addresses=(VirtualAddress("10.9.0.202", 24, "eth0"),)
)
Start = Callable[..., CoreDriver]


@pytest.fixture
def start(lab: Lab) -> Iterator[Start]:
    """Starts cores; those of one host share a lifeline, as under one parent."""
    with ExitStack() as stack:
        lifelines = {name: create() for name in lab.hosts}
        for descriptor in lifelines.values():
            stack.callback(os.close, descriptor)

        def start(name: str, *instances: InstanceSettings, **more: object) -> CoreDriver:
            core = CoreDriver(lab[name], *(instances or (FAST,)), lifeline=lifelines[name], **more)
            stack.callback(core.close)
            return core

        yield start


def successor(
    start: Start, name: str, *instances: InstanceSettings, **more: object
) -> tuple[CoreDriver, socket.socket]:
    """A core that is ready to follow, and the link for the one that runs."""
    ours, theirs = pair()
    core = start(name, *instances, predecessor=theirs, **more)
    core.wait_for(lambda: any(isinstance(record, Ready) for record in core.records), "the prepared core")
    return core, ours


def test_a_master_goes_on_in_another_process(lab: Lab, start: Start) -> None:
    tracking = dataclasses.replace(FAST, track_scripts=(TrackedScript("check"),))
    first = start("a", tracking)
    first.link.try_send(ScriptResult("check", True))
    hub = first.connect_hub(acknowledges=False)
    first.wait_for_state(State.MASTER)
    first.wait_for(lambda: len(hub.records) == 2, "two records at the hub")
    peer = start("b", dataclasses.replace(FAST, priority=50))
    peer.wait_for_state(State.BACKUP)
    lab.timeline.wait_until(lambda records: any(isinstance(r, AddressChange) for r in records), "the address")
    lab["a"].fifo.wait_for_lines(2)
    lines, since = lab["a"].fifo.text, time.monotonic()

    second, link = successor(start, "a", tracking)
    second.link.try_send(ScriptResult("check", True))
    lab.wait_for_advert(lab["a"], since=time.monotonic(), count=2)
    first.hand_over_to(link)
    second.wait_for_takeover()

    assert first.wait_for_end() == 0
    assert first.records[-1] == Stopped()
    lab.wait_for_advert(lab["a"], since=time.monotonic(), count=5)
    adverts = lab.adverts(lab["a"], since=since)
    assert {advert.priority for advert in adverts} == {100}
    assert max(later.at - earlier.at for earlier, later in pairwise(adverts)) < 0.2
    assert min(later.at - earlier.at for earlier, later in pairwise(adverts)) > 0.05
    assert [r for r in lab.timeline.records() if isinstance(r, AddressChange) and r.at > since] == []
    assert lab["a"].fifo.text == lines
    assert (second.states(), peer.states()) == ([], [State.BACKUP])
    # What no hub has acknowledged comes again, and the numbers go on.
    newer = second.connect_hub()
    second.link.try_send(ScriptResult("check", False, "is broken"))
    fault = second.wait_for_state(State.FAULT)
    second.wait_for(lambda: len(newer.records) == 3, "all at the hub")
    assert newer.records == [*hub.records, fault]
    assert [(told.boot, told.seq) for told in newer.records] == [(hub.records[0].boot, seq) for seq in (1, 2, 3)]


def test_a_backup_goes_on_waiting_for_the_same_master(lab: Lab, start: Start) -> None:
    master = start("a")
    master.wait_for_state(State.MASTER)
    slow = dataclasses.replace(FAST, priority=50)
    first = start("b", slow)
    first.wait_for_state(State.BACKUP)
    second, link = successor(start, "b", slow)

    first.hand_over_to(link)
    second.wait_for_takeover()
    master.signal(signal.SIGKILL)
    killed = time.monotonic()

    told = second.wait_for_state(State.MASTER)
    assert told.reason.detail.endswith("from 10.9.0.1")
    assert second.states() == [State.MASTER]
    lab["b"].fifo.wait_for_lines(2)
    assert lab["b"].fifo.text == 'INSTANCE "VI_1" BACKUP 50\nINSTANCE "VI_1" MASTER 50\n'
    assert 0.2 < told.monotonic - killed < 1.0


def test_what_has_happened_in_between_counts(lab: Lab, start: Start) -> None:
    """A group of two masters, of whom one loses its check while the cores change places; maintenance stays."""
    group = {"groups": (SyncGroupSettings("G", ("VI_1", "VI_2")),)}
    both = (FAST, dataclasses.replace(SECOND, track_scripts=(TrackedScript("check"),)))
    first = start("a", *both, **group)
    first.link.try_send(ScriptResult("check", True))
    first.wait_for_state(State.MASTER, name="G")
    second, link = successor(start, "a", *both, **group)
    second.link.try_send(Maintenance(on=False))
    second.link.try_send(ScriptResult("check", False))

    first.hand_over_to(link)
    second.wait_for_takeover()

    assert second.wait_for_state(State.FAULT, name="G").previous is State.MASTER
    assert (second.states("VI_1"), second.states("VI_2")) == ([State.FAULT], [State.FAULT])
    assert lab["a"].addresses() == ["10.9.0.1/24"]


def test_who_dies_instead_of_handing_over_is_followed_all_the_same(lab: Lab, start: Start) -> None:
    slow = dataclasses.replace(FAST, advert_int=1.0)
    first = start("a", slow)
    first.wait_for_state(State.MASTER)
    second, link = successor(start, "a", slow)
    since = time.monotonic()

    first.signal(signal.SIGKILL)
    first.wait_for_end()
    link.close()
    second.wait_for_takeover()

    assert "goes on as MASTER" in second.log
    lab.wait_for_advert(lab["a"], since=since)
    assert lab["a"].holds()
    assert second.states() == []


def test_whose_successor_is_gone_goes_on(lab: Lab, start: Start) -> None:
    first = start("a")
    first.wait_for_state(State.MASTER)
    second, link = successor(start, "a")
    second.signal(signal.SIGKILL)
    second.wait_for_end()

    first.hand_over_to(link)

    first.wait_for(lambda: "nobody takes over: this core goes on" in first.log, "a line in the log")
    lab.wait_for_advert(lab["a"], since=time.monotonic(), count=3)
    assert first.states() == [State.BACKUP, State.MASTER]
    third, link = successor(start, "a")
    first.hand_over_to(link)
    third.wait_for_takeover()


@pytest.mark.parametrize("end", ["shutdown", "parent gone"])
def test_one_that_only_waits_ends_without_a_word(lab: Lab, start: Start, end: str) -> None:
    first = start("a")
    first.wait_for_state(State.MASTER)
    second, link = successor(start, "a")

    if end == "shutdown":
        second.link.try_send(Shutdown(1.0))
    else:
        second.link.close()
        link.close()
    second.process.wait(30)

    lab.wait_for_advert(lab["a"], since=time.monotonic(), count=3)
    assert lab["a"].holds()
    assert all(advert.priority for advert in lab.adverts(lab["a"]))
    assert lab["a"].fifo.states() == ["BACKUP", "MASTER"]


def test_nobody_is_left_with_the_address_when_the_parent_dies_at_that_very_moment(lab: Lab, start: Start) -> None:
    first = start("a")
    first.wait_for_state(State.MASTER)
    second, link = successor(start, "a")
    second.signal(signal.SIGSTOP)

    first.hand_over_to(link)
    first.wait_for_end()
    second.link.close()
    second.signal(signal.SIGCONT)
    second.process.wait(30)

    assert not lab["a"].holds()
    assert lab.adverts(lab["a"])[-1].priority == 0
    lab["a"].fifo.wait_for_lines(3)
    assert lab["a"].fifo.states() == ["BACKUP", "MASTER", "STOP"]


def test_one_that_takes_over_too_late_listens(lab: Lab, start: Start) -> None:
    first = start("a")
    first.wait_for_state(State.MASTER)
    second, link = successor(start, "a")
    second.signal(signal.SIGSTOP)

    first.hand_over_to(link)
    first.wait_for_end()
    time.sleep(0.5)  # what is tested is a pause: longer than peers of 0.1 s adverts wait
    second.signal(signal.SIGCONT)

    assert second.wait_for_state(State.BACKUP).reason.cause is Cause.OVERSLEPT
    assert second.wait_for_state(State.MASTER).reason.cause is Cause.MASTER_DOWN_TIMER


def test_what_arrives_while_all_is_put_into_words_is_for_the_successor() -> None:
    """Up to memory.at it counts as heard: with a thousand routers, some milliseconds are between the two."""
    engine = Engine.__new__(Engine)
    words: list[float] = []

    def remember() -> tuple[tuple[()], tuple[()]]:
        words.append(time.monotonic())
        return (), ()

    engine._receivers = {}
    engine._routers = mock.Mock(remember=remember)
    engine._reporter, engine._promotion = mock.Mock(), mock.Mock()

    assert engine.remember().at <= words[0]
