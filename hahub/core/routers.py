"""All virtual routers of this host: made, changed and removed as the configuration says, found by packet or name."""

import time
from collections.abc import Callable, Iterator, Mapping

from hahub.core.afterwards import Afterwards
from hahub.core.announcer import Announcer
from hahub.core.group import Group
from hahub.core.interfaces import Interfaces, Needs, Use, use_of
from hahub.core.log import INFO, WARNING, CoreLog
from hahub.core.paces import Paces
from hahub.core.router import Router, key_of
from hahub.core.schedule import Schedule
from hahub.core.succession import CoreMemory, GroupMemory, RouterMemory
from hahub.core.virtual import VirtualInterfaces
from hahub.core.volley import Volley
from hahub.family import Family
from hahub.lifeline import Lifeline
from hahub.messages import FileResult, Maintenance, ProcessResult, ScriptResult, TrackerResult
from hahub.model import Kind, State
from hahub.net.addresses import encode_batches, held
from hahub.net.links import LinkMonitor
from hahub.net.routewatch import Removed
from hahub.settings import (
    CoreSettings,
    InstanceSettings,
    SyncGroupSettings,
    TrackerKey,
    VirtualAddress,
    VirtualInterface,
)
from hahub.vrrp import events
from hahub.vrrp.actions import Report
from hahub_fifo import Line

Tell = Callable[[InstanceSettings | SyncGroupSettings, Report], None]


