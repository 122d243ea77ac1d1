"""The core's process: one loop for timers, packets and netlink, and the links to parent and hub.

The loop's descriptors are gathered in an epoll of their own, so that one wake-up of trio serves all that is
ready, timers first: a flood of packets cannot hold up an advert (VR-142). After a long sleep it is the other way
round: adverts that arrived meanwhile are heard before a master is declared dead.
"""

import os
import select
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import trio

from hahub import messages
from hahub.core import realtime
from hahub.core.afterwards import Afterwards
from hahub.core.deadline import DeadlineTimer
from hahub.core.interfaces import Interface
from hahub.core.log import ERROR, INFO, WARNING, CoreLog
from hahub.core.outlet import Outlet
from hahub.core.paces import Paces
from hahub.core.promotion import Promotion
from hahub.core.punctuality import Punctuality
from hahub.core.reporter import Reporter
from hahub.core.router import Router
from hahub.core.routers import Routers
from hahub.core.schedule import Schedule
from hahub.core.statics import Statics
from hahub.core.unknown import tell_unknown
from hahub.lifeline import BEAT_INTERVAL, Lifeline
from hahub.link import Link, LinkClosedError, read_memory_file
from hahub.messages import (
    Ack,
    Configure,
    FileResult,
    HubLink,
    Maintenance,
    ProcessResult,
    Ready,
    ScriptResult,
    Shutdown,
    Stopped,
)
from hahub.model import State
from hahub.net.addresses import AddressCommands
from hahub.net.links import LinkMonitor
from hahub.net.routewatch import RouteWatch
from hahub.settings import CoreSettings, InstanceSettings, SyncGroupSettings
from hahub.vrrp import events
from hahub.vrrp.actions import Report
from hahub.vrrp.packet import Datagram, virtual_router_id_of
from hahub_fifo import FifoWriter

OVERSLEPT = 0.005
"""Seconds; a timer that is later than this lets the packets that wait go first."""
PACKETS_PER_TURN = 64
HEAD_START = 0.0003
"""Seconds that the core is awake before an election is due: waking up, with cold caches, takes that long."""
TICK = 0.001
"""Seconds; adverts of one tick go out together, early by less than that: fewer wake-ups, half the processor time."""
ACK_WAIT = 1.0
"""Seconds that a stopping core waits for the hub to journal its last transitions."""


