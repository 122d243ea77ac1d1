"""One virtual router behind its reception checks, steered by Hypothesis: packets come as bytes, time as it pleases."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hahub.model import Reason, State
from hahub.settings import InstanceSettings, TrackedScript, VirtualAddress
from hahub.vrrp import events
from hahub.vrrp.actions import Action, AddAddresses, RemoveAddresses, Report, SendAdvert
from hahub.vrrp.instance import Instance
from hahub.vrrp.masterwatch import MasterWatch
from hahub.vrrp.packet import GROUP4, Advertisement, Datagram, encode
from hahub.vrrp.reception import Accepted, Rejected, check

OWN, VIP = 0x0A090005, 0x0A0900C8
INTERVALS = {2: [1.0], 3: [0.01, 1.0, 40.95]}
LONGEST = 4 * 40.95
"""Seconds that a backup waits at most: Master_Down_Interval of the longest interval."""
ENOUGH = settings(max_examples=150, stateful_step_count=30, deadline=None)
UNTIL_FOUND = settings(
    ENOUGH, max_examples=2000, phases=[Phase.generate], database=None, derandomize=True, report_multiple_bugs=False
)

priorities = st.sampled_from([0, 1, 99, 100, 101, 254, 255])
sources = st.sampled_from([OWN - 1, OWN + 1])


class VirtualRouter(RuleBasedStateMachine):
    """What the core does with one instance: bytes are judged, events handled, actions obeyed in their order."""

    @initialize(
        version=st.sampled_from([2, 3]),
        priority=st.sampled_from([100, 150, 1, 254, 255]),
        preempt=st.booleans(),
        tracks=st.sampled_from([(), (TrackedScript("s"),), (TrackedScript("s", -50),)]),
    )
    def begin(self, version: int, priority: int, preempt: bool, tracks: tuple[TrackedScript, ...]) -> None:
        self.settings = InstanceSettings(
            "VI_1", "eth0", 51, version=version, priority=priority, preempt=preempt, track_scripts=tracks,
            virtual_addresses=(VirtualAddress("10.9.0.200", 24, "eth0"),),
        )  # fmt: skip
        self.instance = Instance(self.settings)
        self.now, self.held, self.told = 1000.0, False, State.INIT
        self.patience: float | None = None
        """No living master may be replaced before this moment without preemption; None: nobody is known."""
        self.handle(events.InterfaceChanged(True, OWN))
        self.handle(events.ScriptChanged("s", succeeded=True))
        self.handle(events.Started())

    # What happens

    @rule(priority=priorities, source=sources, data=st.data())
    def an_advert_comes(self, priority: int, source: int, data: st.DataObject) -> None:
        self.receive(self.packet(priority, source, data))

    @rule(source=sources, data=st.data())
    def a_weak_master_speaks(self, source: int, data: st.DataObject) -> None:
        self.receive(self.packet(1, source, data))

    @rule(priority=priorities, source=sources, at=st.integers(0, 100), value=st.integers(1, 255), data=st.data())
    def a_damaged_one_comes(self, priority: int, source: int, at: int, value: int, data: st.DataObject) -> None:
        whole = self.packet(priority, source, data)
        damaged = bytearray(whole.payload)
        damaged[at % len(damaged)] ^= value
        self.receive(replace(whole, payload=bytes(damaged)))

    @rule(payload=st.binary(max_size=40), ttl=st.sampled_from([1, 255]), source=sources)
    def anything_comes(self, payload: bytes, ttl: int, source: int) -> None:
        self.receive(Datagram(source, GROUP4, ttl, payload))

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0]) | st.floats(0, 5))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.instance.next_deadline) is not None and due <= end:
            self.now = max(self.now, due)
            self.handle(events.DeadlineReached())
            assert self.instance.next_deadline is None or self.instance.next_deadline >= self.now
        self.now = end

    @rule(seconds=st.floats(0, 200))
    def the_process_sleeps(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.floats(0, 200))
    def the_host_is_suspended(self, seconds: float) -> None:
        self.handle(events.HostSlept(seconds))

    @rule(up=st.booleans(), source=st.sampled_from([OWN, None]))
    def the_interface_changes(self, up: bool, source: int | None) -> None:
        self.handle(events.InterfaceChanged(up, source))

    @rule(succeeded=st.booleans())
    def a_check_ends(self, succeeded: bool) -> None:
        self.handle(events.ScriptChanged("s", succeeded=succeeded))

    @rule(on=st.booleans())
    def there_is_maintenance(self, on: bool) -> None:
        self.handle(events.MaintenanceChanged(on))

    @rule()
    def somebody_removes_the_address(self) -> None:
        self.handle(events.AddressesLost(("10.9.0.200/24",)))

    # What is done

    def packet(self, priority: int, source: int, data: st.DataObject) -> Datagram:
        interval = data.draw(st.sampled_from(INTERVALS[self.settings.version]))
        advert = Advertisement(self.settings.version, 51, priority, interval, (VIP,))
        return Datagram(source, GROUP4, 255, encode(advert, source=source, destination=GROUP4))

    def receive(self, packet: Datagram) -> None:
        before = self.instance.state, self.instance.next_deadline
        known_master = self.instance.master.source
        verdict = check(packet, self.settings, own_source=OWN, known_master=known_master)
        if isinstance(verdict, Rejected):
            self.handle(events.RivalHeard("peer", verdict.text))
            if before[0] is not State.MASTER:
                assert (self.instance.state, self.instance.next_deadline) == before, "by an invalid packet"
            return
        assert isinstance(verdict, Accepted)
        self.handle(events.AdvertReceived(verdict.advert, packet.source, "peer"))
        if self.instance.state is State.BACKUP and before[0] is State.BACKUP:
            lives = verdict.advert.priority > 0
            self.patience = self.now + 3 * verdict.advert.advert_int if lives else None

    def handle(self, event: events.Event) -> None:
        actions = self.instance.handle(event, self.now)
        for number, action in enumerate(actions):
            self.obey(action, actions[number + 1 :])

    def obey(self, action: Action, following: list[Action]) -> None:
        match action:
            case AddAddresses():
                assert not self.held
                self.held = True
            case RemoveAddresses():
                assert self.held
                self.held = False
            case SendAdvert(priority=0):
                assert self.held
                assert RemoveAddresses() in following, "priority 0 is for who leaves"
            case SendAdvert():
                assert self.held or AddAddresses() in following
            case Report(state=state) if state.is_event:
                assert action.previous is self.told
            case Report():
                self.changed(action)

    def changed(self, report: Report) -> None:
        assert report.previous is self.told is not report.state
        too_soon = self.patience is not None and self.now < self.patience - 1e-9
        if report.state is State.MASTER and not self.settings.preempt and self.settings.priority != 255:
            assert not too_soon, "nopreempt has replaced a living master"
        self.told, self.patience = report.state, None

    # What holds

    @invariant()
    def addresses_are_held_by_a_master_and_nobody_else(self) -> None:
        assert self.held == (self.instance.state is State.MASTER) == self.instance.holds_addresses

    @invariant()
    def everybody_knows_the_state(self) -> None:
        assert self.told is self.instance.state

    @invariant()
    def whoever_takes_part_is_awake_in_time(self) -> None:
        if self.instance.state in (State.MASTER, State.BACKUP):
            assert self.instance.next_deadline is not None
            assert self.instance.next_deadline <= self.now + LONGEST

    def teardown(self) -> None:
        if hasattr(self, "instance"):
            self.handle(events.ShutdownRequested())
            assert (self.told, self.held, self.instance.next_deadline) == (State.STOP, False, None)


def test_whatever_comes_in_whatever_order_the_laws_hold() -> None:
    run_state_machine_as_test(VirtualRouter, settings=ENOUGH)


def stays(self: Instance, state: State, reason: Reason) -> list[Action]:
    """A master that leaves keeps its addresses."""
    return [action for action in LEAVE(self, state, reason) if action != RemoveAddresses()]


def preempts(self: MasterWatch, event: events.AdvertReceived, configured: InstanceSettings, *rest: Any) -> list[Action]:
    return HEAR(self, event, replace(configured, preempt=True), *rest)


def is_disturbed(self: Instance, sender: str, detail: str, now: float) -> list[Action]:
    """An invalid packet starts the timer anew, as in keepalived."""
    self._restart_timer(now)
    return RIVAL_HEARD(self, sender, detail, now)


def says_more(self: Instance, event: events.Event, now: float) -> list[Action]:
    """Its own priority behind every other advert."""
    actions = HANDLE(self, event, now)
    return [*actions, SendAdvert(self.priority)] if isinstance(event, events.AdvertReceived) else actions


LEAVE, HEAR, RIVAL_HEARD, HANDLE = Instance._leave, MasterWatch.hear, Instance._rival_heard, Instance.handle


@pytest.mark.parametrize(
    ("owner", "method", "fault"),
    [
        pytest.param(Instance, "_leave", stays, id="addresses stay"),
        pytest.param(MasterWatch, "hear", preempts, id="nopreempt preempts"),
        pytest.param(Instance, "_rival_heard", is_disturbed, id="an invalid packet sets the timer"),
        pytest.param(Instance, "handle", says_more, id="a backup advertises"),
    ],
)
def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, fault: object) -> None:
    monkeypatch.setattr(owner, method, fault)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(VirtualRouter, settings=UNTIL_FOUND)
