"""Timer arithmetic, against the numbers of the RFCs."""

import pytest

from hahub.vrrp import timers


@pytest.mark.parametrize(
    ("version", "priority", "interval", "skew", "down"),
    [
        pytest.param(2, 100, 1.0, 0.609375, 3.609375, id="VR-069: version 2, defaults"),
        pytest.param(2, 100, 10.0, 0.609375, 30.609375, id="VR-068: version 2 does not scale the skew"),
        pytest.param(2, 254, 1.0, 0.0078125, 3.0078125, id="VR-068: highest backup priority"),
        pytest.param(3, 100, 1.0, 0.609375, 3.609375, id="VR-071: version 3, defaults"),
        pytest.param(3, 100, 2.5, 1.5234375, 9.0234375, id="VR-071: version 3 scales the skew"),
        pytest.param(3, 100, 0.01, 0.00609375, 0.03609375, id="VR-070: one centisecond"),
    ],
)
def test_skew_time_and_master_down_interval(version, priority, interval, skew, down):
    assert timers.skew_time(version, priority, interval) == pytest.approx(skew, abs=1e-9)
    assert timers.master_down_interval(version, priority, interval) == pytest.approx(down, abs=1e-9)


@pytest.mark.parametrize(
    ("previous", "now", "following"),
    [
        pytest.param(10.0, 10.0, 11.0, id="on time"),
        pytest.param(10.0, 10.3, 11.0, id="late: no drift (VR-075)"),
        pytest.param(10.0, 15.2, 16.2, id="overslept: no burst to catch up"),
    ],
)
def test_the_schedule_is_absolute(previous, now, following):
    assert timers.next_multiple(previous, 1.0, now) == following
