"""A virtual router, alone or in a sync group, to which anything happens in any order; steps chosen by hypothesis.

Beside it runs another one that is made anew from what the first one remembers, again and again: they do the same.
"""

from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hahub.model import Cause, State
from hahub.settings import InstanceSettings, TrackedScript, VirtualAddress
from hahub.vrrp import events
from hahub.vrrp.actions import Action, AddAddresses, RemoveAddresses, Report, SendAdvert
from hahub.vrrp.instance import Instance
from hahub.vrrp.memory import InstanceMemory, recall, remember
from hahub.vrrp.packet import Advertisement
from hahub.vrrp.syncgroup import Step, SyncGroup
from tests.simulation.oracle import ElectionOracle

OWN = 0x0A090005
ADDRESSES = tuple(VirtualAddress(f"10.9.0.{number}", 24, "eth0") for number in (200, 201))
GONE = (State.STOP, State.DELETED)

priorities = st.sampled_from([1, 99, 100, 101, 254, 255])
times = st.sampled_from([0.0, 0.001, 0.1, 0.5, 1.0, 3.0]) | st.floats(0.0, 12.0)
changes = st.sampled_from([
    {"priority": 150}, {"priority": 255}, {"priority": 50}, {"preempt": False}, {"preempt": True, "preempt_delay": 2.0},
    {"down_timer_adverts": 2}, {"virtual_addresses": ADDRESSES}, {"virtual_addresses": ADDRESSES[:1]},
    {"garp_master_refresh": 1.5}, {"track_scripts": (TrackedScript("s"),)}, {"track_scripts": ()},
])  # fmt: skip
facts = st.sampled_from([
    events.InterfaceChanged(False, OWN), events.InterfaceChanged(True, OWN), events.InterfaceChanged(True, None),
    events.ScriptChanged("s", succeeded=True), events.ScriptChanged("s", succeeded=False),
    events.MaintenanceChanged(on=True), events.MaintenanceChanged(on=False), events.AddressesLost(("10.9.0.200/24",)),
    events.RivalHeard("10.9.0.9", "another auth_pass"),
])  # fmt: skip


@st.composite
def configurations(draw: st.DrawFn, number: int = 1) -> InstanceSettings:
    return InstanceSettings(
        f"VI_{number}", "eth0", 50 + number, priority=draw(priorities), version=draw(st.sampled_from([2, 3])),
        preempt=draw(st.booleans()), preempt_delay=draw(st.sampled_from([0.0, 2.0])),
        down_timer_adverts=draw(st.sampled_from([1, 3])), nopreempt_window=draw(st.sampled_from([0.0, 30.0])),
        track_scripts=draw(st.sampled_from([(), (TrackedScript("s"),), (TrackedScript("s", -50),)])),
        virtual_addresses=ADDRESSES[: draw(st.sampled_from([1, 2]))],
        higher_prio_send_advert=draw(st.booleans()), lower_prio_no_advert=draw(st.booleans()),
    )  # fmt: skip


