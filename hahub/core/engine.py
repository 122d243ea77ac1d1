"""The core's engine: one loop for timers, packets and netlink, which makes the virtual routers work.

The loop's descriptors are gathered in an epoll of their own, so that one wake-up of trio serves all that is
ready, timers first: a flood of packets cannot hold up an advert (VR-142). After a long sleep it is the other way
round: adverts that arrived meanwhile are heard before a master is declared dead.
"""

import select
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import trio

from hahub.core import realtime
from hahub.core.afterwards import Afterwards
from hahub.core.bursts import Bursts
from hahub.core.deadline import DeadlineTimer
from hahub.core.interfaces import Interface
from hahub.core.log import ERROR, INFO, WARNING, CoreLog
from hahub.core.paces import Paces
from hahub.core.promotion import Promotion
from hahub.core.punctuality import Punctuality
from hahub.core.reporter import Reporter
from hahub.core.router import Router
from hahub.core.routers import Routers
from hahub.core.schedule import Schedule
from hahub.core.statics import Statics
from hahub.core.succession import CoreMemory
from hahub.core.suspension import Suspension
from hahub.core.turns import turn
from hahub.core.unknown import tell_unknown
from hahub.core.volley import Volley
from hahub.family import Family
from hahub.lifeline import BEAT_INTERVAL, Lifeline
from hahub.messages import Maintenance, TrackerResult
from hahub.model import State
from hahub.net.links import LinkMonitor
from hahub.net.routewatch import RouteWatch
from hahub.settings import CoreSettings, InstanceSettings, SyncGroupSettings
from hahub.vrrp import events
from hahub.vrrp.actions import Report
from hahub.vrrp.packet import Datagram, virtual_router_id_of

OVERSLEPT = 0.005
"""Seconds; a timer that is later than this lets the packets that wait go first."""
PACKETS_PER_TURN = 64
ROUTERS_PER_VOLLEY = 32
"""While these are decided, some 12 µs for each, the first of them waits."""
HEAD_START = 0.0003
"""Seconds that the core is awake before an election is due: waking up, with cold caches, takes that long."""
EARLY_MAX = 4096
"""Packets kept while another core acts; those that it has not heard are those of some milliseconds."""