class Routers:
    """The routers and sync groups of the configuration in force."""

    def __init__(
        self,
        *,
        monitor: LinkMonitor,
        volley: Volley,
        schedule: Schedule[Router],
        log: CoreLog,
        tell: Tell,
        afterwards: Afterwards,
        paces: Paces,
    ) -> None:
        self.interfaces = Interfaces(monitor, log)
        self.virtual = VirtualInterfaces(monitor, log)
        self._monitor = monitor
        self._volley = volley
        self._schedule = schedule
        self._log = log
        self._tell = tell
        self._afterwards = afterwards
        self._paces = paces
        self._settings = CoreSettings(node="")
        self._by_name: dict[str, Router] = {}
        self._by_wire: dict[tuple[str, Family, int], Router] = {}
        self._groups: dict[str, Group] = {}
        self._verdicts: dict[TrackerKey, TrackerResult] = {}
        self._maintenance = Maintenance(on=False)
        self._configured = False
        self._startup_delay = 0.0
        self._lifeline: Lifeline | None = None

    def use_lifeline(self, lifeline: Lifeline) -> None:
        """Go on, at the first ``configure``, where the earlier life of the core was master; remember this one."""
        self._lifeline = lifeline

    def __iter__(self) -> Iterator[Router]:
        return iter(list(self._by_name.values()))

    def on_wire(self, interface: str, family: Family, virtual_router_id: int) -> Router | None:
        """The router that a packet is for."""
        return self._by_wire.get((interface, family, virtual_router_id))

    @property
    def node(self) -> str:
        return self._settings.node

    def configure(self, settings: CoreSettings) -> None:
        """Take a configuration, the first or another: what did not change is not touched."""
        now = time.monotonic()
        if not self._configured:
            self._startup_delay = self._delay_of_this_life(settings)
        states, added = self._make(settings, now)
        self.virtual.remove_others()
        if not self._configured:
            self._remove_strangers(settings)
        self._start_groups(states, added, now)
        self._start(added, now)
        self._configured = True

    def _make(self, settings: CoreSettings, now: float) -> tuple[dict[str, State], list[Router]]:
        """Have exactly these; what was last told of groups that are no more as they were, and the new routers."""
        self._settings = settings
        self._paces.configure(settings.pacing)
        self.interfaces.debounce.configure(settings.link_delays)
        wanted = {instance.name: instance for instance in settings.instances}
        gone = [each for each in self if each.settings.name not in wanted or _moved(each.settings, wanted)]
        states = self._dissolve_groups(gone)
        for router in gone:
            self._remove(router)
        self.virtual.configure((each for i in settings.instances for each in i.virtual_interfaces), now)
        used = _interfaces_of(settings)
        self.interfaces.use(used, never_a_source=_never_a_source(settings), hear_all=settings.log_unknown_vrids)
        added = [self._add(instance, now) for name, instance in wanted.items() if name not in self._by_name]
        for router in self:
            if router.settings != wanted[router.settings.name]:
                router.reconfigure(wanted[router.settings.name], now)
                self._recall(router, now)
        self.interfaces_changed(set(used), now)
        return states, added

    # Succession

    def prepare(self, settings: CoreSettings) -> None:
        """Have these ready, in place of a first ``configure``; none of them does anything before ``begin``."""
        self.virtual.stand_by()
        self._make(settings, time.monotonic())

    def begin(self, memory: CoreMemory | None) -> None:
        """Go on where another core has stopped, or, without its memory, as after its death."""
        now = time.monotonic()
        self.virtual.take_over(now)
        if self._lifeline is not None:
            for router in self:
                key = key_of(router.settings)
                router.use_slot(self._lifeline.claim(key), self._lifeline.sequences.pop(key, 0))
        known = {each.name: each for each in memory.routers} if memory is not None else {}
        recalled = [router for router in self if _is_same(router, known.get(router.settings.name))]
        for router in recalled:
            router.recall(known[router.settings.name])
        groups = {each.name: each.state for each in memory.groups} if memory is not None else {}
        self._recall_groups(groups, recalled)
        added = [router for router in self if router not in recalled]
        self._start_groups(groups, added, now)
        self._start(added, now)
        self._configured = True
        for router in recalled:
            router.handle(events.Recalled(), now)

    def _recall_groups(self, states: Mapping[str, State], recalled: list[Router]) -> None:
        """Those whose members all go on; their members know already that they have one."""
        for settings in self._settings.groups:
            members = {name: self._by_name[name] for name in settings.members}
            if settings.name in states and all(member in recalled for member in members.values()):
                self._groups[settings.name] = Group(settings, members, self._tell, state=states[settings.name])

    def remember(self) -> tuple[tuple[RouterMemory, ...], tuple[GroupMemory, ...]]:
        """What the next core needs to go on with them."""
        routers = tuple(router.remember() for router in self)
        return routers, tuple(group.remember() for group in self._groups.values())

    @property
    def lines(self) -> list[Line]:
        """What the FIFOs would say of everything now: groups first, as keepalived at a reload."""
        groups = [Line(Kind.GROUP, name, group.state, 0) for name, group in self._groups.items()]
        routers = [
            Line(Kind.INSTANCE, router.settings.name, router.instance.state, router.instance.priority)
            for router in self
        ]
        return [line for line in (*groups, *routers) if line.state is not State.INIT]

    def _delay_of_this_life(self, settings: CoreSettings) -> float:
        """Seconds until adverts are heard; none for a core that goes on where another has ended."""
        if self._lifeline is not None and self._lifeline.is_continued:
            return 0.0
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        delay = max(settings.startup_delay, settings.delay_after_boot - uptime)
        if delay > 0:
            self._log.write(INFO, f"listening begins in {delay:.3g} s")
        return max(delay, 0.0)

    def _add(self, settings: InstanceSettings, now: float) -> Router:
        grouped = any(settings.name in group.members for group in self._settings.groups)
        router = Router(
            settings,
            startup_delay=0.0 if self._configured else self._startup_delay,
            interfaces=self.interfaces,
            volley=self._volley,
            log=self._log,
            tell=self._tell,
            schedule=self._schedule,
            announcer=Announcer(self.interfaces, self._paces, self._volley, self._afterwards, self._log),
            problem_of=self.virtual.problem_of,
            slot=self._lifeline.claim(key_of(settings)) if self._lifeline is not None else None,
            last_sequence=self._lifeline.sequences.pop(key_of(settings), 0) if self._lifeline is not None else 0,
            grouped=grouped,
        )
        self._by_name[settings.name] = router
        self._by_wire[settings.interface, settings.family, settings.virtual_router_id] = router
        if self._maintenance.on:
            router.handle(events.MaintenanceChanged(True, self._maintenance.detail), now)
        self._recall(router, now)
        return router

    def _recall(self, router: Router, now: float) -> None:
        """What it tracks may have been judged before: nobody says so again."""
        for tracked in router.settings.tracked:
            result = self._verdicts.get(tracked.tracker)
            if result is not None:
                router.handle(_event_of(result), now)

    def _dissolve_groups(self, gone: list[Router]) -> dict[str, State]:
        """Dissolve the groups that do not stay as they are; what was last told of each."""
        dissolved: dict[str, State] = {}
        for name, group in list(self._groups.items()):
            if group.settings not in self._settings.groups or any(router.group is group for router in gone):
                group.dissolve()
                dissolved[name] = self._groups.pop(name).state
        return dissolved

    def _start_groups(self, states: dict[str, State], added: list[Router], now: float) -> None:
        """Make the groups that are new or have other members; an instance that left one goes on alone."""
        for settings in self._settings.groups:
            if settings.name in self._groups:
                continue
            members = {name: self._by_name[name] for name in settings.members}
            group = Group(settings, members, self._tell, state=states.get(settings.name, State.INIT))
            self._groups[settings.name] = group
            if all(self._may_resume(member, now) for member in members.values()):
                group.resume(now)
                continue
            for member in members.values():
                if member in added:
                    self._clean_up(member)
            group.start(now)
        for router in self:
            if router.group is None and router.instance.is_grouped:
                router.handle(events.GroupLeft(), now)

    def _start(self, added: list[Router], now: float) -> None:
        for router in added:
            if router.group is not None:
                continue
            if self._may_resume(router, now):
                router.handle(events.Resumed(), now)
            else:
                self._clean_up(router)
                router.handle(events.Started(), now)

    def _may_resume(self, router: Router, now: float) -> bool:
        """Was it master a moment ago, so short that no peer has missed it?"""
        if self._lifeline is None or self._configured:
            return False
        sent_at = self._lifeline.recovered.get(key_of(router.settings))
        if sent_at is None or router.instance.own_fault is not None:
            return False
        silent = now - sent_at
        # What peers wait beyond this, their Skew_Time, is the room for the advert to arrive.
        if not 0 <= silent < router.settings.down_timer_adverts * router.settings.advert_int:
            return False
        self._log.write(WARNING, f"{router.settings.name}: goes on as MASTER after {silent:.3f} s without a core")
        return True

    def _clean_up(self, router: Router) -> None:
        """Nobody has claimed these addresses yet in this life."""
        left = held(self._monitor.table, router.settings.all_addresses)
        if left and not router.settings.is_owner:
            text = f"removing {', '.join(map(str, left))}, left by an earlier run"
            self._log.write(INFO, f"{router.settings.name}: {text}")
            router.remove_addresses()
        elif (router.settings.routes or router.settings.rules) and not router.settings.is_owner:
            router.remove_addresses()

    def _remove_strangers(self, settings: CoreSettings) -> None:
        """Addresses on interfaces that are ours alone, from another configuration, or of a keepalived before us."""
        wanted = {address for instance in settings.instances for address in instance.all_addresses}
        known = {(a.interface, a.number, a.prefix_length) for a in (*wanted, *settings.statics.addresses)}
        strangers = [
            VirtualAddress(a.family.text(a.address), a.prefix_length, name)
            for name in self.virtual.names
            if (link := self._monitor.table.get(name)) is not None
            for a in link.all_addresses
            if (name, a.address, a.prefix_length) not in known
        ]
        if strangers:
            self._log.write(INFO, f"removing {', '.join(map(str, strangers))} from interfaces of virtual MACs")
            self._volley.commands.submit(encode_batches(strangers, self.interfaces.index_of).remove)

    def _remove(self, router: Router) -> None:
        router.perform(router.instance.removed())
        self._schedule.remove(router)
        if self._lifeline is not None:
            self._lifeline.release(key_of(router.settings))
        del self._by_name[router.settings.name]
        del self._by_wire[router.settings.interface, router.settings.family, router.settings.virtual_router_id]

    def leave_renamed_wires(self, names: set[str]) -> None:
        """Before sockets are made anew: some of these interfaces may have other names now."""
        for router in self:
            if router.settings.interface in names:
                router.leave_renamed_wire()

    def interfaces_changed(self, names: set[str], now: float) -> list[Router]:
        """Let the routers know that use these interfaces; those routers."""
        touched = [router for router in self if not names.isdisjoint(router.watched_names)]
        for router in touched:
            router.interface_changed(now)
        return touched

    @property
    def have_routes(self) -> bool:
        """Is there any route or rule whose removal matters?"""
        return any(router.settings.routes or router.settings.rules for router in self)

    def routes_removed(self, removed: set[Removed] | None, now: float) -> None:
        """Let all routers know of routes and rules that are gone; None: nobody knows which."""
        for router in self:
            router.routes_removed(removed, now)

    def host_slept(self, seconds: float) -> None:
        """It was suspended, and nobody's timer has run."""
        now = time.monotonic()
        for router in self:
            router.handle(events.HostSlept(seconds), now)

    def maintain(self, maintenance: Maintenance) -> None:
        """Lower all routers, also those that come later, or give them back what they are worth."""
        self._maintenance = maintenance
        now = time.monotonic()
        for router in self:
            router.handle(events.MaintenanceChanged(maintenance.on, maintenance.detail), now)

    def tracker_judged(self, result: TrackerResult) -> None:
        """Take the verdict of a tracker, and keep it for routers that come later."""
        self._verdicts[result.tracker] = result
        now = time.monotonic()
        for router in self:
            if any(tracked.tracker == result.tracker for tracked in router.settings.tracked):
                router.handle(_event_of(result), now)

    def shutdown(self) -> None:
        """Everyone resigns and reports STOP, groups after their members."""
        now = time.monotonic()
        for router in self:
            if router.group is None:
                router.handle(events.ShutdownRequested(), now)
        for group in self._groups.values():
            group.shutdown(now)
        for router in self:
            if router.rejected:
                text = f"{router.settings.name}: dropped {router.rejected} packets that were no valid advertisements"
                self._log.write(INFO, text)


