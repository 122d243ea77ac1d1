"""Options of elections, on both sides of the wire: who says what to whom, and how long who waits."""

import sys
import time

import pytest

from tests.interop.configuration import ADVERT_INT, configuration
from tests.interop.conftest import MakeDuel
from tests.lab import VIP, GratuitousArp, Host
from tests.lab.timeline import wait_until

PAIRS = [
    pytest.param(("keepalived", "hahub"), marks=pytest.mark.keepalived, id="keepalived-hahub"),
    pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
]
pytestmark = [pytest.mark.namespaces, pytest.mark.slow]

OPTIONS = """down_timer_adverts 6
    higher_prio_send_advert
    garp_master_repeat 1
    garp_master_delay 0
    garp_lower_prio_repeat 3
    garp_lower_prio_delay 1"""


@pytest.mark.parametrize("pair", PAIRS)
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


def knock(host: Host) -> str:
    """Ask for a connection to the virtual address that nobody takes."""
    answers = f"{{errno.ECONNREFUSED: 'refused'}}.get(sock.connect_ex(({VIP!r}, 9)), 'no answer')"
    return host.run(
        sys.executable, "-c", f"import errno, socket; sock = socket.socket(); sock.settimeout(0.4); print({answers})"
    ).strip()


@pytest.mark.parametrize("pair", PAIRS[1:])
def test_strict_routers_have_no_password_and_accept_no_packets(duel: MakeDuel) -> None:
    def strict(priority: int) -> str:
        return configuration(priority, version=2, advert_int=1, auth_pass="ignored", options="strict_mode")

    d = duel(strict(150), strict(100))
    d.start(adverts=2)
    assert d.daemon_a.stop() == 0
    d.lab.settle(d.b, adverts=2)

    assert {advert.auth_type for advert in d.lab.adverts()} == {0}
    assert knock(d.a) == "no answer"
    d.daemon_a.start()
    d.lab.settle(d.a, adverts=2)
    assert knock(d.b) == "no answer"
    assert f"{VIP} dev eth0 lladdr {d.a.mac}" in d.b.ip("neighbour", "show")


@pytest.mark.parametrize("pair", PAIRS[1:])
def test_without_preemption_a_node_behind_a_port_that_opens_late_leaves_the_old_master_alone(duel: MakeDuel) -> None:
    d = duel(configuration(150, advert_int=1, options="nopreempt"), configuration(100, options="nopreempt"))
    d.daemon_b.start()
    d.b.fifo.wait_for_state("MASTER")
    d.a.unplug()
    d.daemon_a.start()
    d.a.fifo.wait_for_state("MASTER")

    d.lab.wait_for_advert(d.a, since=time.monotonic())  # for a second, only b can be heard first
    since = time.monotonic()
    d.a.plug()
    d.lab.settle(d.b)

    assert {advert.priority for advert in d.lab.adverts(d.a, since=since)} == {0}
    assert d.a.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER"]


@pytest.mark.parametrize("pair", PAIRS[1:])
def test_an_old_master_that_speaks_once_more_gets_its_place_back(duel: MakeDuel) -> None:
    """The advert of the node behind the port comes first: the old one yields, and is soon back."""
    old = configuration(100, advert_int=1, options="nopreempt\n higher_prio_send_advert")
    d = duel(configuration(150, options="nopreempt"), old)
    d.daemon_b.start()
    d.b.fifo.wait_for_state("MASTER")
    d.a.unplug()
    d.daemon_a.start()
    d.a.fifo.wait_for_state("MASTER")

    d.lab.wait_for_advert(d.b, since=time.monotonic())  # for a second, only a can be heard first
    d.a.plug()
    d.lab.settle(d.b, adverts=2)

    assert d.a.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP", "MASTER"]
    resignation = d.lab.adverts(d.a)[-1]
    assert resignation.priority == 0
    assert d.lab.wait_for_advert(d.b, since=resignation.at).at - resignation.at < ADVERT_INT


@pytest.mark.parametrize("pair", [*PAIRS, pytest.param(("hahub", "hahub"), id="hahub that takes no advice")])
def test_of_two_owners_that_were_split_one_gives_in(duel: MakeDuel, pair: tuple[str, str]) -> None:
    """The one of lower address; unless it takes no advice, as RFC 9568 has it."""
    stubborn = pair == ("hahub", "hahub")
    owner = configuration(255).replace("state BACKUP", "state MASTER")
    d = duel(owner.replace("version 3", "version 3\n owner_ignore_adverts" * stubborn or "version 3"), owner)
    d.a.unplug()
    d.daemon_a.start()
    d.daemon_b.start()
    d.a.fifo.wait_for_state("MASTER")
    d.b.fifo.wait_for_state("MASTER")

    d.a.plug()
    healed = time.monotonic()
    d.lab.settle(d.a if stubborn else d.b, adverts=8)

    # Who gives in at the first advert that it hears may not have sent another one.
    heard_by = {d.a: d.lab.adverts(d.b, since=healed), d.b: d.lab.adverts(d.a, since=healed)}
    for host, name in zip((d.a, d.b), pair, strict=True):
        if name == "hahub" and not (stubborn and host is d.a):
            told = "has priority 255 as well, expected one owner on a link" in host.daemon.log
            assert told or not heard_by[host]
            assert told or (pair == ("keepalived", "hahub") and host is d.b), "the lower address hears the other one"
    assert {advert.priority for advert in d.lab.adverts()} == {255}
