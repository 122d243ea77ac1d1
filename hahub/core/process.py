"""The core's process: its life, its links to parent and hub, and how one core follows another."""

import os
import uuid

import trio

from hahub import messages
from hahub.core import realtime
from hahub.core.afterwards import Afterwards
from hahub.core.engine import Engine
from hahub.core.hubside import HubSide
from hahub.core.log import ERROR, WARNING, CoreLog
from hahub.core.outlet import Outlet
from hahub.core.reporter import Reporter
from hahub.core.succession import CoreMemory, Predecessor, send_memory
from hahub.core.volley import Volley
from hahub.link import Link, LinkClosedError, read_memory_file
from hahub.messages import (
    Configure,
    FileResult,
    HandOver,
    HubLink,
    Maintenance,
    ProcessResult,
    Ready,
    ScriptResult,
    Shutdown,
    Standby,
    Stopped,
    TookOver,
)
from hahub.net.addresses import AddressCommands
from hahub.settings import CoreSettings
from hahub_fifo import FifoWriter

PREDECESSOR_WAIT = 2.0
"""Seconds that a stopping core waits for what its predecessor may be handing over at this moment."""
PARENT_WAIT = 0.02
"""Seconds that the end of the parent may come behind that of the predecessor's link, which it held."""
ACK_WAIT = 1.0
"""Seconds that a stopping core waits for the hub to journal its last transitions."""


