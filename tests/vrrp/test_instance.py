"""The state machine: scenario files, and sequences that nobody thought of."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hahub.model import State
from hahub.settings import InstanceSettings, TrackedScript, VirtualAddress
from hahub.testing import scenario
from hahub.vrrp import events
from hahub.vrrp.actions import Action, AddAddresses, Note, RemoveAddresses, Report, SendAdvert
from hahub.vrrp.instance import Instance
from hahub.vrrp.packet import Advertisement

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.scenario"))
OWN_ADDRESS = 0x0A090005


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_scenario_leads_to_exactly_these_actions(path: Path):
    script = scenario.read(path)

    done = scenario.run(script)

    assert done == script.expected


def test_a_scenario_line_that_makes_no_sense_is_named(tmp_path: Path):
    path = tmp_path / "bad.scenario"
    path.write_text("> 0 started\n! what\n")

    with pytest.raises(scenario.ScenarioError, match=r"bad\.scenario:2: a line starts with"):
        scenario.read(path)


def test_the_reason_tells_a_person_what_happened():
    instance = _started(_settings())
    now = instance.next_deadline or 0.0

    report = instance.handle(events.DeadlineReached(), now)[-1]

    assert isinstance(report, Report)
    assert str(report.reason) == "master down timer: no advertisement for 3.61 s"


def test_who_hears_the_master_again_that_it_has_just_replaced_is_told_that_its_timer_is_too_short_for_this_place():
    """VR-078."""
    instance = _started(_settings())
    old_master = events.AdvertReceived(Advertisement(2, 51, 150, 1.0, (0x0A0900C8,)), OWN_ADDRESS + 1, "10.9.0.6")
    instance.handle(old_master, 1.0)
    instance.handle(events.DeadlineReached(), instance.next_deadline or 0.0)

    actions = instance.handle(old_master, 5.0)

    assert actions[0] == Note("hasty", "10.9.0.6 is alive: it was missed for too short a time for this host or network")
    assert instance.state is State.BACKUP


def test_a_deadline_that_has_passed_stays_passed_when_the_priority_changes():
    """By how late it is the core knows that it slept, and hears the adverts that wait before it meets the deadline."""
    instance = _started(replace(_settings(), track_scripts=(TrackedScript("s", -50),)))
    due = instance.next_deadline or 0.0

    instance.handle(events.ScriptChanged("s", succeeded=True), due - 1.0)
    instance.handle(events.ScriptChanged("s", succeeded=False), due + 2.0)
    later = instance.next_deadline
    instance.handle(events.ScriptChanged("s", succeeded=True), due + 3.0)

    assert later == pytest.approx(due + 50 / 256)
    assert instance.next_deadline == pytest.approx(due + 50 / 256)


@st.composite
def settings_of_an_instance(draw: st.DrawFn) -> InstanceSettings:
    return InstanceSettings(
        "VI_1",
        "eth0",
        51,
        priority=draw(st.sampled_from([1, 100, 254, 255])),
        version=draw(st.sampled_from([2, 3])),
        preempt=draw(st.booleans()),
        preempt_delay=draw(st.sampled_from([0.0, 2.0])),
        virtual_addresses=(VirtualAddress("10.9.0.200", 24, "eth0"),),
        track_scripts=draw(st.sampled_from([(), (TrackedScript("s"),), (TrackedScript("s", -50),)])),
        garp_master_refresh=draw(st.sampled_from([0.0, 3.0])),
    )


def event_sequences(version: int) -> st.SearchStrategy[list[events.Event | float]]:
    """Events, and numbers for seconds that pass."""
    adverts = st.builds(
        lambda priority, source, interval: events.AdvertReceived(
            Advertisement(version, 51, priority, interval if version == 3 else 1.0, (0x0A0900C8,)),
            source,
            "peer",
        ),
        st.sampled_from([0, 1, 99, 100, 101, 254, 255]),
        st.sampled_from([OWN_ADDRESS - 1, OWN_ADDRESS, OWN_ADDRESS + 1]),
        st.sampled_from([0.01, 1.0, 40.95]),
    )
    others = st.sampled_from(
        [
            events.InterfaceChanged(False, OWN_ADDRESS),
            events.InterfaceChanged(True, OWN_ADDRESS),
            events.InterfaceChanged(True, None),
            events.ScriptChanged("s", True),
            events.ScriptChanged("s", False),
            events.AddressesLost(("10.9.0.200/24",)),
            events.Started(),
        ]
    )
    return st.lists(st.one_of(adverts, others, st.floats(0, 10)), max_size=40)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_happens_addresses_are_held_by_a_master_only_and_it_can_always_advertise(
    data: st.DataObject,
):
    configured = data.draw(settings_of_an_instance())
    instance = Instance(configured)
    now, held, told = 0.0, False, State.INIT
    for step in data.draw(event_sequences(configured.version)):
        if isinstance(step, float):
            produced, now = _pass_time(instance, now, now + step)
        else:
            produced = instance.handle(step, now)
        for action in produced:
            if isinstance(action, AddAddresses):
                held = True
            elif isinstance(action, RemoveAddresses):
                held = False
            elif isinstance(action, Report):
                assert action.previous is told or action.state.is_event
                if not action.state.is_event:
                    told = action.state
            elif isinstance(action, SendAdvert):
                assert 0 <= action.priority <= 255
        assert held == (instance.state is State.MASTER) == instance.holds_addresses
        assert told is instance.state
        if instance.state in (State.MASTER, State.BACKUP):
            assert instance.next_deadline is not None
            assert instance.next_deadline <= now + 3 * 40.95 + 41

    farewell = instance.handle(events.ShutdownRequested(), now)

    assert instance.next_deadline is None
    assert (SendAdvert(0) in farewell) == held


def _pass_time(instance: Instance, start: float, end: float) -> tuple[list[Action], float]:
    actions: list[Action] = []
    while instance.next_deadline is not None and instance.next_deadline <= end:
        due = max(start, instance.next_deadline)
        actions += instance.handle(events.DeadlineReached(), due)
        assert instance.next_deadline is not None
        assert instance.next_deadline >= due
        start = due
    return actions, end


def _settings() -> InstanceSettings:
    return InstanceSettings("VI_1", "eth0", 51, virtual_addresses=(VirtualAddress("10.9.0.200", 24, "eth0"),))


def _started(configured: InstanceSettings) -> Instance:
    instance = Instance(configured)
    instance.handle(events.InterfaceChanged(True, OWN_ADDRESS), 0.0)
    instance.handle(events.Started(), 0.0)
    return instance