class Core:
    """All virtual routers of this host, and who is told about them."""

    def __init__(self, parent: Link) -> None:
        self._parent_link = parent
        self._parent = Outlet()
        self._parent.attach(parent)
        self._log = CoreLog(self._parent)
        self._afterwards = Afterwards()
        self._reporter = Reporter(uuid.uuid4().hex[:16], self._parent, self._log, self._afterwards)
        self._monitor = LinkMonitor()
        self._commands = AddressCommands()
        self._route_watch = RouteWatch(own_port=self._commands.port)
        self._statics = Statics(self._commands, self._index_of, self._log)
        self._promotion = Promotion(self._commands, self._index_of)
        self._fifo_descriptors: list[int] = []
        self._timer = DeadlineTimer()
        self._punctuality = Punctuality(self._log)
        self._schedule: Schedule[Router] = Schedule(turn)
        self._paces = Paces()
        self._routers = Routers(
            monitor=self._monitor,
            commands=self._commands,
            schedule=self._schedule,
            log=self._log,
            tell=self._tell,
            afterwards=self._afterwards,
            paces=self._paces,
        )
        self._epoll = select.epoll()
        self._watched: dict[int, Callable[[], None]] = {}
        self._receivers: dict[int, Interface] = {}
        """By descriptor; an interface may have several."""
        self._hub: Link | None = None
        self._acknowledged = trio.Event()
        self._stopping = trio.Event()
        self._lifeline: Lifeline | None = None
        self._beat_at: float | None = None
        self._configured = False
        self._realtime = realtime.RealTime()

    # The life of the process

    async def run(self) -> None:
        """Until the parent says Shutdown, or is gone."""
        self._monitor.open()
        self._watch(self._timer.fileno(), self._timer_fired)
        self._watch(self._monitor.fileno(), self._links_changed)
        self._watch(self._commands.fileno(), self._collect_refusals)
        self._watch(self._route_watch.fileno(), self._routes_removed)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._parent.run)
                nursery.start_soon(self._reporter.hub_outlet.run)
                nursery.start_soon(self._loop)
                nursery.start_soon(self._serve_parent, nursery)
                await self._stopping.wait()
                await self._stop()
                nursery.cancel_scope.cancel()
        finally:
            self._abandon()

    def stop(self) -> None:
        """Resign, report STOP and end. May be called more than once."""
        self._stopping.set()

    async def _stop(self) -> None:
        self._routers.shutdown()
        with trio.move_on_after(ACK_WAIT):
            while self._reporter.has_hub and not self._reporter.all_acknowledged:
                await self._acknowledged.wait()
                self._acknowledged = trio.Event()
        clean = self._reporter.all_acknowledged
        self._parent.put(Stopped("" if clean else "the last transitions are not in the journal", clean))
        with trio.move_on_after(ACK_WAIT):
            while not self._parent.is_empty:
                await trio.sleep(0.01)
                self._parent.flush()

    def _abandon(self) -> None:
        """Whatever happened: no address stays behind, and no peer has to wait for a timeout."""
        for router in self._routers:
            if router.instance.state is State.MASTER:
                router.resign()
        self._statics.remove()
        self._promotion.restore()
        self._routers.interfaces.close()

    # The loop

    def _watch(self, fd: int, callback: Callable[[], None]) -> None:
        self._watched[fd] = callback
        self._epoll.register(fd, select.EPOLLIN)

    async def _loop(self) -> None:
        timer = self._timer.fileno()
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            ready = [fd for fd, _ in self._epoll.poll(0)]
            if timer in ready:
                self._timer_fired()
            for fd in ready:
                if fd == timer:
                    continue
                if fd in self._receivers:
                    self._receive(self._receivers[fd])
                elif fd in self._watched:
                    self._watched[fd]()
            self._beat()
            self._arm()
            if self._realtime.come_back():
                text = "0.2 s of work without a pause, so a second without real time"
                self._log.limited(WARNING, "scheduling", "gave way", f"{text}, times={self._realtime.given_way}")

    def _beat(self) -> None:
        """This loop goes round: the parent need not end us."""
        if self._lifeline is not None:
            now = time.monotonic()
            self._lifeline.beat(now)
            self._beat_at = now + BEAT_INTERVAL

    def _timer_fired(self) -> None:
        self._timer.clear()
        earliest, now = self._schedule.earliest, time.monotonic()
        if earliest is not None and now - earliest > OVERSLEPT:
            for interface in list(self._receivers.values()):
                self._receive(interface)
        with self._afterwards.held():
            self._serve(now)
        self._paces.serve(time.monotonic())

    def _serve(self, now: float) -> None:
        """All whose turn it is; handling takes time, in which more may become due."""
        while True:
            if (router := self._schedule.pop_due(now)) is not None:
                due, settings = router.next_deadline or now, router.settings
                self._punctuality.served(settings.name, settings.advert_int, now - due)
                router.handle(events.DeadlineReached(), max(now, due))
            elif (router := self._about_to_elect(now)) is not None:
                self._receive(self._routers.interfaces[router.settings.interface])
            else:
                return
            now = time.monotonic()

    def _arm(self) -> None:
        """Wake up for the first deadline, and for an election a head start before it."""
        first, earliest = self._schedule.first, self._schedule.earliest
        if first is not None and earliest is not None and first.instance.state is State.BACKUP:
            earliest -= HEAD_START
        waiting = (earliest, self._beat_at, self._paces.next_deadline)
        self._timer.set(min([each for each in waiting if each is not None], default=None))

    def _about_to_elect(self, now: float) -> Router | None:
        """The backup whose master is given up too soon to sleep again; its adverts are heard till then."""
        first, earliest = self._schedule.first, self._schedule.earliest
        if first is None or earliest is None or first.instance.state is not State.BACKUP:
            return None
        return first if earliest - now <= HEAD_START else None

    def _receive(self, interface: Interface) -> None:
        """Hear what waits; its time is that of its arrival."""
        for (family, _), receiver in interface.receivers.items():
            for packet, at in receiver.arrivals(PACKETS_PER_TURN):
                number = _virtual_router_id(packet)
                router = self._routers.on_wire(interface.name, family, number)
                if router is not None:
                    router.packet_received(packet, at)
                elif interface.hears_all:
                    tell_unknown(self._log, interface.name, packet, number)

    def _collect_refusals(self) -> None:
        for refusal in self._commands.collect():
            self._log.limited(ERROR, "addresses", str(refusal), str(refusal))

    # Interfaces

    def _index_of(self, interface: str) -> int | None:
        return self._routers.interfaces.index_of(interface)

    def _links_changed(self) -> None:
        changed = self._monitor.drain()
        if not changed:
            return
        now = time.monotonic()
        self._promotion.interfaces_changed(changed)
        self._statics.interfaces_changed(changed)
        with self._receivers_rewatched():
            self._routers.interfaces.refresh(changed)
        touched = self._routers.interfaces_changed(changed, now)
        present = {
            (name, address.address, address.prefix_length)
            for name in changed
            if (link := self._monitor.table.get(name)) is not None
            for address in link.all_addresses
        }
        for router in touched:
            router.addresses_checked(changed, present, now)

    def _routes_removed(self) -> None:
        removed = self._route_watch.drain()
        if removed is None or removed:
            self._statics.routes_removed(removed)
            self._routers.routes_removed(removed, time.monotonic())

    @contextmanager
    def _receivers_rewatched(self) -> Iterator[None]:
        """Sockets may be closed and others opened inside; the loop follows."""
        for fd in self._receivers:
            self._epoll.unregister(fd)
        self._receivers.clear()
        yield
        for interface in self._routers.interfaces.all():
            for receiver in interface.receivers.values():
                fd = receiver.fileno()
                self._receivers[fd] = interface
                self._epoll.register(fd, select.EPOLLIN)

    # Configuration and telling

    def configure(self, settings: CoreSettings) -> None:
        """Take a configuration, the first or another."""
        self._reporter.begin_reload()
        with self._receivers_rewatched():
            self._promotion.configure(settings)
            self._statics.configure(settings)
            self._routers.configure(settings)
        self._route_watch.listen(needed=self._routers.have_routes or self._statics.have_routes)
        if self._configured and settings.states_on_reload:
            self._reporter.restate(self._routers.lines)
        self._beat()
        self._arm()

    def _tell(self, subject: InstanceSettings | SyncGroupSettings, report: Report) -> None:
        self._reporter.report(self._routers.node, subject, report)
        self._afterwards.do(partial(self._log_report, subject, report))

    def _log_report(self, subject: InstanceSettings | SyncGroupSettings, report: Report) -> None:
        if report.state.is_event:
            self._log.limited(INFO, subject.name, report.state, f"{report.state} ({report.reason})")
        else:
            text = f"{subject.name}: {report.previous} -> {report.state} priority={report.priority} ({report.reason})"
            self._log.write(INFO, text)

    def _use_fifos(self, paths: tuple[str, ...], descriptors: list[int]) -> None:
        previous, self._fifo_descriptors = self._fifo_descriptors, descriptors
        writers = [FifoWriter(fd, path) for path, fd in zip(paths, descriptors, strict=True)]
        self._reporter.use_fifos(writers)
        for descriptor in previous:
            os.close(descriptor)

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
                    self._hub = Link.from_fileno(descriptors[0])
                    self._reporter.connect_hub(self._hub)
                    nursery.start_soon(self._serve_hub, self._hub)
                case ScriptResult() | ProcessResult() | FileResult():
                    self._routers.tracker_judged(record)
                    self._arm()
                case Maintenance():
                    self._routers.maintain(record)
                    self._arm()
                case Shutdown():
                    self._stopping.set()
                case _:
                    self._log.write(WARNING, f"unexpected record {type(record).__name__} from the parent")

    def _take_configuration(self, record: Configure, descriptors: list[int]) -> None:
        settings = messages.decode_settings(read_memory_file(descriptors.pop(0)), CoreSettings)
        if record.lifeline:
            self._take_lifeline(descriptors.pop(0))
        self._use_fifos(record.fifos, descriptors)
        if self._configured:
            self.configure(settings)
            self._parent.put(Ready())
            return
        notes = realtime.go_realtime(self._realtime, settings.realtime_priority)
        if refused := realtime.drop_capabilities():
            notes.append(refused)
        self.configure(settings)
        self._configured = True
        realtime.freeze_memory()
        self._parent.put(Ready(tuple(notes)))

    def _take_lifeline(self, descriptor: int) -> None:
        if self._configured:
            os.close(descriptor)  # the one we have had since the start
        else:
            self._lifeline = Lifeline(descriptor)
            self._routers.use_lifeline(self._lifeline)

    async def _serve_hub(self, link: Link) -> None:
        """Take acknowledgements until this life of the hub ends; a newer link may have come already."""
        try:
            while True:
                record, descriptors = await link.receive()
                for descriptor in descriptors:
                    os.close(descriptor)
                if isinstance(record, Ack):
                    self._reporter.acknowledged(record)
                    self._acknowledged.set()
        except (LinkClosedError, messages.MessageError) as error:
            if isinstance(error, messages.MessageError):  # it talks to the world, and may do so no more with us
                self._log.write(ERROR, f"the hub sent what is no record, its link is closed: {error}")
            if self._hub is link:
                self._reporter.disconnect_hub()
                self._hub = None
                self._acknowledged.set()
        finally:
            link.close()


def turn(router: Router) -> float | None:
    """When a router is served: masters at the ticks of one clock, a backup at its very time, never before it."""
    deadline = router.next_deadline
    if deadline is None or router.instance.state is not State.MASTER:
        return deadline
    return deadline // TICK * TICK


def _virtual_router_id(packet: bytes | Datagram) -> int:
    """The second byte of the message; 0, which is nobody's, where there is none."""
    if isinstance(packet, Datagram):
        return packet.payload[1] if len(packet.payload) > 1 else 0
    return virtual_router_id_of(packet)
