"""The core's process: one loop for timers, packets and netlink, and the links to parent and hub.

The loop's descriptors are gathered in an epoll of their own, so that one wake-up of trio serves all that is
ready, timers first: a flood of packets cannot hold up an advert (VR-142). After a long sleep it is the other way
round: adverts that arrived meanwhile are heard before a master is declared dead.
"""

import os
import select
import time
import uuid
from collections.abc import Callable

import trio

from hahub import messages
from hahub.core import realtime
from hahub.core.deadline import DeadlineTimer
from hahub.core.interfaces import Interface, Interfaces
from hahub.core.log import ERROR, INFO, WARNING, CoreLog
from hahub.core.outlet import Outlet
from hahub.core.reporter import Reporter
from hahub.core.router import Router
from hahub.core.schedule import Schedule
from hahub.link import Link, LinkClosedError, read_memory_file
from hahub.messages import Ack, Configure, HubLink, Ready, ScriptResult, Shutdown, Stopped
from hahub.model import State
from hahub.net.addresses import AddressCommands, held
from hahub.net.links import LinkMonitor
from hahub.settings import CoreSettings, InstanceSettings
from hahub.vrrp import events
from hahub.vrrp.actions import Report
from hahub_fifo import FifoWriter

OVERSLEPT = 0.005
"""Seconds; a timer that is later than this lets the packets that wait go first."""
PACKETS_PER_TURN = 64
ACK_WAIT = 1.0
"""Seconds that a stopping core waits for the hub to journal its last transitions."""


