"""hahub and keepalived share one virtual router, in every combination.

What is asserted was seen on the wire, came out of the FIFO, or stood on an interface.
"""

import time

import pytest

from tests.interop.configuration import ADVERT_INT, configuration
from tests.interop.conftest import MakeDuel, Measured
from tests.lab import VIP, Advert, GratuitousArp
from tests.lab.timeline import wait_until

PAIRS = [
    pytest.param(("keepalived", "hahub"), marks=pytest.mark.keepalived, id="keepalived-hahub"),
    pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
    pytest.param(("hahub", "hahub"), id="hahub-hahub"),
]
SANITY = pytest.param(("keepalived", "keepalived"), marks=pytest.mark.keepalived, id="keepalived-keepalived")
every_pair = pytest.mark.parametrize("pair", PAIRS)

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]


def master_down_interval(priority: int, advert_int: float = ADVERT_INT) -> float:
    """Source: RFC 9568 section 6.1."""
    return 3 * advert_int + (256 - priority) * advert_int / 256


def version_2(priority: int, auth_pass: str) -> str:
    return configuration(priority, version=2, advert_int=1, auth_pass=auth_pass)


@every_pair
def test_the_higher_priority_becomes_master_and_the_other_stays_backup(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(150), configuration(100))
    since = time.monotonic()

    d.start()

    measured("start", since)
    assert d.a.fifo.text == 'INSTANCE "VI_1" BACKUP 150\nINSTANCE "VI_1" MASTER 150\n'
    assert d.b.fifo.text == 'INSTANCE "VI_1" BACKUP 100\n'
    first, *others = d.lab.adverts()
    assert first == Advert(first.at, "a", "10.9.0.1", 3, 51, 150, ADVERT_INT, (VIP,))
    assert {(advert.host, advert.priority) for advert in others} == {("a", 150)}
    announced = [record for record in d.lab.timeline.records() if isinstance(record, GratuitousArp)]
    assert {(arp.host, arp.mac, arp.address) for arp in announced} == {("a", d.a.mac, VIP)}
    assert len(announced) >= 5
    assert d.a.addresses() == ["10.9.0.1/24", "10.9.0.200/24"]
    assert d.b.addresses() == ["10.9.0.2/24"]


@pytest.mark.parametrize("pair", [*PAIRS, SANITY])
def test_a_backup_takes_over_from_a_killed_master_which_preempts_on_return(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(150), configuration(100))
    d.start()

    since = time.monotonic()
    d.daemon_a.kill()
    d.lab.settle(d.b)
    measured("SIGKILL of the master", since)
    last, first = d.lab.adverts(d.a)[-1], d.lab.adverts(d.b)[0]
    assert first.at - last.at > master_down_interval(100) - 0.02

    since = time.monotonic()
    d.daemon_a.start()
    d.lab.settle(d.a)
    measured("return of the higher priority, preempt", since)
    assert d.a.fifo.states() == ["BACKUP", "MASTER", "BACKUP", "MASTER"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]


@every_pair
def test_with_nopreempt_the_returning_higher_priority_stays_backup(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(150, options="nopreempt"), configuration(100, options="nopreempt"))
    d.start()
    d.daemon_a.kill()
    d.lab.settle(d.b)

    since = time.monotonic()
    d.daemon_a.start()
    d.a.fifo.wait_for_state("BACKUP", count=2)
    d.lab.wait_for_advert(d.b, since=time.monotonic(), count=10)  # far longer than a waits for a master
    d.lab.settle(d.b)

    result = measured("return of the higher priority, nopreempt", since)
    assert (result.without_master, result.two_masters) == (0, 0)
    assert d.a.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER"]


@every_pair
def test_over_version_2_with_the_same_password_a_stopped_master_hands_over_after_the_skew_time(
    duel: MakeDuel, measured: Measured
) -> None:
    d = duel(version_2(150, "secret12"), version_2(100, "secret12"))
    d.start(adverts=2)

    since = time.monotonic()
    assert d.daemon_a.stop() == 0
    d.lab.settle(d.b, adverts=2)
    measured("SIGTERM of the master, version 2", since)

    resignation, first = d.lab.adverts(d.a)[-1], d.lab.adverts(d.b)[0]
    assert resignation == Advert(
        resignation.at, "a", "10.9.0.1", 2, 51, 0, 1.0, (VIP,), auth_type=1, auth_data=b"secret12"
    )
    skew_time = (256 - 100) / 256
    assert skew_time - 0.02 < first.at - resignation.at < 3
    assert d.a.fifo.states() == ["BACKUP", "MASTER", "STOP"]
    assert d.a.addresses() == ["10.9.0.1/24"]

    since = time.monotonic()
    d.daemon_a.start()
    d.lab.settle(d.a, adverts=2)
    measured("return after SIGTERM, version 2", since)
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]


