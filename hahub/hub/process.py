"""The hub: what the parent tells it, what it answers, and how it ends.

parent ── Configure, CoreLink, Shutdown ──> Hub ──> Intake (one per core link) ──> Recorder ──> Bus ──> Workers
       <── Ready, Log, Stopped ────────────
"""

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import trio

from hahub import messages
from hahub.hub import clock
from hahub.hub.bus import Bus
from hahub.hub.delivery import Surroundings
from hahub.hub.intake import Intake
from hahub.hub.recorder import RETRY_INTERVAL, Recorder
from hahub.link import Link, LinkClosedError, read_memory_file
from hahub.messages import Configure, CoreLink, MessageError, Ready, Record, Shutdown, Stopped
from hahub.settings import HubSettings

JOURNAL = "journal.db"
"""File in the state directory."""
_CLOSING = 5.0
"""Seconds that the disk may take at the end."""
_LAST_WORDS = 2.0
"""Seconds without a parent for the core to report its end; what is there after three is killed by the guard."""
_TELLING = 1.0
"""Seconds that the parent may take to make room for a record."""

logger = logging.getLogger(__name__)


class Hub:
    """One life of the hub process."""

    def __init__(self, link: Link, state_dir: Path, random: Callable[[], float]) -> None:
        self._link = link
        now = partial(clock.now, clock.read_host_boot())
        self._recorder = Recorder(state_dir / JOURNAL, now)
        self._around = Surroundings(self._recorder, now, random)
        self._life = trio.CancelScope()
        self._nursery: trio.Nursery
        self._bus: Bus
        self._intakes: list[Intake] = []
        self._intake_over = trio.Event()
        self._configured = False
        self._stopped: Stopped | None = None

    async def run(self) -> None:
        """Work until the parent says Shutdown or is gone."""
        with self._life:
            await self._work()
        with trio.CancelScope(shield=True), trio.move_on_after(_CLOSING):
            await self._recorder.close()
        if self._stopped is not None:
            await self._tell(self._stopped)

    async def _work(self) -> None:
        async with trio.open_nursery() as self._nursery:
            self._bus = Bus(self._nursery, self._around)
            self._nursery.start_soon(self._retry)
            self._nursery.start_soon(self._listen)

    def stop(self) -> None:
        """End now; what was not told waits for the next start."""
        self._life.cancel()

    async def abandoned(self) -> None:
        """The parent is gone: the core resigns, and says so; that is the last to be written down."""
        with trio.move_on_after(_LAST_WORDS):
            while self._intakes:
                self._intake_over = trio.Event()
                await self._intake_over.wait()
        self.stop()

    async def _tell(self, record: Record) -> None:
        try:
            with trio.move_on_after(_TELLING):
                await self._link.send(record)
        except LinkClosedError:
            self.stop()

    async def _listen(self) -> None:
        while True:
            try:
                record, descriptors = await self._link.receive()
            except LinkClosedError:
                await self.abandoned()
                return
            except MessageError as error:
                logger.log(logging.ERROR, "the parent sent what is no record: %s", error)
                continue
            try:
                await self._obey(record, descriptors)
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)

    async def _obey(self, record: Record, descriptors: list[int]) -> None:
        """Do what the parent says. Takes the descriptors it uses off the list."""
        match record:
            case Configure() if descriptors:
                await self._configure(read_memory_file(descriptors.pop(0)))
            case CoreLink() if descriptors and self._configured:
                intake = Intake(Link.from_fileno(descriptors.pop(0)), self._recorder, self._bus, self._around)
                self._nursery.start_soon(self._take, intake)
            case Shutdown(grace):
                self._nursery.start_soon(self._finish, grace)
            case _:
                logger.log(logging.ERROR, "the parent sent what is out of place: %s", type(record).__name__)

    async def _configure(self, text: bytes) -> None:
        try:
            settings = messages.decode_settings(text, HubSettings)
        except MessageError as error:
            logger.log(logging.ERROR, "the configuration cannot be read: %s", error)
            return
        notes = self._bus.configure(settings.channels)
        if not self._configured:
            self._configured = True
            self._bus.offer(await self._recorder.open())
        if self._recorder.trouble:
            notes.append(f"journal cannot be written: {self._recorder.trouble}")
        await self._tell(Ready(tuple(notes)))

    async def _take(self, intake: Intake) -> None:
        self._intakes.append(intake)
        try:
            await intake.run()
        finally:
            self._intakes.remove(intake)
            self._intake_over.set()

    async def _retry(self) -> None:
        """While the journal cannot be opened or written, try again."""
        while True:
            await trio.sleep(RETRY_INTERVAL)
            if self._configured:
                self._bus.offer(await self._recorder.open())
                await self._recorder.flush()

    async def _finish(self, grace: float) -> None:
        """Deliver what can be delivered within ``grace`` seconds, then end."""
        end = trio.current_time() + grace
        with trio.move_on_at(end):
            for intake in list(self._intakes):
                await intake.take_available()
            self._bus.hurry()
            await self._bus.wait_drained(until=end)
        left = self._bus.waiting
        detail = f"{left} message{'s' * (left != 1)} wait{'s' * (left == 1)} for the next start" if left else ""
        self._stopped = Stopped(detail, clean=not left)
        self.stop()