class Engine:
    """All virtual routers of this host. Open it, run it, close it."""

    def __init__(self, reporter: Reporter, log: CoreLog, afterwards: Afterwards, volley: Volley) -> None:
        self._reporter = reporter
        self._log = log
        self._afterwards = afterwards
        self._monitor = LinkMonitor()
        self._volley = volley
        self._commands = volley.commands
        self._route_watch = RouteWatch(own_port=self._commands.port)
        self._statics = Statics(self._commands, self._index_of, log)
        self._promotion = Promotion(self._commands, self._index_of)
        self._timer = DeadlineTimer()
        self._punctuality = Punctuality(log)
        self._schedule: Schedule[Router] = Schedule(turn)
        self._paces = Paces()
        self._bursts = Bursts()
        self._routers = Routers(
            monitor=self._monitor,
            volley=volley,
            schedule=self._schedule,
            log=log,
            tell=self._tell,
            afterwards=afterwards,
            paces=self._paces,
        )
        self._debounce = self._routers.interfaces.debounce
        self._epoll = select.epoll()
        self._watched: dict[int, Callable[[], None]] = {}
        self._receivers: dict[int, Interface] = {}
        """By descriptor; an interface may have several."""
        self._lifeline: Lifeline | None = None
        self._beat_at: float | None = None
        self._waits = False
        """Another core acts; what is heard is kept."""
        self._early: deque[tuple[Interface, Family, bytes | Datagram, float]] = deque(maxlen=EARLY_MAX)
        self._over = False
        self._suspension = Suspension()
        self.is_configured = False
        self.realtime = realtime.RealTime()

    # Its life

    def open(self) -> None:
        """Begin to hear from the kernel. Raises OSError."""
        self._monitor.open()
        self._watch(self._timer.fileno(), self._timer_fired)
        self._watch(self._monitor.fileno(), self._links_changed)
        self._watch(self._commands.fileno(), self._collect_refusals)
        self._watch(self._route_watch.fileno(), self._routes_removed)

    def use_lifeline(self, descriptor: int) -> None:
        """Memory of the parent's, ours from now on; once, before there are any routers at work."""
        self._lifeline = Lifeline(descriptor)
        self._routers.use_lifeline(self._lifeline)

    def configure(self, settings: CoreSettings) -> None:
        """Take a configuration, the first or another."""
        self._reporter.begin_reload()
        with self._receivers_rewatched():
            self._promotion.configure(settings)
            self._statics.configure(settings)
            self._routers.configure(settings)
        self._bursts.configure(settings.instances)
        if self.is_configured and settings.states_on_reload:
            self._reporter.restate(self._routers.lines)
        self._at_work()

    def _at_work(self) -> None:
        self.is_configured = True
        self._links_changed()  # those that were made just now
        self._route_watch.listen(needed=self._routers.have_routes or self._statics.have_routes)
        self._beat()
        self._arm()

    def prepare(self, settings: CoreSettings) -> None:
        """Have everything ready that the first ``configure`` makes, and do nothing: another core acts."""
        self._waits = True
        with self._receivers_rewatched():
            self._routers.prepare(settings)
        self._bursts.configure(settings.instances)

    def begin(self, settings: CoreSettings, memory: CoreMemory | None) -> None:
        """Go on where the other core has stopped, after ``prepare``; without its memory as after its death."""
        self._waits = False
        self._promotion.configure(settings)
        self._statics.configure(settings)
        if memory is not None:
            self._promotion.recall(memory.promoted)
        self._routers.begin(memory)
        for interface, family, packet, at in self._early:
            if memory is None or at > memory.at:
                self._hear(interface, family, packet, at)
        self._early.clear()
        self._at_work()

    def remember(self) -> CoreMemory:
        """Everything that another core needs to go on with; what has arrived so far is heard first."""
        for interface in list(self._receivers.values()):
            for _ in range(EARLY_MAX // PACKETS_PER_TURN):
                if not self._receive(interface):
                    break
        at = time.monotonic()  # what arrives from here on, while all this is put into words, is for the other core
        routers, groups = self._routers.remember()
        return CoreMemory(at, self._reporter.remember(), routers, groups, self._promotion.switched)

    def halt(self) -> None:
        """Do nothing any more, and leave everything on this host as it is: another core acts."""
        self._over = True

    def tracker_judged(self, result: TrackerResult) -> None:
        self._routers.tracker_judged(result)
        self._arm()

    def maintain(self, maintenance: Maintenance) -> None:
        self._routers.maintain(maintenance)
        self._arm()

    def shutdown(self) -> None:
        """Everyone resigns and reports STOP."""
        self._routers.shutdown()

    def close(self) -> None:
        """Whatever happened: no address stays behind, and no peer has to wait for a timeout."""
        if self._over:
            return
        for router in self._routers:
            if router.instance.state is State.MASTER:
                router.resign()
        self._statics.remove()
        self._promotion.restore()
        self._routers.interfaces.close()
        self._routers.virtual.remove()

    # The loop

    def _watch(self, fd: int, callback: Callable[[], None]) -> None:
        self._watched[fd] = callback
        self._epoll.register(fd, select.EPOLLIN)

    async def run(self) -> None:
        """Serve what is ready, for ever."""
        timer = self._timer.fileno()
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            if self._over:
                return
            ready = [fd for fd, _ in self._epoll.poll(0)]
            self._wake_up()
            if timer in ready:
                self._timer_fired()
            elif not self._receivers.keys().isdisjoint(ready):
                self._let_more_come()
            for fd in ready:
                if fd == timer:
                    continue
                if fd in self._receivers:
                    self._receive(self._receivers[fd])
                    self._bursts.read(time.monotonic())
                elif fd in self._watched:
                    self._watched[fd]()
            self._beat()
            self._arm()
            if self.realtime.come_back():
                text = "0.2 s of work without a pause, so a second without real time"
                self._log.limited(WARNING, "scheduling", "gave way", f"{text}, times={self.realtime.given_way}")

    def _wake_up(self) -> None:
        """Before anything is heard or said: the peers may have taken over long ago."""
        if slept := self._suspension.noticed():
            self._log.write(WARNING, f"this host was suspended for {slept:.3g} s")
            self._routers.host_slept(slept)

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
        self._statics.serve(time.monotonic())
        if self._routers.virtual.is_due(now):
            self._links_changed()
        if settled := self._debounce.due(now):
            self._routers.interfaces_changed(settled, now)

    def _serve(self, now: float) -> None:
        """All whose turn it is; handling takes time, in which more may become due."""
        while True:
            if not self._serve_due(now):
                router = self._about_to_elect(now)
                if router is None:
                    return
                for interface in self._routers.interfaces.hearing(router.settings.interface):
                    self._receive(interface)
            now = time.monotonic()

    def _serve_due(self, now: float) -> bool:
        """Some of those who are due, together; False when nobody is."""
        due = self._schedule.pop_all_due(now, ROUTERS_PER_VOLLEY)
        if not due:
            return False
        # The advert of one that is alone does not wait until all that follows from it has been decided.
        with self._volley.together() if len(due) > 1 else nullcontext():
            for router in due:
                deadline, settings = router.next_deadline or now, router.settings
                router.handle(events.DeadlineReached(), max(now, deadline))
                self._punctuality.served(settings.name, settings.advert_int, now - deadline)
        return True

    def _let_more_come(self) -> None:
        pause = self._bursts.pause(time.monotonic(), self._next_deadline)
        if pause:
            time.sleep(pause)

    @property
    def _next_deadline(self) -> float | None:
        """When to be awake: for the first deadline, and for an election a head start before it."""
        first, earliest = self._schedule.first, self._schedule.earliest
        if first is not None and earliest is not None and first.instance.state is State.BACKUP:
            earliest -= HEAD_START
        waiting = (
            *(earliest, self._beat_at, self._paces.next_deadline),
            *(self._statics.next_deadline, self._routers.virtual.retry_at, self._debounce.next_deadline),
        )
        return min([each for each in waiting if each is not None], default=None)

    def _arm(self) -> None:
        self._timer.set(self._next_deadline)

    def _about_to_elect(self, now: float) -> Router | None:
        """The backup whose master is given up too soon to sleep again; its adverts are heard till then."""
        first, earliest = self._schedule.first, self._schedule.earliest
        if first is None or earliest is None or first.instance.state is not State.BACKUP:
            return None
        return first if earliest - now <= HEAD_START else None

    def _receive(self, interface: Interface) -> bool:
        """Hear what waits; its time is that of its arrival. False when there was nothing."""
        heard = False
        for (family, _), receiver in interface.receivers.items():
            for packet, at in receiver.arrivals(PACKETS_PER_TURN):
                heard = True
                if self._waits:
                    self._early.append((interface, family, packet, at))
                else:
                    self._hear(interface, family, packet, at)
        return heard

    def _hear(self, interface: Interface, family: Family, packet: bytes | Datagram, at: float) -> None:
        number = _virtual_router_id(packet)
        router = self._routers.on_wire(interface.wire, family, number)
        if router is not None:
            router.packet_received(packet, at)
        elif interface.hears_all:
            tell_unknown(self._log, interface.wire, packet, number)

    def _collect_refusals(self) -> None:
        for refusal in self._commands.collect():
            self._log.limited(ERROR, "addresses", str(refusal), str(refusal))

    # Interfaces

    def _index_of(self, interface: str) -> int | None:
        return self._routers.interfaces.index_of(interface)

    def _links_changed(self) -> None:
        now = time.monotonic()
        changed = self._routers.virtual.settle(self._monitor.drain(), now)
        if not changed:
            return
        self._promotion.interfaces_changed(changed)
        self._statics.interfaces_changed(changed, now)
        self._routers.leave_renamed_wires(changed)
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
            now = time.monotonic()
            self._statics.routes_removed(removed, now)
            self._routers.routes_removed(removed, now)

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

    # Telling

    def _tell(self, subject: InstanceSettings | SyncGroupSettings, report: Report) -> None:
        self._reporter.report(self._routers.node, subject, report)
        self._afterwards.do(partial(self._log_report, subject, report))

    def _log_report(self, subject: InstanceSettings | SyncGroupSettings, report: Report) -> None:
        if report.state.is_event:
            level = WARNING if report.state is State.DUAL_MASTER else INFO
            self._log.limited(level, subject.name, report.state, f"{report.state} ({report.reason})")
            return
        level = WARNING if report.state is State.FAULT else INFO
        priority = f" priority={report.priority}" if isinstance(subject, InstanceSettings) else ""
        self._log.write(level, f"{subject.name}: {report.previous} -> {report.state}{priority} ({report.reason})")


def _virtual_router_id(packet: bytes | Datagram) -> int:
    """The second byte of the message; 0, which is nobody's, where there is none."""
    if isinstance(packet, Datagram):
        return packet.payload[1] if len(packet.payload) > 1 else 0
    return virtual_router_id_of(packet)
