"""The hub as a real process, with the test in the place of the parent and of the core."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import trio

from hahub.link import Link, LinkClosedError, memory_file, pair
from hahub.messages import Ack, Configure, CoreLink, Gap, Log, Ready, Record, Shutdown, Stopped, encode_settings
from hahub.model import Transition
from hahub.settings import ChannelSettings, HubSettings
from tests.hub.support import transition

DEADLINE = 30.0
"""Seconds; generous, for slow machines."""
FOREIGN = Path(__file__).parent / "foreign"


def fresh(seq: int, **facts: Any) -> Transition:
    """A transition that happens now, by the clock that the hub reads too."""
    return transition(seq, **{"at": time.time(), "monotonic": time.monotonic(), **facts})


class Core:
    """Keeps what is not acknowledged, and sends it again over each new link."""

    def __init__(self) -> None:
        self.unacknowledged: list[Transition | Gap] = []
        self.acks: list[Ack] = []
        self._changed = trio.Event()

    def report(self, *records: Transition | Gap) -> None:
        self.unacknowledged += records
        self._tell()

    async def run(self, link: Link) -> None:
        """Serve one link until it closes, then give it up."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._receive, link, nursery.cancel_scope)
                sent = 0
                with suppress(LinkClosedError):
                    while True:
                        changed = self._changed
                        for record in [r for r in self.unacknowledged if _last(r) > sent]:
                            await link.send(record)
                            sent = _last(record)
                        await changed.wait()
        finally:
            link.close()

    async def wait_acknowledged(self) -> None:
        while self.unacknowledged:
            await self._changed.wait()

    async def _receive(self, link: Link, scope: trio.CancelScope) -> None:
        with suppress(LinkClosedError):
            while True:
                ack, _ = await link.receive()
                assert isinstance(ack, Ack)
                self.acks.append(ack)
                self.unacknowledged = [r for r in self.unacknowledged if r.boot != ack.boot or _last(r) > ack.seq]
                self._tell()
        scope.cancel()

    def _tell(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()


def _last(record: Transition | Gap) -> int:
    return record.last if isinstance(record, Gap) else record.seq


class HubProcess:
    """One life of the hub."""

    def __init__(self, nursery: trio.Nursery, state_dir: Path) -> None:
        ours, theirs = pair()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hahub.hub", "--link", str(theirs.fileno()), "--state-dir", state_dir],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": str(FOREIGN)},
        )
        theirs.close()
        self.link = Link(ours)
        self.records: list[Record] = []
        self._nursery = nursery
        self._changed = trio.Event()
        self._ended = trio.Event()
        nursery.start_soon(self._receive)

    @property
    def log(self) -> list[str]:
        return [record.text for record in self.records if isinstance(record, Log)]

    async def configure(self, *channels: ChannelSettings) -> Ready:
        """Send a configuration and wait until the hub works with it."""
        before = self._count(Ready)
        self.send_configuration(*channels)
        while self._count(Ready) == before:
            await self._next()
        return [record for record in self.records if isinstance(record, Ready)][-1]

    def send_configuration(self, *channels: ChannelSettings) -> None:
        file = memory_file("settings", encode_settings(HubSettings("server", channels)))
        self.link.try_send(Configure(), [file])
        os.close(file)

    def connect(self, core: Core) -> None:
        """Link the hub with a core; ends with the hub."""
        ours, theirs = pair()
        self.link.try_send(CoreLink(), [theirs.fileno()])
        theirs.close()
        self._nursery.start_soon(core.run, Link(ours))

    async def shut_down(self, grace: float) -> Stopped:
        """Its last record, when it has ended with status 0."""
        self.link.try_send(Shutdown(grace))
        assert await self.wait() == 0
        assert isinstance(self.records[-1], Stopped)
        return self.records[-1]

    async def wait_log(self, text: str) -> str:
        """The first log line with this text."""
        while not (found := [line for line in self.log if text in line]):
            await self._next()
        return found[0]

    def hang_up(self) -> None:
        """As when the parent dies."""
        with socket.socket(fileno=os.dup(self.link.fileno())) as same:
            same.shutdown(socket.SHUT_RDWR)

    def kill(self) -> None:
        self.process.kill()

    async def wait(self) -> int:
        """Its exit status, when everything it sent is here."""
        await self._ended.wait()
        with trio.fail_after(DEADLINE):
            while self.process.poll() is None:
                await trio.sleep(0.001)
        return self.process.returncode

    async def kill_and_wait(self) -> None:
        self.kill()
        assert await self.wait() == -signal.SIGKILL

    async def _receive(self) -> None:
        with suppress(LinkClosedError):
            while True:
                record, _ = await self.link.receive()
                self.records.append(record)
                self._tell()
        self._ended.set()
        self._tell()
        self.link.close()

    async def _next(self) -> None:
        if self._ended.is_set():
            raise AssertionError(f"the hub has ended: {self.log}")
        await self._changed.wait()

    def _count(self, kind: type) -> int:
        return sum(isinstance(record, kind) for record in self.records)

    def _tell(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()


@asynccontextmanager
async def hub(state_dir: Path, *, deadline: float = DEADLINE) -> AsyncIterator[HubProcess]:
    """A hub process that does not outlive the block, nor the deadline."""
    with trio.fail_after(deadline):
        async with trio.open_nursery() as nursery:
            process = HubProcess(nursery, state_dir)
            try:
                yield process
            finally:
                process.kill()
                process.process.wait()
                nursery.cancel_scope.cancel()
