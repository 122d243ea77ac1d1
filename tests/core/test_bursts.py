"""How long reading waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hahub.core.bursts import PAUSE_MAX, Bursts
from hahub.settings import InstanceSettings
from hahub.vrrp.timers import skew_time

SLOW = InstanceSettings("VI_1", "eth0", 1, version=3, advert_int=1.0)


def bursts(*instances: InstanceSettings) -> Bursts:
    made = Bursts()
    made.configure(instances or (SLOW,))
    return made


def test_a_packet_that_comes_alone_is_read_at_once():
    made = bursts()

    assert made.pause(5.0, None) == 0.0
    made.read(5.0)
    assert made.pause(5.1, None) == 0.0


def test_a_packet_that_follows_closely_waits_for_others():
    made = bursts()
    made.read(5.0)

    assert made.pause(5.0005, None) == PAUSE_MAX


@pytest.mark.parametrize(
    ("next_deadline", "expected"),
    [
        pytest.param(6.0, PAUSE_MAX, id="far away"),
        pytest.param(5.0 + PAUSE_MAX / 2, PAUSE_MAX / 2, id="soon: until then"),
        pytest.param(4.9, 0.0, id="due already"),
    ],
)
def test_nothing_that_is_due_waits_for_packets(next_deadline: float, expected: float):
    made = bursts()
    made.read(5.0)

    assert made.pause(5.0, next_deadline) == pytest.approx(expected)


def test_without_an_instance_there_is_no_pause():
    made = Bursts()
    made.configure(())
    made.read(5.0)

    assert made.pause(5.0, None) == 0.0


_INSTANCES = st.builds(
    InstanceSettings,
    st.just("VI_1"),
    st.just("eth0"),
    st.just(1),
    version=st.sampled_from([2, 3]),
    advert_int=st.floats(0.01, 40.0),
)


@given(st.lists(_INSTANCES, min_size=1, max_size=4), st.integers(1, 255))
def test_a_pause_is_never_longer_than_a_backup_waits_for_a_master_that_resigned(
    instances: list[InstanceSettings], priority: int
):
    made = bursts(*instances)
    made.read(5.0)

    pause = made.pause(5.0, None)

    assert all(0 < pause <= skew_time(each.version, priority, each.advert_int) for each in instances)
