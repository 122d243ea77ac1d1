"""One child follows another: what the parent does when it goes well, and when it does not."""

import os
import signal
import sys

import pytest
import trio

from hahub.messages import Configure, Record, ScriptResult, TookOver
from hahub.messages import Log as LogRecord
from hahub.parent import supervisor
from hahub.parent.launch import Program
from hahub.parent.logs import Log
from hahub.parent.spawn import Child, Spawner
from hahub.parent.supervisor import Ending, Send, Supervised
from tests.parent.logbook import LogBook

STANDIN = """
import os, select, sys
from hahub.link import Link, LinkClosedError
from hahub.messages import Configure, HandOver, Log, Memory, Ready, ScriptResult, Shutdown, Standby, Stopped, TookOver
link = Link.from_fileno(int(sys.argv[1]))
predecessor = None
def say(text):
    link.try_send(Log(20, f"{os.getpid()} {text}"))
say("lives")
while True:
    ready = select.select([link, *([predecessor] if predecessor else [])], [], [])[0]
    if predecessor in ready:
        try:
            predecessor.try_receive()
            word = "by its memory"
        except LinkClosedError:
            word = "by itself"
        predecessor = None
        link.try_send(TookOver((word,)))
    if link in ready:
        record, descriptors = link.try_receive()
        match record:
            case Standby():
                predecessor = Link.from_fileno(descriptors[0])
            case Configure():
                FAULT
                link.try_send(Ready())
            case HandOver():
                try:
                    Link.from_fileno(descriptors[0]).try_send(Memory())
                except LinkClosedError:
                    say("goes on")
                    continue
                link.try_send(Stopped())
                sys.exit(0)
            case ScriptResult(script=script):
                say(f"hears {script}")
            case Shutdown():
                link.try_send(Stopped("bye"))
                sys.exit(0)
"""


class Relay:
    """A supervised stand-in, and what its lives said."""

    def __init__(self, spawner: Spawner, log: Log) -> None:
        self.heard: list[Record] = []
        self.fault = "pass"
        """What a life that starts from now on does when it is configured."""
        self._spawner = spawner
        self.supervised = Supervised(
            "core", log, start=self._start, greet=lambda: None, hear=self.heard.append, delay_max=0.0
        )

    def _start(self, descriptor: int) -> Child:
        argv = (sys.executable, "-P", "-c", STANDIN.replace("FAULT", self.fault), str(descriptor))
        return self._spawner.start_process(Program(argv, pass_fds=(descriptor,)), label="core")

    @property
    def words(self) -> list[str]:
        return [record.text for record in self.heard if isinstance(record, LogRecord)]

    async def until(self, word: str) -> int:
        """Wait until a life says this; its pid."""
        with trio.fail_after(30):
            while not (found := [text for text in self.words if text.endswith(word)]):
                await trio.sleep(0.02)
        return int(found[0].split()[0])

    async def replace(self) -> str:
        def greet(send: Send) -> None:
            send(Configure(), ())

        return await self.supervised.replace(greet)

    @property
    def takeovers(self) -> list[str]:
        return [record.notes[0] for record in self.heard if isinstance(record, TookOver)]


@pytest.fixture
async def relay(spawner: Spawner, log: Log, nursery: trio.Nursery) -> Relay:
    relay = Relay(spawner, log)
    nursery.start_soon(relay.supervised.run)
    return relay


async def test_the_successor_acts_and_hears_what_comes_then(relay: Relay, logbook: LogBook) -> None:
    first = await relay.until("lives")

    assert await relay.replace() == ""

    assert relay.takeovers == ["by its memory"]
    relay.supervised.send(ScriptResult("chk", succeeded=True))
    assert await relay.until("hears chk") != first
    await logbook.wait_for(f"INFO parent: core ended pid={first}")
    assert not [line for line in logbook.lines if "starting core again" in line or "ERROR" in line]
    assert await supervisor_ends(relay) == "bye"


