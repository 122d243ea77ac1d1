"""The machines of hypothesis would notice: faults are planted, and found."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from hahub.vrrp import packet
from tests.simulation.sabotage import SABOTAGE
from tests.vrrp.test_instance_machine import Alone, Grouped
from tests.vrrp.test_packet_machine import Message

FIND = settings(
    max_examples=3000, stateful_step_count=40, derandomize=True, deadline=None, phases=(Phase.generate,), database=None,
    suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
)  # fmt: skip


def is_found_by(machine: type[RuleBasedStateMachine]) -> None:
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(machine, settings=FIND)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("planted", "machine"),
    [
        ("a backup keeps the addresses", Alone),
        ("a report comes twice", Alone),
        ("a report is missing", Grouped),
        ("nopreempt preempts", Alone),
        ("a backup waits for half of its skew", Grouped),
        ("priority 0 counts, whoever sends it", Alone),
        ("a timer is not set again", Alone),
        ("an invalid packet sets the timer", Alone),
        ("a backup advertises", Grouped),
        ("a member of a sync group does not yield", Grouped),
    ],
)
def test_a_fault_of_the_state_machine_is_found(
    planted: str, machine: type[RuleBasedStateMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    SABOTAGE[planted].plant(monkeypatch)

    is_found_by(machine)


def test_a_checksum_that_nobody_looks_at_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet, "_is_intact", lambda *_: True)

    is_found_by(Message)