class Core:
    """All virtual routers of this host, and who is told about them."""

    def __init__(self, parent: Link) -> None:
        self._parent_link = parent
        self._parent = Outlet()
        self._parent.attach(parent)
        self._log = CoreLog(self._parent)
        afterwards = Afterwards()
        volley = Volley(AddressCommands())
        self._reporter = Reporter(uuid.uuid4().hex[:16], self._parent, self._log, afterwards, volley)
        self._engine = Engine(self._reporter, self._log, afterwards, volley)
        self._hub = HubSide(self._reporter, self._log)
        self._fifo_descriptors: list[int] = []
        self._predecessor: Predecessor | None = None
        """The core that still acts, while this one waits for it."""
        self._prepared: tuple[CoreSettings, int | None] | None = None
        """What to begin with then, and the lifeline."""
        self._has_left = False
        """Another core acts in place of this one."""
        self._stopping = trio.Event()

    # The life of the process

    async def run(self) -> None:
        """Until the parent says Shutdown, or is gone."""
        self._engine.open()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._parent.run)
                nursery.start_soon(self._reporter.hub_outlet.run)
                nursery.start_soon(self._engine.run)
                nursery.start_soon(self._serve_parent, nursery)
                await self._stopping.wait()
                await self._stop()
                nursery.cancel_scope.cancel()
        finally:
            self._engine.close()

    def stop(self) -> None:
        """Resign, report STOP and end. May be called more than once."""
        self._stopping.set()

    async def _stop(self) -> None:
        if self._predecessor is not None:
            with trio.move_on_after(PREDECESSOR_WAIT):
                await self._predecessor.has_left.wait()
        if self._has_left or self._predecessor is not None:
            await self._say_last(Stopped())
            return
        self._engine.shutdown()
        self._log.settle()
        with trio.move_on_after(ACK_WAIT):
            await self._hub.wait_acknowledged()
        clean = self._reporter.all_acknowledged
        await self._say_last(Stopped("" if clean else "the last transitions are not in the journal", clean))

    async def _say_last(self, record: Stopped) -> None:
        self._parent.put(record)
        with trio.move_on_after(ACK_WAIT):
            while not self._parent.is_empty:
                await trio.sleep(0.01)
                self._parent.flush()

    # Links to the other processes

    async def _serve_parent(self, nursery: trio.Nursery) -> None:
        while True:
            try:
                record, descriptors = await self._parent_link.receive()
            except LinkClosedError:
                self._stopping.set()
                return
            match record:
                case Configure():
                    self._take_configuration(record, descriptors)
                case HubLink():
                    self._hub.connect(Link.from_fileno(descriptors[0]), nursery)
                case Standby():
                    self._predecessor = Predecessor(Link.from_fileno(descriptors[0]))
                    nursery.start_soon(self._succeed, self._predecessor)
                case HandOver():
                    if self._hand_over(Link.from_fileno(descriptors[0])):
                        return
                case ScriptResult() | ProcessResult() | FileResult():
                    self._engine.tracker_judged(record)
                case Maintenance():
                    self._engine.maintain(record)
                case Shutdown():
                    self._stopping.set()
                case _:
                    self._log.write(WARNING, f"unexpected record {type(record).__name__} from the parent")

    # Succession

    def _hand_over(self, link: Link) -> bool:
        """Let another core act in place of this one, from now on; False when it is not there any more."""
        if not send_memory(link, self._engine.remember()):
            self._log.write(WARNING, "nobody takes over: this core goes on")
            return False
        self._has_left = True
        self._engine.halt()
        self._parent.clear()  # the successor has it
        self._stopping.set()
        return True

    def _prepare(self, settings: CoreSettings, lifeline: int | None) -> list[str]:
        """Have everything ready; as an ordinary process, so as not to disturb the one that acts."""
        self._prepared = (settings, lifeline)
        refused = [text for text in (realtime.lock_memory(), realtime.drop_capabilities()) if text]
        self._engine.prepare(settings)
        realtime.freeze_memory()
        return refused

    async def _succeed(self, predecessor: Predecessor) -> None:
        """Act as soon as the predecessor does no more."""
        memory = await predecessor.leave()
        if predecessor.trouble:
            self._log.write(ERROR, f"what the core before tells cannot be used: {predecessor.trouble}")
        if memory is None:
            await trio.sleep(PARENT_WAIT)
            if self._stopping.is_set():
                return  # with the parent gone it leaves by itself
        self._predecessor = None
        if self._prepared is not None:
            self._take_over(*self._prepared, memory)

    def _take_over(self, settings: CoreSettings, lifeline: int | None, memory: CoreMemory | None) -> None:
        if lifeline is not None:
            self._engine.use_lifeline(lifeline)
        if memory is not None:
            self._reporter.recall(memory.reporter)
        self._engine.begin(settings, memory)
        refused = realtime.go_realtime(self._engine.realtime, settings.realtime_priority)
        self._parent.put(TookOver(tuple(refused)))

    # Configuration

    def _take_configuration(self, record: Configure, descriptors: list[int]) -> None:
        settings = messages.decode_settings(read_memory_file(descriptors.pop(0)), CoreSettings)
        lifeline = descriptors.pop(0) if record.lifeline else None
        self._use_fifos(record.fifos, descriptors)
        if self._predecessor is not None:
            notes = self._prepare(settings, lifeline)
        elif self._engine.is_configured:
            notes = []
            if lifeline is not None:
                os.close(lifeline)  # the one we have had since the start
            self._engine.configure(settings)
        else:
            notes = self._start(settings, lifeline)
        self._parent.put(Ready(tuple(notes)))

    def _start(self, settings: CoreSettings, lifeline: int | None) -> list[str]:
        """The first configuration. Returns what was refused, for people."""
        if lifeline is not None:
            self._engine.use_lifeline(lifeline)
        refused = realtime.go_realtime(self._engine.realtime, settings.realtime_priority)
        refused += [text for text in (realtime.lock_memory(), realtime.drop_capabilities()) if text]
        self._engine.configure(settings)
        realtime.freeze_memory()
        return refused

    def _use_fifos(self, paths: tuple[str, ...], descriptors: list[int]) -> None:
        previous, self._fifo_descriptors = self._fifo_descriptors, descriptors
        writers = [FifoWriter(fd, path) for path, fd in zip(paths, descriptors, strict=True)]
        self._reporter.use_fifos(writers)
        for descriptor in previous:
            os.close(descriptor)
