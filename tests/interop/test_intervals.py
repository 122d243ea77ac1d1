"""Version 3: a backup takes the interval of its master. Equal priorities: the higher address wins."""

import time

import pytest

from tests.interop.configuration import ADVERT_INT, configuration
from tests.interop.conftest import MakeDuel, Measured
from tests.interop.test_failover import every_pair, master_down_interval

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]


@every_pair
def test_a_backup_with_a_longer_interval_takes_over_by_that_of_its_master(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(150), configuration(100, advert_int=2))
    d.start()

    since = time.monotonic()
    d.daemon_a.kill()
    d.b.fifo.wait_for_state("MASTER")
    measured("SIGKILL, interval learned", since)

    last, first = d.lab.adverts(d.a)[-1], d.lab.wait_for_advert(d.b, since=since)
    assert master_down_interval(100) - 0.02 < first.at - last.at < 3 * 2
    assert (last.advert_int, first.advert_int) == (ADVERT_INT, 2)
    d.lab.settle(d.b, adverts=2)


@every_pair
def test_of_equal_priorities_the_higher_address_is_master_after_a_split(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(100), configuration(100))
    d.start()
    d.b.unplug()
    d.b.fifo.wait_for_state("MASTER")

    since = time.monotonic()
    d.b.plug()
    d.lab.settle(d.b)

    measured("split healed, equal priorities", since)
    assert d.a.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER"]
