"""Sync groups: members are master together or not at all, and reported in keepalived's order."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hahub.model import State
from hahub.settings import InstanceSettings, TrackedScript, VirtualAddress
from hahub.vrrp import events
from hahub.vrrp.actions import AddAddresses, AnnounceAddresses, RemoveAddresses, Report, SendAdvert
from hahub.vrrp.instance import Instance
from hahub.vrrp.packet import Advertisement
from hahub.vrrp.syncgroup import Step, SyncGroup

OWN = 0x0A090001


def configured(number: int, *, priority: int = 150, scripts: tuple[TrackedScript, ...] = ()) -> InstanceSettings:
    address = VirtualAddress(f"10.{9 + number}.0.200", 24, f"eth{number}")
    return InstanceSettings(
        f"VI_{number + 1}", f"eth{number}", 51 + number, priority=priority, version=3, virtual_addresses=(address,),
        track_scripts=scripts,
    )  # fmt: skip


class Host:
    """A group of instances with a clock that we move."""

    def __init__(self, *members: InstanceSettings) -> None:
        self.members = {each.name: Instance(each, grouped=True) for each in members}
        self.group = SyncGroup("G1", self.members)
        self.now = 0.0
        self.told: list[str] = []
        self.steps: list[Step] = []

    def take(self, steps: list[Step]) -> None:
        self.steps += steps
        for name, actions in steps:
            for action in actions:
                if isinstance(action, Report):
                    self.told.append(f"{name or 'G1'} {action.state} {action.priority}")

    def feed(self, name: str, event: events.Event) -> None:
        self.take(self.group.handle(name, event, self.now))

    def start(self) -> None:
        for name in self.members:
            self.feed(name, events.InterfaceChanged(True, OWN))
        self.take(self.group.start(self.now))

    def run(self, until: float) -> None:
        while True:
            due = [(m.next_deadline, name) for name, m in self.members.items() if m.next_deadline is not None]
            if not due or min(due)[0] > until:
                self.now = until
                return
            self.now, name = min(due)
            self.feed(name, events.DeadlineReached())

    def hear(self, name: str, priority: int) -> None:
        router = self.members[name].settings.virtual_router_id
        advert = Advertisement(3, router, priority, 1.0, (1,))
        self.feed(name, events.AdvertReceived(advert, OWN + 1, "peer"))

    @property
    def states(self) -> list[State]:
        return [member.state for member in self.members.values()]


def master_host() -> Host:
    host = Host(configured(0), configured(1))
    host.start()
    host.run(5.0)
    host.told.clear()
    host.steps.clear()
    return host


def test_at_the_start_the_group_is_reported_first_and_at_the_takeover_last():
    host = Host(configured(0), configured(1))
    host.start()

    host.run(5.0)

    assert host.told == [
        "G1 BACKUP 0", "VI_1 BACKUP 150", "VI_2 BACKUP 150", "VI_2 MASTER 150", "VI_1 MASTER 150", "G1 MASTER 0",
    ]  # fmt: skip


def test_the_fault_of_one_is_the_fault_of_all_and_masters_resign_everywhere():
    host = master_host()

    host.feed("VI_2", events.InterfaceChanged(False, OWN))

    assert host.told == ["VI_2 FAULT 150", "VI_1 FAULT 150", "G1 FAULT 0"]
    resigned = [name for name, actions in host.steps if SendAdvert(0) in actions and RemoveAddresses() in actions]
    assert resigned == ["VI_2", "VI_1"]


def test_all_come_back_when_the_last_fault_is_gone():
    host = master_host()
    host.feed("VI_2", events.InterfaceChanged(False, OWN))
    host.feed("VI_1", events.InterfaceChanged(False, OWN))
    host.told.clear()

    host.feed("VI_2", events.InterfaceChanged(True, OWN))
    assert host.told == []
    host.feed("VI_1", events.InterfaceChanged(True, OWN))
    host.run(20.0)

    assert host.told == [
        "VI_1 BACKUP 150", "VI_2 BACKUP 150", "G1 BACKUP 0", "VI_2 MASTER 150", "VI_1 MASTER 150", "G1 MASTER 0",
    ]  # fmt: skip


def test_while_one_link_hears_a_stronger_master_nobody_takes_over():
    host = Host(configured(0), configured(1))
    host.start()
    for second in range(1, 12):
        host.run(float(second))
        host.hear("VI_1", 200)

    assert host.states == [State.BACKUP, State.BACKUP]
    assert host.members["VI_2"].wants_master


def test_when_one_yields_all_yield():
    host = master_host()

    host.hear("VI_1", 200)

    assert host.told == ["VI_1 BACKUP 150", "VI_2 BACKUP 150", "G1 BACKUP 0"]
    assert [name for name, actions in host.steps if SendAdvert(0) in actions] == ["VI_2"]


def test_traffic_that_a_weaker_master_drew_comes_back_on_the_wires_of_all_members():
    host = Host(configured(0), configured(1), replace(configured(2), garp_lower_prio_repeat=0))
    host.start()
    host.run(5.0)
    host.steps.clear()

    host.hear("VI_1", 100)

    announced = {name: actions for name, actions in host.steps if AnnounceAddresses(5) in actions}
    assert announced.keys() == {"VI_1", "VI_2"}
    assert announced["VI_2"] == [AnnounceAddresses(5)]
    assert host.told[-1] == "VI_1 MASTER_RX_LOWER_PRI 150"


def test_the_end_is_told_of_the_members_and_then_of_the_group():
    host = master_host()

    host.take(host.group.shutdown(host.now))

    assert host.told == ["VI_1 STOP 150", "VI_2 STOP 150", "G1 STOP 0"]


def test_nobody_starts_before_every_script_was_heard():
    host = Host(configured(0), configured(1, scripts=(TrackedScript("check"),)))
    host.start()
    assert host.told == []

    host.feed("VI_2", events.ScriptChanged("check", True))

    assert host.told == ["VI_2 BACKUP 150", "VI_1 BACKUP 150", "G1 BACKUP 0"]


def test_a_fault_at_the_start_is_everybodys():
    host = Host(configured(0), configured(1))
    host.feed("VI_1", events.InterfaceChanged(True, OWN))
    host.take(host.group.start(0.0))

    assert host.told == ["VI_1 FAULT 150", "VI_2 FAULT 150", "G1 FAULT 0"]


@given(
    st.lists(
        st.one_of(
            st.floats(0, 5),
            st.tuples(st.sampled_from(["VI_1", "VI_2"]), st.sampled_from(["up", "down", "200", "100", "0", "150"])),
        ),
        max_size=40,
    )
)
@settings(max_examples=200, deadline=None)
def test_whatever_happens_members_are_master_together_or_not_at_all(steps):
    host = Host(configured(0), configured(1))
    host.start()
    for step in steps:
        if isinstance(step, float):
            host.run(host.now + step)
        elif step[1] in ("up", "down"):
            host.feed(step[0], events.InterfaceChanged(step[1] == "up", OWN))
        else:
            host.hear(step[0], int(step[1]))

        assert len(set(host.states)) == 1
        assert host.group.state is host.states[0]
        for name, member in host.members.items():
            changes = [a for who, actions in host.steps if who == name for a in actions]
            held = [a for a in changes if isinstance(a, AddAddresses | RemoveAddresses)]
            assert (held[-1:] == [AddAddresses()]) == (member.state is State.MASTER)


def test_a_group_of_address_owners_is_master_from_the_start():
    host = Host(configured(0, priority=255), configured(1, priority=255))

    host.start()

    assert host.told == ["VI_1 MASTER 255", "VI_2 MASTER 255", "G1 MASTER 0"]


def test_other_settings_of_one_member_move_all():
    host = Host(configured(0), configured(1, scripts=(TrackedScript("check"),)))
    host.start()
    host.feed("VI_2", events.ScriptChanged("check", False))
    host.told.clear()

    host.take(host.group.reconfigure("VI_2", configured(1), host.now))

    assert host.told == ["VI_2 BACKUP 150", "VI_1 BACKUP 150", "G1 BACKUP 0"]


def alone(number: int, *, until: float = 5.0, **fields: Any) -> Instance:
    """An instance without a group that runs, and is master after a while."""
    instance = Instance(configured(number, **fields))
    instance.handle(events.InterfaceChanged(True, OWN), 0.0)
    instance.handle(events.Started(), 0.0)
    while (deadline := instance.next_deadline) is not None and deadline <= until:
        instance.handle(events.DeadlineReached(), deadline)
    return instance


def gathered(*members: Instance, state: State = State.INIT) -> Host:
    """A group made of these five seconds after their start."""
    host = Host()
    host.members = {member.settings.name: member for member in members}
    host.group = SyncGroup("G1", host.members, state=state)
    host.now = 5.0
    for member in members:
        if member.state is State.INIT:
            member.handle(events.InterfaceChanged(True, OWN), host.now)
    host.take(host.group.start(host.now))
    return host


def test_masters_that_become_a_group_stay_masters():
    host = gathered(alone(0), alone(1))

    host.run(10.0)

    assert host.told == ["G1 MASTER 0"]
    assert host.states == [State.MASTER, State.MASTER]


def test_who_joins_masters_becomes_one_when_its_timer_says_so():
    host = gathered(alone(0), alone(1), Instance(configured(2), grouped=True), state=State.MASTER)
    assert host.told == ["VI_3 BACKUP 150"]

    host.run(10.0)

    assert host.told == ["VI_3 BACKUP 150", "VI_3 MASTER 150"]
    assert host.group.state is State.MASTER


def test_if_who_joins_masters_hears_another_master_all_yield():
    host = gathered(alone(0), Instance(configured(1), grouped=True))

    host.hear("VI_2", 200)

    assert host.told == ["VI_2 BACKUP 150", "G1 MASTER 0", "VI_1 BACKUP 150", "G1 BACKUP 0"]
    assert [name for name, actions in host.steps if SendAdvert(0) in actions] == ["VI_1"]


def test_a_weaker_master_does_not_hold_up_who_joins():
    host = gathered(alone(0), Instance(configured(1), grouped=True))

    for second in range(6, 9):
        host.hear("VI_2", 100)
        host.run(float(second))
    host.run(10.0)

    assert host.told == ["VI_2 BACKUP 150", "G1 MASTER 0", "VI_2 MASTER 150"]


def test_who_joins_with_a_fault_takes_all_with_it():
    faulty = alone(1)
    faulty.handle(events.InterfaceChanged(False, OWN), 4.0)

    host = gathered(alone(0), faulty, state=State.MASTER)

    assert host.told == ["VI_1 FAULT 150", "G1 FAULT 0"]


def test_who_joins_and_waits_for_a_check_holds_up_nobody():
    joining = Instance(configured(1, scripts=(TrackedScript("check"),)), grouped=True)
    host = gathered(alone(0), joining)
    assert host.told == ["G1 MASTER 0"]

    host.feed("VI_2", events.ScriptChanged("check", True))
    host.run(10.0)

    assert host.told == ["G1 MASTER 0", "VI_2 BACKUP 150", "VI_2 MASTER 150"]


def test_a_member_that_waited_for_the_others_waits_no_more_when_it_leaves():
    host = Host(configured(0), configured(1))
    host.start()
    for second in range(1, 12):
        host.run(float(second))
        host.hear("VI_1", 200)
    left = host.members["VI_2"]
    assert left.next_deadline is None

    left.handle(events.GroupLeft(), host.now)

    assert left.next_deadline is not None
    left.handle(events.DeadlineReached(), left.next_deadline)
    assert left.state is State.MASTER


def test_a_member_in_fault_for_another_one_is_well_when_it_leaves():
    host = master_host()
    host.feed("VI_1", events.InterfaceChanged(False, OWN))

    actions = host.members["VI_2"].handle(events.GroupLeft(), host.now)

    assert [each.state for each in actions if isinstance(each, Report)] == [State.BACKUP]


def test_a_check_that_fails_at_the_start_is_told_of_the_members_and_then_of_the_group():
    host = Host(*(configured(number, scripts=(TrackedScript("check"),)) for number in (0, 1)))
    host.start()

    for name in ("VI_1", "VI_2"):
        host.feed(name, events.ScriptChanged("check", False, "exited with status 1"))

    assert host.told == ["VI_1 FAULT 150", "VI_2 FAULT 150", "G1 FAULT 0"]


def test_a_member_that_waited_for_the_others_of_one_group_becomes_master_in_another():
    before = Host(configured(0), configured(1))
    before.start()
    for second in range(1, 12):
        before.run(float(second))
        before.hear("VI_1", 200)
    waiting = before.members["VI_2"]
    assert waiting.wants_master

    host = gathered(waiting, alone(2))
    host.run(before.now + 10.0)

    assert host.told == ["G1 BACKUP 0", "VI_2 MASTER 150", "G1 MASTER 0"]


def test_a_member_that_has_overslept_takes_the_others_with_it_whoever_was_spoken_to():
    quick = replace(configured(1), advert_int=0.5)
    host = Host(configured(0), quick)
    host.start()
    host.run(5.0)
    host.told.clear()

    host.now += 2.5  # too long for VI_2, not for VI_1
    host.hear("VI_1", 100)

    assert host.told == [
        "VI_1 MASTER_RX_LOWER_PRI 150", "VI_2 BACKUP 150", "VI_1 BACKUP 150", "G1 BACKUP 0",
    ]  # fmt: skip
    assert host.states == [State.BACKUP, State.BACKUP]
