"""Options of elections, on both sides of the wire: who says what to whom, and how long who waits."""

import time

import pytest

from tests.interop.configuration import ADVERT_INT, configuration
from tests.interop.conftest import MakeDuel
from tests.lab import GratuitousArp
from tests.lab.timeline import wait_until

PAIRS = [
    pytest.param(("keepalived", "hahub"), marks=pytest.mark.keepalived, id="keepalived-hahub"),
    pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
]
pytestmark = [pytest.mark.namespaces, pytest.mark.slow, pytest.mark.parametrize("pair", PAIRS)]

OPTIONS = """down_timer_adverts 6
    higher_prio_send_advert
    garp_master_repeat 1
    garp_master_delay 0
    garp_lower_prio_repeat 3
    garp_lower_prio_delay 1"""


def test_the_displaced_master_speaks_once_more_is_answered_and_waits_longer_for_the_other(duel: MakeDuel) -> None:
    d = duel(configuration(150, options=OPTIONS), configuration(100, options=OPTIONS))
    d.daemon_b.start()
    d.b.fifo.wait_for_state("MASTER")

    since = time.monotonic()
    d.daemon_a.start()
    d.lab.settle(d.a)

    first = d.lab.wait_for_advert(d.a, since=since)
    (last_word,) = d.lab.adverts(d.b, since=first.at)
    assert last_word.priority == 100
    assert last_word.at - first.at < 0.05
    d.a.fifo.wait_for_state("MASTER_RX_LOWER_PRI")
    answer = d.lab.wait_for_advert(d.a, since=first.at)
    assert answer.at - last_word.at < 0.05

    def announced() -> list[float]:
        return [r.at for r in d.lab.timeline.records() if isinstance(r, GratuitousArp) and r.host == "a"]

    wait_until(lambda: len(announced()) >= 1 + 3 + 3, "both bursts against the weaker master")
    assert len(announced()) == 1 + 3 + 3
    assert 0.9 < announced()[-1] - announced()[1] < 1.3

    d.daemon_a.kill()
    d.lab.settle(d.b)
    last, first = d.lab.adverts(d.a)[-1], d.lab.wait_for_advert(d.b, since=d.lab.adverts(d.a)[-1].at)
    assert 6 * ADVERT_INT < first.at - last.at < 7 * ADVERT_INT + 0.1
