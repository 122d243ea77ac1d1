"""What the peer and the wire see when one process of hahub dies."""

import os
import signal
import time

import pytest

from tests.interop.configuration import configuration
from tests.interop.conftest import Duel, MakeDuel, Measured
from tests.lab import Hahub
from tests.lab.timeline import wait_until

with_either_peer = pytest.mark.parametrize(
    "pair",
    [
        pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
        pytest.param(("hahub", "hahub"), id="hahub-hahub"),
    ],
)

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]


@pytest.fixture(name="started")
def start_duel(duel: MakeDuel) -> Duel:
    started = duel(configuration(150), configuration(100))
    started.start()
    return started


def hahub_of(duel: Duel) -> Hahub:
    assert isinstance(duel.daemon_a, Hahub)
    return duel.daemon_a


@with_either_peer
def test_nobody_notices_a_killed_core_that_comes_back_in_time(duel: MakeDuel, measured: Measured) -> None:
    """Peers wait for three intervals and their skew; starting a core takes less."""
    started = duel(configuration(150, version=2, advert_int=1), configuration(100, version=2, advert_int=1))
    started.start()
    since = time.monotonic()

    hahub_of(started).kill_process("hahub.core")
    wait_until(lambda: "goes on as MASTER" in hahub_of(started).log, "another core")
    started.lab.settle(started.a)

    result = measured("SIGKILL of the master's core", since)
    assert (result.without_master, result.two_masters) == (0, 0)
    assert started.a.fifo.states() == ["BACKUP", "MASTER"]
    assert started.b.fifo.states() == ["BACKUP"]


@with_either_peer
def test_a_core_that_comes_back_too_late_listens_and_there_is_one_master(duel: MakeDuel, measured: Measured) -> None:
    """A parent that stands still starts no other core before the peer has taken over."""
    started = duel(configuration(150, advert_int=0.1), configuration(100, advert_int=0.1))
    started.start()
    since = time.monotonic()

    started.daemon_a.signal(signal.SIGSTOP)
    hahub_of(started).kill_process("hahub.core")
    started.b.fifo.wait_for_state("MASTER")
    started.daemon_a.signal(signal.SIGCONT)
    started.a.fifo.wait_for_state("BACKUP", count=2)
    started.lab.settle(started.a)

    measured("SIGKILL of the master's core, late", since)
    assert started.a.fifo.states() == ["BACKUP", "MASTER", "BACKUP", "MASTER"]
    assert started.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]


@pytest.mark.keepalived
@pytest.mark.parametrize("pair", [("hahub", "keepalived")], ids=["hahub-keepalived"])
def test_a_hung_core_is_ended_and_the_next_one_listens(started: Duel, measured: Measured) -> None:
    """A stopped process keeps its addresses for ever; the peer has long taken over."""
    hung = hahub_of(started).process("hahub.core")
    since = time.monotonic()

    os.kill(hung, signal.SIGSTOP)
    started.b.fifo.wait_for_state("MASTER")
    started.a.fifo.wait_for_state("BACKUP", count=2)
    with_one_master = time.monotonic() - since
    started.lab.settle(started.a)

    result = measured("SIGSTOP of the master's core", since)
    assert "core is hung: no advertisement for 1 s by virtual router 51 on eth0" in hahub_of(started).log
    assert started.a.fifo.states() == ["BACKUP", "MASTER", "BACKUP", "MASTER"]
    assert started.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]
    # It is ended after 1.2 s, and the peer is the only master as soon as another core has started.
    assert result.two_masters < with_one_master < 10.0


@pytest.mark.keepalived
@pytest.mark.parametrize("pair", [("hahub", "keepalived")], ids=["hahub-keepalived"])
def test_after_the_whole_host_stood_still_nobody_is_ended(started: Duel, measured: Measured) -> None:
    """The core's own guard acts: it removes the addresses and listens, before it advertises."""
    processes = started.a.processes()
    since = time.monotonic()

    for process in processes:
        os.kill(process, signal.SIGSTOP)
    started.b.fifo.wait_for_state("MASTER")
    time.sleep(2.0)  # what is tested is a pause: longer than the parent would wait for its core
    for process in reversed(processes):
        os.kill(process, signal.SIGCONT)
    started.a.fifo.wait_for_state("BACKUP", count=2)
    started.lab.settle(started.a)

    measured("SIGSTOP of the master's host", since)
    assert started.a.fifo.states() == ["BACKUP", "MASTER", "BACKUP", "MASTER"]
    assert "hung" not in hahub_of(started).log
    assert started.a.processes() == processes


@with_either_peer
def test_nobody_on_the_wire_notices_a_killed_hub(started: Duel, measured: Measured) -> None:
    before = hahub_of(started).process("hahub.hub")
    since = time.monotonic()

    hahub_of(started).kill_process("hahub.hub")
    wait_until(lambda: "hub started" in hahub_of(started).log.partition("hub ended")[2], "another hub")
    started.lab.settle(started.a, adverts=10)

    result = measured("SIGKILL of the master's hub", since)
    assert (result.without_master, result.two_masters) == (0, 0)
    assert hahub_of(started).process("hahub.hub") != before
    assert started.b.fifo.states() == ["BACKUP"]


@with_either_peer
def test_when_the_parent_is_killed_the_core_resigns_and_nothing_stays(started: Duel, measured: Measured) -> None:
    since = time.monotonic()

    hahub_of(started).kill_parent()
    hahub_of(started).wait()
    started.lab.settle(started.b)
    wait_until(lambda: started.a.processes() == [], "the end of every process")

    measured("SIGKILL of the master's parent", since)
    assert started.lab.adverts(started.a)[-1].priority == 0
    assert started.a.addresses() == ["10.9.0.1/24"]
    assert started.a.fifo.states() == ["BACKUP", "MASTER", "STOP"]