class Follower:
    """What must hold of one virtual router, seen from its events and actions."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.held = False
        self.told = State.INIT
        self.oracle = ElectionOracle(instance.settings)
        self.cause: Cause | None = None

    def done(self, actions: list[Action]) -> None:
        for number, action in enumerate(actions):
            following = actions[number + 1] if number + 1 < len(actions) else None
            match action:
                case SendAdvert(priority=0):
                    assert self.held
                    assert isinstance(following, RemoveAddresses)
                case SendAdvert():
                    assert self.held or isinstance(following, AddAddresses)
                case AddAddresses():
                    self.held = True
                case RemoveAddresses():
                    assert self.held
                    self.held = False
                case Report(state=state) if not state.is_event:
                    assert action.previous is self.told
                    assert state is not self.told
                    self.told, self.cause = state, action.reason.cause
        assert len(actions) <= 12

    def check(self, before: State, event: events.Event | None, now: float) -> None:
        state, settings = self.instance.state, self.instance.settings
        assert self.held is (state is State.MASTER) is self.instance.holds_addresses
        assert self.told is state
        heard = event if isinstance(event, events.AdvertReceived) else None
        if state is State.MASTER and before is State.BACKUP:
            assert now >= self.oracle.earliest(settings, self.instance.priority)
        if state is not State.BACKUP:
            return
        if before is not State.BACKUP:
            yielded = before is State.MASTER and self.cause is not Cause.OVERSLEPT
            self.oracle.begins(settings, now, heard if yielded else None)
            if self.instance.priority == 255 and before in (State.INIT, State.FAULT):
                self.oracle.begins_as_owner(now)
            heard = None if yielded else heard
        if heard is not None:
            self.oracle.heard(settings, self.instance.priority, heard, now)


def advert_of(settings: InstanceSettings, priority: int, source: int, interval: float) -> events.AdvertReceived:
    seconds = interval if settings.version == 3 else settings.advert_int
    return events.AdvertReceived(
        Advertisement(settings.version, settings.virtual_router_id, priority, seconds, (1,)), source, f"peer {source}"
    )


def has_overslept(actions: list[Action]) -> bool:
    """Who slept gives up the addresses before it says anything."""
    return any(isinstance(each, Report) and each.reason.cause is Cause.OVERSLEPT for each in actions)


class Alone(RuleBasedStateMachine):
    """One virtual router, and its double."""

    @initialize(configured=configurations(), startup_delay=st.sampled_from([0.0, 0.0, 2.0]))
    def begin(self, configured: InstanceSettings, startup_delay: float) -> None:
        self.now, self.startup_delay = 1000.0, startup_delay
        self.instance = Instance(configured, startup_delay=startup_delay)
        self.double = Instance(configured, startup_delay=startup_delay)
        self.outside: dict[object, events.Event] = {}
        self.follower = Follower(self.instance)
        self.give(events.InterfaceChanged(True, OWN))
        self.follower.oracle.deaf_until = self.now + startup_delay
        self.give(events.Started())

    def give(self, event: events.Event) -> None:
        """To both; a verdict only if it is about what is tracked, as the core does it."""
        if isinstance(event, events.InterfaceChanged | events.ScriptChanged | events.MaintenanceChanged):
            self.outside[type(event)] = event
        if isinstance(event, events.ScriptChanged) and not self.instance.settings.track_scripts:
            return
        now = self.now
        before, deadline = self.instance.state, self.instance.next_deadline
        actions = self.instance.handle(event, now)
        assert self.double.handle(event, now) == actions
        self.follower.done(actions)
        self.follower.check(before, event, now)
        following = self.instance.next_deadline
        if isinstance(event, events.DeadlineReached):
            assert following is None or following > now
        elif following is not None and (deadline is None or deadline > now):
            assert following >= now

    @rule(seconds=times)
    def pass_time(self, seconds: float) -> None:
        """Deadlines are met as they come."""
        end = self.now + seconds
        while (deadline := self.instance.next_deadline) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.give(events.DeadlineReached())
        self.now = end

    @rule(seconds=times)
    def sleep(self, seconds: float) -> None:
        """Nothing is met in time."""
        self.now += seconds

    @rule(priority=st.sampled_from([0, 0]) | priorities, source=st.sampled_from([OWN - 1, OWN + 1, OWN + 2]),
          interval=st.sampled_from([0.1, 1.0, 2.5]))  # fmt: skip
    def hear(self, priority: int, source: int, interval: float) -> None:
        self.give(advert_of(self.instance.settings, priority, source, interval))

    @rule(event=facts)
    def happen(self, event: events.Event) -> None:
        before = (self.instance.state, self.instance.next_deadline)
        self.give(event)
        if isinstance(event, events.RivalHeard) and before[0] is State.BACKUP:
            assert (self.instance.state, self.instance.next_deadline) == before

    @rule(changed=changes)
    def reload(self, changed: dict[str, Any]) -> None:
        before, configured = self.instance.state, self.instance.settings
        wanted = replace(configured, **changed)
        if self.follower.held and len(wanted.virtual_addresses) < len(configured.virtual_addresses):
            return  # the core takes off what is gone, before
        actions = self.instance.reconfigure(wanted, self.now)
        assert self.double.reconfigure(wanted, self.now) == actions
        gained = set(wanted.virtual_addresses) - set(configured.virtual_addresses)
        if before is State.MASTER is self.instance.state:
            assert (AddAddresses() in actions) is bool(gained)
        self.follower.done(actions)
        self.follower.check(before, None, self.now)
        if before is State.BACKUP is self.instance.state and wanted.down_timer_adverts != configured.down_timer_adverts:
            self.follower.oracle.rescheduled(wanted, self.now, other_interval=False)
        if events.ScriptChanged in self.outside:
            self.give(self.outside[events.ScriptChanged])

    @rule()
    def hand_over(self) -> None:
        """The double is made anew, as the next process would make it."""
        memory = msgspec.json.decode(msgspec.json.encode(remember(self.instance)), type=InstanceMemory)
        self.double = Instance(self.instance.settings, startup_delay=self.startup_delay)
        for event in self.outside.values():
            if isinstance(event, events.ScriptChanged) and not self.instance.settings.track_scripts:
                continue
            assert self.double.handle(event, self.now) == []
        recall(self.double, memory)
        assert remember(self.double) == remember(self.instance)

    @precondition(lambda self: self.instance.state not in GONE)
    @rule(removed=st.booleans())
    def end(self, removed: bool) -> None:
        held = self.follower.held
        actions = self.instance.removed() if removed else self.instance.handle(events.ShutdownRequested(), self.now)
        self.follower.done(actions)
        assert (SendAdvert(0) in actions) is (held and not has_overslept(actions))
        assert self.instance.next_deadline is None
        assert removed or self.instance.state is State.STOP
        self.begin(self.instance.settings, self.startup_delay)

    @invariant()
    def who_waits_knows_how_long(self) -> None:
        if self.instance.state in (State.MASTER, State.BACKUP):
            deadline = self.instance.next_deadline
            assert deadline is not None
            assert deadline <= self.now + 60.0


class Grouped(RuleBasedStateMachine):
    """Two or three virtual routers in a sync group."""

    @initialize(data=st.data(), members=st.sampled_from([2, 3]))
    def begin(self, data: st.DataObject, members: int) -> None:
        self.now, self.told = 1000.0, State.INIT
        configured = [data.draw(configurations(number)) for number in range(members)]
        self.members = {each.name: Instance(each, grouped=True) for each in configured}
        self.followers = {name: Follower(instance) for name, instance in self.members.items()}
        self.group = SyncGroup("G1", self.members)
        for name in self.members:
            self.give(name, events.InterfaceChanged(True, OWN))
            self.give(name, events.ScriptChanged("s", succeeded=True))
        before = self.states
        self.take(self.group.start(self.now), before, None)

    @property
    def states(self) -> dict[str, State]:
        return {name: instance.state for name, instance in self.members.items()}

    def give(self, name: str, event: events.Event) -> None:
        before = self.states
        self.take(self.group.handle(name, event, self.now), before, (name, event))

    def take(self, steps: list[Step], before: dict[str, State], cause: tuple[str, events.Event] | None) -> None:
        for name, actions in steps:
            if name is not None:
                self.followers[name].done(actions)
                continue
            for report in actions:
                assert isinstance(report, Report)
                assert report.previous is self.told
                assert report.state is not self.told
                self.told = report.state
        for name, follower in self.followers.items():
            event = cause[1] if cause is not None and cause[0] == name else None
            follower.check(before[name], event, self.now)

    @rule(seconds=times)
    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            due = [(m.next_deadline, name) for name, m in self.members.items() if m.next_deadline is not None]
            if not due or min(due)[0] > end:
                break
            self.now = max(self.now, min(due)[0])
            self.give(min(due)[1], events.DeadlineReached())
        self.now = end

    @rule(seconds=times)
    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @rule(data=st.data(), priority=st.sampled_from([0, 0]) | priorities, source=st.sampled_from([OWN - 1, OWN + 1]))
    def hear(self, data: st.DataObject, priority: int, source: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.members)))
        self.give(name, advert_of(self.members[name].settings, priority, source, 1.0))

    @rule(data=st.data(), event=facts)
    def happen(self, data: st.DataObject, event: events.Event) -> None:
        self.give(data.draw(st.sampled_from(sorted(self.members))), event)

    @rule(data=st.data(), changed=changes)
    def reload(self, data: st.DataObject, changed: dict[str, Any]) -> None:
        name = data.draw(st.sampled_from(sorted(self.members)))
        configured, before = self.members[name].settings, self.states
        if "virtual_addresses" in changed or "track_scripts" in changed:
            return
        wanted = replace(configured, **changed)
        self.take(self.group.reconfigure(name, wanted, self.now), before, None)
        stayed = before[name] is State.BACKUP is self.members[name].state
        if stayed and wanted.down_timer_adverts != configured.down_timer_adverts:
            self.followers[name].oracle.rescheduled(wanted, self.now, other_interval=False)

    @rule()
    def leave(self) -> None:
        before = self.states
        held = {name for name, follower in self.followers.items() if follower.held}
        steps = self.group.shutdown(self.now)
        self.take(steps, before, None)
        awake = {name for name, actions in steps if name is not None and not has_overslept(actions)}
        assert {name for name, actions in steps if SendAdvert(0) in actions} == held & awake
        assert set(self.states.values()) == {State.STOP}
        assert self.told is State.STOP
        fresh = {name: Instance(instance.settings, grouped=True) for name, instance in self.members.items()}
        self.members, self.told = fresh, State.INIT
        self.followers = {name: Follower(instance) for name, instance in fresh.items()}
        self.group = SyncGroup("G1", fresh)
        for name in fresh:
            self.give(name, events.InterfaceChanged(True, OWN))
            self.give(name, events.ScriptChanged("s", succeeded=True))
        before = self.states
        self.take(self.group.start(self.now), before, None)

    @invariant()
    def all_are_masters_or_none_is(self) -> None:
        states = set(self.states.values())
        assert len(states) == 1, states
        assert self.told in states


PROFILE = settings(
    max_examples=200, stateful_step_count=40, derandomize=True, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip

TestAlone = Alone.TestCase
TestAlone.settings = PROFILE
TestGrouped = Grouped.TestCase
TestGrouped.settings = PROFILE