def _event_of(result: TrackerResult) -> events.TrackerChanged:
    match result:
        case ScriptResult(script=name, succeeded=succeeded, detail=detail):
            return events.ScriptChanged(name, succeeded, detail)
        case ProcessResult(process=name, succeeded=succeeded, detail=detail):
            return events.ProcessesChanged(name, succeeded, detail)
        case FileResult(file=name, value=value, detail=detail):
            return events.FileChanged(name, value, detail)


def _never_a_source(settings: CoreSettings) -> frozenset[int]:
    """Virtual addresses, but for those of an owner, whose own address is one."""
    return frozenset(
        address.number for instance in settings.instances if not instance.is_owner for address in instance.all_addresses
    )


def _interfaces_of(settings: CoreSettings) -> dict[str, Needs]:
    """Interface names with what is needed there."""
    uses: dict[str, set[Use]] = {}
    virtual: dict[str, VirtualInterface] = {}
    for instance in settings.instances:
        uses.setdefault(instance.interface, set()).add(use_of(instance))
        virtual |= {each.name: each for each in instance.virtual_interfaces}
        for address in instance.all_addresses:
            uses.setdefault(address.interface, set())
        for route in instance.routes:
            for name in route.interfaces:
                uses.setdefault(name, set())
    needs = {name: Needs(frozenset(each)) for name, each in uses.items()}
    for name, each in virtual.items():
        needs[name] = Needs(frozenset(uses.get(each.base, ())), each)
    return needs


def _is_same(router: Router, memory: RouterMemory | None) -> bool:
    """Is it the virtual router that another process remembers?"""
    if memory is None:
        return False
    return key_of(router.settings) == (memory.interface, memory.virtual_router_id, memory.versions)


def _moved(before: InstanceSettings, wanted: dict[str, InstanceSettings]) -> bool:
    """Is it another virtual router under the same name?"""
    return key_of(before) != key_of(wanted[before.name])