@every_pair
def test_with_different_passwords_neither_hears_the_other_until_they_agree(
    duel: MakeDuel, pair: tuple[str, str], measured: Measured
) -> None:
    d = duel(version_2(150, "secret12"), version_2(100, "other"))
    since = time.monotonic()
    d.daemon_a.start()
    d.daemon_b.start()
    d.a.fifo.wait_for_state("MASTER")
    d.b.fifo.wait_for_state("MASTER")
    apart = time.monotonic()
    for host, daemon in ((d.a, pair[0]), (d.b, pair[1])):
        if daemon == "hahub":  # keepalived falls silent: a refused advert restarts its timer
            d.lab.wait_for_advert(host, since=apart, count=4)

    assert d.a.holds()
    assert d.b.holds()
    assert d.a.fifo.text == 'INSTANCE "VI_1" BACKUP 150\nINSTANCE "VI_1" MASTER 150\n'
    assert d.b.fifo.text == 'INSTANCE "VI_1" BACKUP 100\nINSTANCE "VI_1" MASTER 100\n'
    measured("different passwords", since)

    since = time.monotonic()
    d.daemon_b.stop()
    d.daemon_b.configure(version_2(100, "secret12"))
    d.daemon_b.start()
    d.b.fifo.wait_for_state("BACKUP", count=2)
    d.lab.settle(d.a, adverts=2)
    measured("different passwords, corrected", since)
    assert d.a.fifo.states() == ["BACKUP", "MASTER"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "STOP", "BACKUP"]


@every_pair
def test_an_interface_that_goes_down_is_a_fault_until_it_is_up_again(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(150), configuration(100))
    d.start()

    since = time.monotonic()
    d.a.interface_down()
    d.lab.settle(d.b)
    measured("interface down", since)
    assert d.a.fifo.states()[2:] == ["FAULT"]

    since = time.monotonic()
    d.a.interface_up()
    d.lab.settle(d.a)
    measured("interface up again", since)
    assert d.a.fifo.states()[2:] == ["FAULT", "BACKUP", "MASTER"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]


@every_pair
def test_a_failing_check_without_weight_is_a_fault_until_it_succeeds(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(150, track_weight=0), configuration(100))
    d.start()
    fail = d.a.directory / "fail"

    since = time.monotonic()
    fail.touch()
    d.lab.settle(d.b)
    measured("check fails, weight 0", since)
    assert d.a.fifo.states()[2:] == ["FAULT"]
    assert d.lab.adverts(d.a)[-1].priority == 0

    since = time.monotonic()
    fail.unlink()
    d.lab.settle(d.a)
    measured("check succeeds, weight 0", since)
    assert d.a.fifo.states()[2:] == ["FAULT", "BACKUP", "MASTER"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]


@every_pair
def test_a_failing_check_with_a_weight_lowers_the_advertised_priority(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(150, track_weight=-60), configuration(100))
    d.start()
    fail = d.a.directory / "fail"

    since = time.monotonic()
    fail.touch()
    d.lab.settle(d.b)
    measured("check fails, weight -60", since)
    assert {advert.priority for advert in d.lab.adverts(d.a)} == {150, 90}
    assert d.a.fifo.text.splitlines()[-1] == 'INSTANCE "VI_1" BACKUP 90'

    since = time.monotonic()
    fail.unlink()
    d.lab.settle(d.a)
    measured("check succeeds, weight -60", since)
    assert d.a.fifo.text.splitlines()[-1] == 'INSTANCE "VI_1" MASTER 150'
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]


@every_pair
def test_a_split_that_heals_ends_with_one_master(duel: MakeDuel, measured: Measured) -> None:
    d = duel(configuration(150), configuration(100))
    d.start()
    d.b.unplug()
    d.b.fifo.wait_for_state("MASTER")
    wait_until(lambda: d.a.holds() and d.b.holds(), "the address on both sides of the split")

    since = time.monotonic()
    d.b.plug()
    d.lab.settle(d.a)

    measured("split healed", since)
    assert d.a.fifo.states() == ["BACKUP", "MASTER"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]
