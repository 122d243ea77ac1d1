"""The tester's part in a situation: it sends, waits for what the router does, and gives names to moments."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import trio

from tests.conformance.bench import Bench, Wire
from tests.conformance.frames import Advert, Frame
from tests.conformance.packets import GROUPS, Outgoing
from tests.conformance.situation import Router, Situation

Shot: TypeAlias = Outgoing | bytes | list[bytes] | Callable[[], bytes]
"""What is sent to find out whether it is accepted; a function makes it when its turn comes."""

PATIENCE = 15.0
"""Seconds that anything may take that should take far less."""
IGNORED = "ignored"
YIELDED = "yielded"


class Tester:
    """Plays one situation on one bench."""

    def __init__(self, bench: Bench, situation: Situation, nursery: trio.Nursery) -> None:
        """nursery: for what goes on until the daemon has ended."""
        self.bench = bench
        self.situation = situation
        self.wires: tuple[Wire, ...] = bench.wires[situation.name]
        self.marks: dict[str, float] = {}
        self.notes: dict[str, object] = {}
        self.always: dict[str, Any] = {}
        """What every advert of ours has."""
        self.seal: Callable[[Outgoing], bytes] = Outgoing.frame
        """Makes the frame of an advert."""
        self._nursery = nursery
        self._read: dict[str, int] = {}

    @property
    def wire(self) -> Wire:
        return self.wires[0]

    @property
    def router(self) -> Router:
        return self.situation.routers[0]

    # Sending

    def advert(self, number: int = 0, **changes: Any) -> Outgoing:
        """Return an advertisement that is right for a router of the situation, but for the changes."""
        router = self.situation.routers[number]
        cable = self.wires[router.cable].cable
        group, group_mac = GROUPS[router.family]
        right = Outgoing(
            eth_source=cable.far_mac,
            eth_destination=group_mac,
            source=cable.peer if router.family == 4 else cable.peer6,
            destination=group,
            addresses=router.advertised(cable),
            version=router.version,
            vrid=router.vrid,
            interval=round(router.advert_int * (1 if router.version == 2 else 100)),
        )
        return right.but(**{**self.always, **changes})

    def send(self, outgoing: Outgoing | bytes, *, mark: str = "", wire: int = 0) -> Frame:
        """Send at once; the moment can be given a name."""
        raw = outgoing if isinstance(outgoing, bytes) else self.seal(outgoing)
        frame = self.wires[wire].send(raw)
        if mark:
            self.marks[mark] = frame.at
        return frame

    async def repeat(self, outgoing: Outgoing, *, times: int, every: float, mark: str = "") -> None:
        """Send several times, on time; the mark is the last one."""
        start = trio.current_time()
        for number in range(times):
            await trio.sleep_until(start + number * every)
            self.send(outgoing, mark=mark)

    @asynccontextmanager
    async def repeating(self, outgoing: Outgoing, *, every: float) -> AsyncIterator[None]:
        """Send again and again while something else is done; the first one at once."""
        async with trio.open_nursery() as nursery:
            self.send(outgoing)
            nursery.start_soon(self._repeat_forever, outgoing, every)
            yield
            nursery.cancel_scope.cancel()

    def repeat_to_the_end(self, outgoing: Outgoing, *, every: float) -> None:
        """Send again and again until the daemon has ended; the first one at once."""
        self.send(outgoing)
        self._nursery.start_soon(self._repeat_forever, outgoing, every)

    async def _repeat_forever(self, outgoing: Outgoing, every: float) -> None:
        start = trio.current_time()
        while True:
            start += every
            await trio.sleep_until(start)
            self.send(outgoing)

    # What is done to the router's host

    async def ip(self, *words: str) -> str:
        """Run ip(8) there."""
        return await trio.to_thread.run_sync(lambda: self.bench.ip(*words))

    async def shell(self, script: str) -> str:
        """Run a shell script there; ``$word`` stands for what it does in configurations."""
        return await trio.to_thread.run_sync(lambda: self.bench.shell(self.wire.cable.fill(script)))

    async def processes(self) -> list[int]:
        """Return the ids of everything that runs there, the youngest first."""
        return await trio.to_thread.run_sync(self.bench.processes)

    # Waiting

    def mark(self, name: str) -> None:
        self.marks[name] = time.monotonic()

    async def passes(self, seconds: float) -> None:
        """Let time pass in which things may happen, or must not."""
        await trio.sleep(seconds)

    async def until(self, true: Callable[[], object], what: str, *, within: float = PATIENCE) -> None:
        """Wait until something seen makes it true. Raises AssertionError, saying what was waited for."""
        with trio.move_on_after(within):
            while not true():
                assert self.bench.daemon.is_running, f"the daemon has ended, waiting for {what}"
                with trio.move_on_after(0.2):
                    await self.bench.changed.wait()
            return
        raise AssertionError(f"waited {within:g} s in vain for {what}")

    async def becomes(self, state: str, *, router: int = 0, within: float = PATIENCE) -> None:
        """Wait for the next line of the FIFO that says so; lines before it are passed over."""
        name = self.situation.instance(router)
        await self.says(name, state, within=within)

    async def says(self, name: str, state: str, *, within: float = PATIENCE) -> None:
        """Wait for the next line with this name and state."""

        def found() -> bool:
            lines = self.bench.lines
            for place in range(self._read.get(name, 0), len(lines)):
                if (lines[place].name, lines[place].state) == (name, state):
                    self._read[name] = place + 1
                    return True
            return False

        await self.until(found, f"{name} {state} in the FIFO", within=within)

    async def holds(self, address: str, *, within: float = PATIENCE) -> None:
        """Wait until the kernel says that the router's host has an address; of IPv6 it says so when that works."""

        def is_there() -> bool:
            said = [change.present for change in self.bench.changes if change.address == address]
            return said[-1:] == [True]

        await self.until(is_there, address, within=within)

    async def hears(self, count: int = 1, *, router: int = 0, within: float = PATIENCE) -> None:
        """Wait for so many advertisements of the router from now on."""
        of = self.situation.routers[router]
        frames = self.wires[of.cable].frames
        before = len(frames)

        def enough() -> bool:
            mine = (f for f in frames[before:] if isinstance(f, Advert) and not f.sent and f.vrid == of.vrid)
            return sum(1 for _ in mine) >= count

        await self.until(enough, f"{count} adverts", within=within)

    # Trying

    async def try_each(self, battery: Mapping[str, Shot], *, wire: int = 0) -> None:
        """Send each to a master, and note under its label whether it yielded to it.

        Priority 0 follows each: a master answers it at once (VR-093), and one that has yielded takes over again.
        Packets are handled in order, so with that answer the verdict on the packet before it is known, and no time
        need pass. The routers of these situations have priority 250: a short Skew_Time.
        """
        for label, shot in battery.items():
            states = len(self._states())
            each = shot() if callable(shot) else shot
            for frame in each if isinstance(each, list) else [each]:
                self.send(frame, wire=wire)
            await self.resign()
            self.notes[label] = YIELDED if "BACKUP" in self._states()[states:] else IGNORED
        self.bench.drain_fifo()

    async def resign(self) -> None:
        """Send priority 0 and wait for the router's next advertisement."""
        frames, before = self.wire.frames, len(self.wire.frames)
        self.send(self.advert(priority=0))
        await self.until(
            lambda: any(isinstance(f, Advert) and not f.sent and f.priority for f in frames[before:]),
            "an advert after priority 0",
        )
        self.bench.drain_fifo()

    def _states(self) -> list[str]:
        return [line.state for line in self.bench.lines if line.name == self.situation.name]
