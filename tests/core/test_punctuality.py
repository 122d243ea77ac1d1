"""Late timers are noticed, counted, and told at a limited rate."""

import pytest

from hahub.core.log import CoreLog
from hahub.core.outlet import Outlet
from hahub.core.punctuality import Punctuality
from hahub.messages import Log


class Lines(Outlet):
    """Keeps what the core would tell its parent."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def put(self, record: object) -> None:
        assert isinstance(record, Log)
        self.lines.append(record.text)


@pytest.mark.parametrize(
    ("advert_int", "late", "counts"),
    [
        pytest.param(1.0, -0.001, 0, id="served with others of its tick"),
        pytest.param(1.0, 0.5, 0, id="half an interval"),
        pytest.param(1.0, 0.501, 1, id="more"),
        pytest.param(0.01, 0.005, 0, id="a few milliseconds are nothing"),
        pytest.param(0.01, 0.006, 1, id="more of them"),
    ],
)
def test_a_timer_is_late_when_it_takes_more_than_half_an_interval(advert_int: float, late: float, counts: int) -> None:
    lines = Lines()
    punctuality = Punctuality(CoreLog(lines))

    punctuality.served("VI_1", advert_int, late)

    assert (punctuality.late, len(lines.lines)) == (counts, counts)


def test_many_late_timers_are_one_line() -> None:
    lines = Lines()
    punctuality = Punctuality(CoreLog(lines))

    for _ in range(100):
        punctuality.served("VI_1", 1.0, 2.25)

    assert punctuality.late == 100
    assert lines.lines == ["timers: a timer was served 2.250 s late, advert_int is 1 s: VI_1, times=1"]
