"""One link to a core: transitions in, acknowledgements out.

A core sends what is not acknowledged again, in order, at the start of each link. So a number that is missing
before the first one was acknowledged once, by a journal that is gone; that becomes a gap. A number that is
missing later will come again over the next link, and holds up the acknowledgement until then.
"""

import logging
import os

import trio

from hahub.hub.bus import Bus
from hahub.hub.delivery import Surroundings
from hahub.hub.outbox import Entry
from hahub.hub.recorder import BACKLOG_MAX, Recorder
from hahub.link import Link, LinkClosedError
from hahub.messages import Ack, Gap, MessageError
from hahub.model import Transition

BATCH_MAX = 64
"""Records written in one commit."""

logger = logging.getLogger(__name__)


class Intake:
    """Takes what one core sends. Owns the link."""

    def __init__(self, link: Link, recorder: Recorder, bus: Bus, surroundings: Surroundings) -> None:
        self._link = link
        self._recorder = recorder
        self._bus = bus
        self._now = surroundings.now
        self._turn = trio.Lock()
        self._boot = ""
        self._closed = False

    async def run(self) -> None:
        """Take and acknowledge until the core closes the link."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._acknowledge)
                while not self._closed:
                    await trio.lowlevel.wait_readable(self._link.fileno())
                    await self.take_available()
                    while self._recorder.backlog >= BACKLOG_MAX:
                        await self._recorder.wait_progress()
                nursery.cancel_scope.cancel()
        finally:
            self._link.close()

    async def take_available(self) -> None:
        """Take everything that is there now."""
        async with self._turn:
            while self._recorder.backlog < BACKLOG_MAX and (batch := self._receive()):
                await self._take(batch)

    def _receive(self) -> list[Transition | Gap]:
        batch: list[Transition | Gap] = []
        while len(batch) < BATCH_MAX and not self._closed:
            try:
                received = self._link.try_receive()
            except LinkClosedError:
                self._closed = True
                break
            except MessageError as error:
                logger.log(logging.ERROR, "the core sent what is no record: %s", error)
                continue
            if received is None:
                break
            record, descriptors = received
            for descriptor in descriptors:
                os.close(descriptor)
            if isinstance(record, Transition | Gap):
                batch.append(record)
        return batch

    async def _take(self, batch: list[Transition | Gap]) -> None:
        received = self._now()
        transitions = [record for record in batch if isinstance(record, Transition)]
        gaps = [record for record in batch if isinstance(record, Gap)]
        if not self._boot:
            gaps += await self._forgotten(batch[0])
            self._boot = batch[0].boot
        for gap in gaps:
            logger.log(logging.ERROR, "transitions are lost boot=%s first=%d last=%d: %s",
                       gap.boot, gap.first, gap.last, gap.detail)  # fmt: skip
        news = await self._recorder.append([Entry(t, received, self._bus.plan(t, received)) for t in transitions], gaps)
        for entry in news:
            self._bus.offer(entry.messages)

    async def _forgotten(self, first: Transition | Gap) -> list[Gap]:
        number = first.first if isinstance(first, Gap) else first.seq
        recorded = await self._recorder.recorded_up_to(first.boot)
        if recorded is None or number <= recorded + 1:
            return []
        detail = "acknowledged once, but not in this journal"
        return [Gap(first.boot, recorded + 1, number - 1, detail)]

    async def _acknowledge(self) -> None:
        acknowledged = 0
        while True:
            await self._recorder.wait_progress()
            while (mark := self._recorder.recorded.get(self._boot, 0)) > acknowledged:
                try:
                    await self._link.send(Ack(self._boot, mark))
                except LinkClosedError:
                    return
                acknowledged = mark