class Core:
    """All virtual routers of this host, and who is told about them."""

    def __init__(self, parent: Link) -> None:
        self._parent_link = parent
        self._parent = Outlet()
        self._parent.attach(parent)
        self._log = CoreLog(self._parent)
        self._reporter = Reporter(uuid.uuid4().hex[:16], self._parent)
        self._monitor = LinkMonitor()
        self._commands = AddressCommands()
        self._interfaces = Interfaces(self._monitor, self._virtual_addresses)
        self._settings = CoreSettings(node="")
        self._routers: dict[str, Router] = {}
        self._by_wire: dict[tuple[str, int], Router] = {}
        self._verdicts: dict[str, ScriptResult] = {}
        self._fifo_descriptors: list[int] = []
        self._timer = DeadlineTimer()
        self._schedule: Schedule[Router] = Schedule()
        self._epoll = select.epoll()
        self._watched: dict[int, Callable[[], None]] = {}
        self._receivers: dict[int, Interface] = {}
        self._hub: Link | None = None
        self._acknowledged = trio.Event()
        self._stopping = trio.Event()
        self._configured = False

    # The life of the process

    async def run(self) -> None:
        """Until the parent says Shutdown, or is gone."""
        self._monitor.open()
        self._watch(self._timer.fileno(), self._timer_fired)
        self._watch(self._monitor.fileno(), self._links_changed)
        self._watch(self._commands.fileno(), self._collect_refusals)
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
        now = time.monotonic()
        for router in self._routers.values():
            router.handle(events.ShutdownRequested(), now)
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
        for router in self._routers.values():
            if router.instance.state is State.MASTER:
                router.resign()
        self._interfaces.close()

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
            self._timer.set(self._schedule.earliest)

    def _timer_fired(self) -> None:
        self._timer.clear()
        earliest, now = self._schedule.earliest, time.monotonic()
        if earliest is not None and now - earliest > OVERSLEPT:
            for interface in list(self._receivers.values()):
                self._receive(interface)
        # Handling takes time, in which more may become due.
        while (router := self._schedule.pop_due(now)) is not None:
            router.handle(events.DeadlineReached(), now)
            now = time.monotonic()

    def _receive(self, interface: Interface) -> None:
        if interface.receiver is None:
            return
        now = time.monotonic()
        for packet in interface.receiver.receive_batch(PACKETS_PER_TURN):
            payload = (packet[0] & 0x0F) * 4 if packet else 0
            if len(packet) < payload + 2:
                continue
            router = self._by_wire.get((interface.name, packet[payload + 1]))
            if router is not None:
                router.packet_received(packet, now)

    def _collect_refusals(self) -> None:
        for refusal in self._commands.collect():
            self._log.limited(ERROR, "addresses", str(refusal), str(refusal))

    # Interfaces

    def _virtual_addresses(self) -> frozenset[int]:
        """Addresses that are never a source: they come and go with the state."""
        return frozenset(
            number
            for router in self._routers.values()
            if not router.settings.is_owner
            for number in router.address_numbers
        )

    def _links_changed(self) -> None:
        changed = self._monitor.drain()
        if not changed:
            return
        now = time.monotonic()
        self._refresh(changed)
        touched = [r for r in self._routers.values() if not changed.isdisjoint(r.interface_names)]
        for router in touched:
            router.interface_changed(now)
        present = {
            (name, address.address, address.prefix_length)
            for name in changed
            if (link := self._monitor.table.get(name)) is not None
            for address in link.addresses
        }
        for router in touched:
            router.addresses_checked(changed, present, now)

    def _refresh(self, names: set[str]) -> None:
        """Let sockets follow the interfaces, and the loop follow the sockets."""
        self._unwatch_receivers()
        for name, error in self._interfaces.refresh(names):
            self._log.limited(ERROR, name, "socket", f"no socket on this interface: {error}")
        self._watch_receivers()

    def _unwatch_receivers(self) -> None:
        for fd in self._receivers:
            self._epoll.unregister(fd)
        self._receivers.clear()

    def _watch_receivers(self) -> None:
        for interface in self._interfaces.all():
            if interface.receiver is not None:
                fd = interface.receiver.fileno()
                self._receivers[fd] = interface
                self._epoll.register(fd, select.EPOLLIN)

    # Configuration

    def configure(self, settings: CoreSettings) -> None:
        """Take a configuration, the first or another: what did not change is not touched."""
        now = time.monotonic()
        wanted = {instance.name: instance for instance in settings.instances}
        self._settings = settings
        for name, router in list(self._routers.items()):
            if name not in wanted or _moved(router.settings, wanted[name]):
                self._remove(router)
        self._use_interfaces(settings)
        for name, instance in wanted.items():
            known = self._routers.get(name)
            if known is None:
                self._add(instance, now)
            elif known.settings != instance:
                known.reconfigure(instance, now)
        self._refresh({instance.interface for instance in settings.instances})
        for router in self._routers.values():
            router.interface_changed(now)
        self._timer.set(self._schedule.earliest)

    def _use_interfaces(self, settings: CoreSettings) -> None:
        wanted: dict[str, set[int]] = {}
        for instance in settings.instances:
            wanted.setdefault(instance.interface, set()).add(instance.virtual_router_id)
            for address in instance.virtual_addresses:
                wanted.setdefault(address.interface, set())
        self._unwatch_receivers()
        for name, error in self._interfaces.use({n: frozenset(v) for n, v in wanted.items()}):
            self._log.limited(ERROR, name, "socket", f"no socket on this interface: {error}")
        self._watch_receivers()

    def _add(self, settings: InstanceSettings, now: float) -> None:
        router = Router(
            settings,
            startup_delay=0.0 if self._configured else self._settings.startup_delay,
            interfaces=self._interfaces,
            commands=self._commands,
            log=self._log,
            tell=self._tell,
            schedule=self._schedule,
        )
        self._routers[settings.name] = router
        self._by_wire[settings.interface, settings.virtual_router_id] = router
        left = held(self._monitor.table, settings.virtual_addresses)
        if left and not settings.is_owner:
            self._log.write(INFO, f"{settings.name}: removing {', '.join(map(str, left))}, left by an earlier run")
            router.remove_addresses()
        for script in settings.track_scripts:
            result = self._verdicts.get(script.name)
            if result is not None:
                router.handle(events.ScriptChanged(result.script, result.succeeded, result.detail), now)
        self._refresh({settings.interface})
        router.start(now)

    def _remove(self, router: Router) -> None:
        router.perform(router.instance.removed())
        self._schedule.remove(router)
        del self._routers[router.settings.name]
        del self._by_wire[router.settings.interface, router.settings.virtual_router_id]

    def _tell(self, settings: InstanceSettings, report: Report) -> None:
        self._reporter.report(self._settings.node, settings, report)
        if report.state.is_event:
            self._log.limited(INFO, settings.name, report.state, f"{report.state} ({report.reason})")
        else:
            text = f"{settings.name}: {report.previous} -> {report.state} priority={report.priority} ({report.reason})"
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
                case Configure(fifos=paths):
                    self._take_configuration(paths, descriptors)
                case HubLink():
                    self._hub = Link.from_fileno(descriptors[0])
                    self._reporter.connect_hub(self._hub)
                    nursery.start_soon(self._serve_hub, self._hub)
                case ScriptResult():
                    self._script_judged(record)
                case Shutdown():
                    self._stopping.set()
                case _:
                    self._log.write(WARNING, f"unexpected record {type(record).__name__} from the parent")

    def _take_configuration(self, paths: tuple[str, ...], descriptors: list[int]) -> None:
        settings = messages.decode_settings(read_memory_file(descriptors[0]), CoreSettings)
        self._use_fifos(paths, descriptors[1:])
        if self._configured:
            self.configure(settings)
            self._parent.put(Ready())
            return
        notes = realtime.go_realtime(settings.realtime_priority)
        if refused := realtime.drop_capabilities():
            notes.append(refused)
        self.configure(settings)
        self._configured = True
        realtime.freeze_memory()
        self._parent.put(Ready(tuple(notes)))

    def _script_judged(self, result: ScriptResult) -> None:
        self._verdicts[result.script] = result
        now = time.monotonic()
        for router in self._routers.values():
            if any(script.name == result.script for script in router.settings.track_scripts):
                router.handle(events.ScriptChanged(result.script, result.succeeded, result.detail), now)
        self._timer.set(self._schedule.earliest)

    async def _serve_hub(self, link: Link) -> None:
        """Take acknowledgements until this life of the hub ends; a newer link may have come already."""
        try:
            while True:
                record, _ = await link.receive()
                if isinstance(record, Ack):
                    self._reporter.acknowledged(record)
                    self._acknowledged.set()
        except LinkClosedError:
            if self._hub is link:
                self._reporter.disconnect_hub()
                self._hub = None
                self._acknowledged.set()
        finally:
            link.close()


def _moved(before: InstanceSettings, after: InstanceSettings) -> bool:
    """Is it another virtual router under the same name?"""
    return (before.interface, before.virtual_router_id, before.version) != (
        after.interface,
        after.virtual_router_id,
        after.version,
    )
