"""One life of the core's process on a simulated host.

What ``hahub.core`` does with sockets, timers and links is done here with the world's queue, in the same order: timers
first, but packets first after a sleep (``loop``); who was master a moment ago, in an earlier life, goes on as one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hahub.model import State
from hahub.settings import InstanceSettings, SyncGroupSettings
from hahub.vrrp import events
from hahub.vrrp.actions import Action, AddAddresses, RemoveAddresses, Report, RestoreAddresses, SendAdvert
from hahub.vrrp.syncgroup import Step, SyncGroup
from tests.simulation.lifeline import Slot
from tests.simulation.loop import Loop
from tests.simulation.router import Router
from tests.simulation.voice import is_sealed
from tests.simulation.wire import Packet

if TYPE_CHECKING:
    from tests.simulation.host import Host

News = Callable[["Process"], None]
"""What the parent tells, to be taken in by whoever is the process then."""


class Process:
    """All virtual routers of a host, from start to end."""

    def __init__(self, host: "Host") -> None:
        self.host = host
        self.world = host.world
        self.routers: dict[str, Router] = {}
        self.groups: dict[str, SyncGroup] = {}
        self._group_settings = host.groups_in_force
        self._verdicts: dict[str, bool] = {}
        self.loop = Loop(host, self.routers, self._handle)
        self._backlog: list[News] = []
        """What the parent has said while the process was asleep."""

    # Life

    def start(self) -> None:
        """What the parent tells a new life, in the order of ``Children._greet_core``."""
        host = self.host
        left, host.lifeline = host.lifeline, {}
        delay = 0.0 if left else host.plan.startup_delay  # who goes on where another has ended has heard enough
        added = [self._add(each, startup_delay=delay, left=left.get(each.name)) for each in host.settings.values()]
        self.loop.configure()
        self.interfaces_changed()
        resumable = {router.name for router in added if self._may_resume(router, left.get(router.name))}
        self._start_groups({}, added, resumable)
        self._start(added, resumable)
        for script, succeeded in host.verdicts.items():
            self.judged(script, succeeded=succeeded)

    def follow(self, before: "Process") -> None:
        """Go on where another process has stopped, as ``Routers.prepare`` and ``begin`` do it; nobody may notice."""
        self._verdicts, self._backlog, self.loop.sockets = before._verdicts, before._backlog, before.loop.sockets
        slots = self.host.lifeline
        for settings in self.host.settings.values():
            self._add(settings, left=slots.get(settings.name))
        self.host.lifeline = slots
        self.loop.configure()
        self.interfaces_changed()
        for name, router in self.routers.items():
            router.follow(before.routers[name])
            self.world.masters.followed(self.host, before.routers[name], router)
        for settings in self._group_settings:
            members = tuple(self.routers[name] for name in settings.members)
            self._group(settings, members, before.groups[settings.name].state)
        for router in self.routers.values():
            self._handle(router, events.Recalled(), self.host.now)

    def end(self) -> None:
        """Gone without a word."""
        self.loop.restart()
        for router in self.routers.values():
            self.world.masters.gone(self.host, router)

    def retire(self) -> None:
        """Another process goes on."""
        self.loop.restart()

    @property
    def is_settled(self) -> bool:
        """No configuration is on its way to it."""
        same = {name: router.settings for name, router in self.routers.items()} == self.host.settings
        return same and self._group_settings == self.host.groups_in_force

    def shutdown(self) -> None:
        """Everyone resigns and reports STOP, groups after their members."""
        now = self.host.now
        for router in self.routers.values():
            if router.group is None:
                self._handle(router, events.ShutdownRequested(), now)
        for group in self.groups.values():
            self._decide(self._members(group), lambda group=group: group.shutdown(now), now)
        self.world.checks.stopped(self)

    def resume(self) -> None:
        """After a sleep: what has happened meanwhile arrives in a burst; the parent is heard first, or last."""
        self.clock_leapt()
        if self.world.rng.random() < 0.5:
            self._catch_up()
        self.loop.serve_after_sleep()
        self.loop.read()
        self.interfaces_changed()
        self._catch_up()
        self.loop.arm()

    def clock_leapt(self) -> None:
        """Nobody can have kept the time, and no timer is set as it should be."""
        for router in self.routers.values():
            router.sent_at = None
        self.loop.restart()
        self.loop.arm()

    def tell(self, news: "News") -> None:
        """The parent has news, which wait while the process sleeps."""
        if self.host.asleep:
            self._backlog.append(news)
        else:
            news(self)
            self.loop.arm()

    def _catch_up(self) -> None:
        backlog, self._backlog = self._backlog, []
        for news in backlog:
            news(self)

    # Configuration, in the order of ``Routers.configure``

    def reconfigure(self, wanted: dict[str, InstanceSettings], groups: tuple[SyncGroupSettings, ...]) -> None:
        now, self._group_settings = self.host.now, groups
        gone = [router for router in self.routers.values() if router.name not in wanted]
        states = self._dissolve_groups(gone)
        for router in gone:
            self._remove(router, now)
        added = [self._add(each) for each in wanted.values() if each.name not in self.routers]
        for router in self.routers.values():
            if router.settings != wanted[router.name]:
                self._change(router, wanted[router.name], now)
                self._recall(router)
        self.loop.configure()
        self.interfaces_changed()
        self._start_groups(states, added, set())
        self._start(added, set())

    def _add(self, settings: InstanceSettings, *, startup_delay: float = 0.0, left: Slot | None = None) -> Router:
        """left: in the lifeline, by an earlier life."""
        grouped = any(settings.name in group.members for group in self._group_settings)
        last_sequence = left.sequence if left is not None else 0
        router = Router(
            settings, startup_delay=startup_delay, grouped=grouped, wall=self.host.wall, last_sequence=last_sequence
        )
        router.changed_at = self.world.now
        self.routers[settings.name] = router
        self.host.lifeline[settings.name] = Slot(sequence=last_sequence)
        if self.host.maintenance:
            self._handle(router, events.MaintenanceChanged(on=True), self.host.now)
        self._recall(router)
        return router

    def _recall(self, router: Router) -> None:
        for tracked in router.settings.track_scripts:
            if tracked.name in self._verdicts:
                verdict = events.ScriptChanged(tracked.name, self._verdicts[tracked.name])
                self._handle(router, verdict, self.host.now)

    def _remove(self, router: Router, now: float) -> None:
        self._decide((router,), lambda: [(router.name, router.instance.removed())], now)
        self.world.checks.removed(self, router)
        del self.routers[router.name], self.host.lifeline[router.name]

    def _change(self, router: Router, settings: InstanceSettings, now: float) -> None:
        kept, held = set(settings.all_addresses), self.host.addresses.get(router.name, ())
        if held:
            self.host.addresses[router.name] = tuple(address for address in held if address in kept)
        group, before = router.group, router.settings

        def reconfigure() -> list[Step]:
            if group is not None:
                return group.reconfigure(router.name, settings, now)
            return [(router.name, router.instance.reconfigure(settings, now))]

        router.changed_at, router.sent_at = self.world.now, None
        self._decide(router.companions, reconfigure, now, changed=(router, before))

    def _dissolve_groups(self, gone: list[Router]) -> dict[str, State]:
        wanted = {settings.name: settings for settings in self._group_settings}
        dissolved = {}
        for name, group in list(self.groups.items()):
            members = self._members(group)
            same = name in wanted and tuple(member.name for member in members) == wanted[name].members
            if same and not any(member in gone for member in members):
                continue
            for member in members:
                member.group, member.companions = None, (member,)
            dissolved[name] = self.groups.pop(name).state
        return dissolved

    def _start_groups(self, states: dict[str, State], added: list[Router], resumable: set[str]) -> None:
        for settings in self._group_settings:
            if settings.name in self.groups:
                continue
            members = tuple(self.routers[name] for name in settings.members)
            group = self._group(settings, members, states.get(settings.name, State.INIT))
            resumed = resumable.issuperset(settings.members)
            for member in members:
                if member in added:
                    self._begin(member, resumed=resumed)
                else:
                    for each in members:
                        each.gathered = True
            self.world.checks.group_begins(self.host, group, resumed=resumed)
            start, now = group.resume if resumed else group.start, self.host.now
            self._decide(members, lambda start=start, now=now: start(now), now)
        for router in self.routers.values():
            if router.group is None and router.instance.is_grouped:
                self._handle(router, events.GroupLeft(), self.host.now)

    def _group(self, settings: SyncGroupSettings, members: tuple[Router, ...], told: State) -> SyncGroup:
        group = SyncGroup(settings.name, {each.name: each.instance for each in members}, state=told)
        self.groups[settings.name] = group
        for member in members:
            member.group, member.companions = group, members
        return group

    def _start(self, added: list[Router], resumable: set[str]) -> None:
        for router in added:
            if router.group is None:
                resumed = router.name in resumable
                self._begin(router, resumed=resumed)
                self._handle(router, events.Resumed() if resumed else events.Started(), self.host.now)

    def _begin(self, router: Router, *, resumed: bool) -> None:
        """A start that is no resumption finds no address that an earlier life has left."""
        router.oracle.deaf_until = self.host.now + (0.0 if resumed else router.startup_delay)
        router.oracle.begins(router.settings, self.host.now)
        if not resumed:
            self.host.addresses[router.name] = ()
        self.world.checks.begins(self.host, router, resumed=resumed)

    def _may_resume(self, router: Router, left: Slot | None) -> bool:
        """As ``Routers._may_resume`` has it. left: in the lifeline, by an earlier life."""
        if left is None or not left.holds or router.instance.own_fault is not None:
            return False
        return 0 <= self.host.now - left.sent_at < router.settings.down_timer_adverts * router.settings.advert_int

    def _members(self, group: SyncGroup) -> tuple[Router, ...]:
        return tuple(router for router in self.routers.values() if router.group is group)

    # Facts

    def interfaces_changed(self) -> None:
        """The kernel may have news."""
        for router in self.routers.values():
            settings, now = router.settings, self.host.now
            interface = self.host.interfaces[settings.interface]
            source = self.host.plan.source(settings) if interface.addressed or settings.source else None
            if router.source != source:
                router.encode(source)
            if router.told_of_interface != (interface.up, source):
                router.told_of_interface = (interface.up, source)
                self._handle(router, events.InterfaceChanged(interface.up, source), now)
            for tracked in settings.track_interfaces:
                up = self.host.interfaces[tracked.name].up
                if router.told_of_tracked.get(tracked.name) is not up:
                    router.told_of_tracked[tracked.name] = up
                    self._handle(router, events.TrackedInterfaceChanged(tracked.name, up), now)
        self.loop.arm()

    def judged(self, script: str, *, succeeded: bool) -> None:
        self._verdicts[script] = succeeded
        for router in self.routers.values():
            if any(tracked.name == script for tracked in router.settings.track_scripts):
                self._handle(router, events.ScriptChanged(script, succeeded), self.host.now)
        self.loop.arm()

    def maintained(self, *, on: bool) -> None:
        for router in self.routers.values():
            self._handle(router, events.MaintenanceChanged(on=on), self.host.now)

    def addresses_checked(self, name: str) -> None:
        """What is there is compared with what should be (``Router.addresses_checked``)."""
        router, missing = self.routers.get(name), self.host.missing.get(name, ())
        if router is not None and router.instance.holds_addresses and missing:
            self.world.checks.addresses_lost(self.host, router)
            self._handle(router, events.AddressesLost(tuple(map(str, missing))), self.host.now)

    def resignations(self) -> list[tuple[str, int, Packet]]:
        """What it has sent when it resigned, or would: wires, destinations and packets."""
        found = []
        for router in self.routers.values():
            settings, voice = router.settings, router.voice
            outgoing = voice.said(0) if is_sealed(settings) else voice.say(settings, 0, self.host.wall)
            found += [(settings.interface, *each) for each in outgoing]
        return found

    # Events and actions

    def _handle(self, router: Router, event: events.Event, now: float) -> None:
        """Let the state machine, and its group's, decide, and do it."""
        group = router.group

        def decide() -> list[Step]:
            if group is not None:
                return group.handle(router.name, event, now)
            return [(router.name, router.instance.handle(event, now))]

        self._decide(router.companions, decide, now, event=(router, event))

    def _decide(
        self,
        involved: tuple[Router, ...],
        decide: Callable[[], list[Step]],
        now: float,
        *,
        event: tuple[Router, events.Event] | None = None,
        changed: tuple[Router, InstanceSettings] | None = None,
    ) -> None:
        checks = self.world.checks
        before = [(router, checks.standing(router)) for router in involved]
        steps = decide()
        if changed is not None:
            changed[0].encode(changed[0].source)
        for name, actions in steps:
            if name is None:
                checks.group_told(self.host, involved, actions)
            else:
                self._perform(self.routers[name], actions, now)
        for router, standing in before:
            cause = event[1] if event is not None and event[0] is router else None
            settings = changed[1] if changed is not None and changed[0] is router else None
            checks.handled(self.host, router, standing, cause, settings, now)

    def _perform(self, router: Router, actions: list[Action], now: float) -> None:
        host, name = self.host, router.name
        self.world.checks.performing(host, router, actions, now)
        for action in actions:
            self.world.did(host, router, action)
            match action:
                case SendAdvert(priority=priority):
                    self._send(router, priority, now)
                case AddAddresses():
                    host.addresses[name] = router.settings.all_addresses
                    host.missing.pop(name, None)
                    host.lifeline[name].holds = True
                case RestoreAddresses():
                    host.missing.pop(name, None)
                case RemoveAddresses():
                    host.addresses[name] = ()
                    host.missing.pop(name, None)
                    host.lifeline[name].holds = False
                case Report(state=state) if not state.is_event:
                    host.told[name] = state

    def _send(self, router: Router, priority: int, now: float) -> None:
        if priority:
            self.host.lifeline[router.name].sent_at = now
        wire, outgoing = router.settings.interface, router.voice.say(router.settings, priority, self.host.wall)
        self.host.lifeline[router.name].sequence = router.voice.sequence.last
        if self.host.interfaces[wire].up:
            for destination, packet in outgoing:
                self.world.send(self.host, wire, packet, destination)
