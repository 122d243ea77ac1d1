"""Options and events that no other file is about, with keepalived beside hahub or at the other end."""

import time

import pytest

from tests.conftest import require
from tests.interop.configuration import ADVERT_INT, GLOBAL, configuration
from tests.interop.conftest import MakeDuel
from tests.lab import DAEMONS, VIP, Lab
from tests.lab.timeline import wait_until

PAIRS = [
    pytest.param(("keepalived", "hahub"), id="keepalived-hahub"),
    pytest.param(("hahub", "keepalived"), id="hahub-keepalived"),
]
pytestmark = [pytest.mark.namespaces, pytest.mark.slow, pytest.mark.keepalived]

DELAY = 1.5


def test_nobody_takes_part_before_the_startup_delay_has_passed(lab: Lab) -> None:
    """Side by side, each with a virtual router of its own: BACKUP is told at once, the wait begins after the delay."""
    require("keepalived")
    delayed = configuration(100).replace("script_user", f"vrrp_startup_delay {DELAY:g}\n    script_user")
    for number, (name, host) in enumerate(zip(("hahub", "keepalived"), lab.hosts.values(), strict=True), start=1):
        text = delayed.replace("virtual_router_id 51", f"virtual_router_id {number}").replace(VIP, f"10.9.0.20{number}")
        DAEMONS[name](host, text).start()

    for host in lab.hosts.values():
        backup = host.fifo.wait_for_state("BACKUP")
        first = lab.wait_for_advert(host, since=backup)
        master_down_interval = 3 * ADVERT_INT + ADVERT_INT * (256 - 100) / 256
        assert -0.05 < first.at - backup - DELAY - master_down_interval < 0.5, host.name


def two(priority: int, *, more: str = "", trusting: str = "") -> str:
    """Two virtual routers of version 2 with one address each, and more of them; the first one is trusting."""
    text = GLOBAL
    for number, option in ((1, trusting), (2, "")):
        addresses = "\n ".join([f"10.9.{number}.1", *([f"10.9.{number}.{more}"] if more else [])])
        text += (
            f"\nvrrp_instance VI_{number} {{\n interface eth0\n virtual_router_id {50 + number}\n version 2\n"
            f" priority {priority}\n {option}\n virtual_ipaddress {{\n {addresses}\n }}\n}}\n"
        )
    return text


@pytest.mark.parametrize("pair", PAIRS)
def test_who_trusts_its_master_minds_no_other_addresses_in_its_adverts(duel: MakeDuel, pair: tuple[str, str]) -> None:
    """VR-058 but for ``skip_check_adv_addr``; the other virtual router shows that they are minded."""
    d = duel(two(150), two(100, trusting="skip_check_adv_addr"))
    d.daemon_a.start()
    d.a.fifo.wait_for_state("MASTER", instance="VI_1")
    d.a.fifo.wait_for_state("MASTER", instance="VI_2")
    d.daemon_b.start()
    d.b.fifo.wait_for_state("BACKUP", instance="VI_2")
    d.lab.wait_for_advert(d.a, since=time.monotonic(), count=4)  # it has heard its masters

    d.daemon_a.reload(two(150, more="2"))
    d.b.fifo.wait_for_state("MASTER", instance="VI_2")
    d.lab.wait_for_advert(d.a, since=time.monotonic(), count=6)

    assert d.b.fifo.states("VI_1") == ["BACKUP"]


@pytest.mark.parametrize("pair", PAIRS[1:])
def test_a_master_whose_interface_is_renamed_or_deleted_hands_over_and_takes_back(
    duel: MakeDuel, pair: tuple[str, str]
) -> None:
    d = duel(configuration(150), configuration(100))
    d.start()

    since = time.monotonic()
    d.a.ip("link", "set", "eth0", "name", "wan0")
    taken = d.b.fifo.wait_for_state("MASTER")
    wait_until(lambda: d.a.addresses("wan0") == ["10.9.0.1/24"], "the address off the interface")
    d.a.ip("link", "set", "wan0", "name", "eth0")
    d.lab.settle(d.a)
    d.a.remove_interface()
    d.b.fifo.wait_for_state("MASTER", count=2)
    d.a.add_interface()
    d.a.fifo.wait_for_state("MASTER", count=3)
    d.b.fifo.wait_for_state("BACKUP", count=3)

    last_word = [advert for advert in d.lab.adverts(d.a, since=since) if advert.at < taken][-1]
    assert last_word.priority == 0
    assert taken - last_word.at < ADVERT_INT
    assert d.a.fifo.states() == ["BACKUP", "MASTER", *["FAULT", "BACKUP", "MASTER"] * 2]
    assert d.b.fifo.states() == ["BACKUP", *["MASTER", "BACKUP"] * 2]