async def test_a_verdict_that_comes_while_it_gets_ready_is_told_both(relay: Relay, nursery: trio.Nursery) -> None:
    await relay.until("lives")
    relay.fault = "__import__('time').sleep(0.5)"
    outcomes: list[str] = []

    async def replace() -> None:
        outcomes.append(await relay.replace())

    nursery.start_soon(replace)
    with trio.fail_after(30):
        while len([word for word in relay.words if word.endswith("lives")]) < 2:
            await trio.sleep(0.02)
    relay.supervised.send(ScriptResult("chk", succeeded=True))

    with trio.fail_after(30):
        while len([word for word in relay.words if word.endswith("hears chk")]) < 2 or not outcomes:
            await trio.sleep(0.02)
    assert outcomes == [""]
    await supervisor_ends(relay)


@pytest.mark.parametrize("fault", ["sys.exit(1)", "__import__('time').sleep(1000)"], ids=["ends", "hangs"])
async def test_one_that_does_not_get_ready_changes_nothing(
    relay: Relay, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_PREPARE_WITHIN", 3.0)
    first = await relay.until("lives")
    relay.fault = fault

    assert await relay.replace() == "another core did not get ready, the one that runs goes on"

    relay.supervised.send(ScriptResult("chk", succeeded=True))
    assert await relay.until("hears chk") == first
    assert relay.takeovers == []
    relay.fault = "pass"
    assert await relay.replace() == ""
    await supervisor_ends(relay)


async def test_one_that_does_not_hand_over_is_ended(
    relay: Relay, monkeypatch: pytest.MonkeyPatch, logbook: LogBook
) -> None:
    monkeypatch.setattr(supervisor, "_TAKE_OVER_WITHIN", 1.0)
    first = await relay.until("lives")
    os.kill(first, signal.SIGSTOP)

    assert await relay.replace() == ""

    assert relay.takeovers == ["by itself"]
    assert f"ERROR parent: core does not hand over, ending it pid={first}" in logbook.lines
    await supervisor_ends(relay)


async def test_one_that_dies_meanwhile_is_followed(relay: Relay, nursery: trio.Nursery) -> None:
    first = await relay.until("lives")
    relay.fault = f"os.kill({first}, 9); __import__('time').sleep(0.5)"

    assert await relay.replace() in ("", "another core did not take over")

    with trio.fail_after(30):
        while relay.takeovers != ["by itself"]:
            await trio.sleep(0.02)
    relay.supervised.send(ScriptResult("chk", succeeded=True))
    assert await relay.until("hears chk") != first
    await supervisor_ends(relay)


async def test_an_end_that_is_wanted_meanwhile_comes(relay: Relay, nursery: trio.Nursery) -> None:
    await relay.until("lives")
    relay.fault = "__import__('time').sleep(1000)"
    outcomes: list[str] = []

    async def replace() -> None:
        outcomes.append(await relay.replace())

    nursery.start_soon(replace)
    with trio.fail_after(30):
        while len([word for word in relay.words if word.endswith("lives")]) < 2:
            await trio.sleep(0.02)

    assert await supervisor_ends(relay) == "bye"
    with trio.fail_after(30):
        while not outcomes:
            await trio.sleep(0.02)
    assert outcomes == ["another core did not get ready, the one that runs goes on"]


async def test_a_restart_in_good_order_is_no_trouble(relay: Relay, logbook: LogBook) -> None:
    first = await relay.until("lives")

    await relay.supervised.restart(1.0)

    with trio.fail_after(30):
        while len([word for word in relay.words if word.endswith("lives")]) < 2:
            await trio.sleep(0.02)
    assert f"INFO parent: core ended pid={first}" in " ".join(logbook.lines)
    assert not [line for line in logbook.lines if "starting core again" in line]
    await supervisor_ends(relay)


async def supervisor_ends(relay: Relay) -> str:
    ending: Ending = await relay.supervised.stop(1.0, kill_after=30.0)
    return ending.stopped.detail if ending.stopped is not None else ending.problem
