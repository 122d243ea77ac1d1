"""What outsiders remove comes back, by the real core in the laboratory: of every kind, and without a fight."""

import dataclasses
import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from hahub.messages import Log
from hahub.model import State
from hahub.settings import NextHop, Route, Rule, StaticSettings, VirtualAddress
from tests.core.test_belongings import PLAIN
from tests.core.test_statics import StaticCore
from tests.interop.test_families import enable_ipv6
from tests.lab import VIP, Host, Lab
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces

HOPS = (NextHop("10.9.0.7"), NextHop("10.9.0.8", "eth0", 2))
HOPS_6 = (NextHop("fd00::7", "eth0"), NextHop("fd00::8", "eth0"))
FULL = dataclasses.replace(
    PLAIN,
    advert_int=0.05,
    excluded_addresses=(
        VirtualAddress("10.30.0.1", 24, "eth0"),
        VirtualAddress("10.30.0.2", 24, "eth0"),
        VirtualAddress("fd30::1", 64, "eth0", flags=2),
        VirtualAddress("10.30.1.1", 24, "eth0", tracked=False),
    ),
    routes=(
        Route("10.40.0.0/24", hops=HOPS),
        Route("fd40::/64", hops=HOPS_6),
        Route("10.41.0.0/24", gateway="10.30.0.9", interface="eth0", source="10.30.0.1"),
        Route("10.42.0.0/24", type=6, tracked=False),
    ),
    rules=(Rule(10, 501, table=300, mark=7),),
)
STATICS = StaticSettings(
    (VirtualAddress("10.9.0.77", 24, "eth0"), VirtualAddress("fd31::1", 64, "eth0", flags=2)),
    (Route("10.50.0.0/24", hops=HOPS), Route("fd50::/64", hops=HOPS_6)),
    (Rule(2, 500, table=300, source="10.21.0.0/16"),),
)


class FullCore(StaticCore):
    statics = STATICS


@pytest.fixture
def lab() -> Iterator[Lab]:
    with lab_or_skip("a") as lab:
        wait_until(lambda: "state UP" in lab["a"].ip("link", "show", "eth0"), "carrier")
        enable_ipv6(lab["a"], 1)
        yield lab


@pytest.fixture
def core(lab: Lab) -> Iterator[FullCore]:
    core = FullCore(lab["a"], FULL)
    try:
        core.wait_for_state(State.MASTER)
        wait_until(lambda: "fd30::1" in lab["a"].ip("-6", "address", "show", "dev", "eth0"), "IPv6 addresses")
        yield core
    finally:
        core.close()


def present(host: Host) -> list[str]:
    """All that a core can have put here, in words, without the order in which it came."""
    commands = ("address show dev eth0", "-6 address show dev eth0", "route show proto 18", "-6 route show proto 18",
                "rule", "-6 rule")  # fmt: skip
    lines = [" ".join(line.split()) for command in commands for line in host.ip("-o", *command.split()).splitlines()]
    return sorted(line.replace(" secondary", "") for line in lines if "table" not in line)


REMOVALS = (
    (
        "route del 10.40.0.0/24",
        "-6 route del fd40::/64 via fd00::8",
        "route del 10.41.0.0/24",
        "-6 rule del preference 501",
        "route del 10.50.0.0/24",
        "-6 route del fd50::/64 via fd00::7",
        "rule del preference 500",
    ),
    ("-6 route del fd40::/64", "-6 route del fd50::/64"),
    ("address del 10.30.0.1/24 dev eth0", "address del 10.9.0.77/24 dev eth0"),
    (
        f"address del {VIP}/24 dev eth0",
        "address del 10.30.0.2/24 dev eth0",
        "-6 address del fd30::1/64 dev eth0",
        "-6 address del fd31::1/64 dev eth0",
    ),
)
"""What an outsider does at once. 10.30.0.1 takes the other address of its subnet and 10.41.0.0/24 along."""


def test_everything_comes_back_and_what_nobody_minds_stays_away(lab: Lab, core: FullCore) -> None:
    host = lab["a"]
    for command in ("address del 10.30.1.1/24 dev eth0", "route del blackhole 10.42.0.0/24"):
        host.ip(*command.split())
    expected = present(host)

    for commands in REMOVALS:
        for command in commands:
            host.ip(*command.split())
        wait_until(lambda: present(host) == expected, f"everything after: {command}")
    core.pump(0.1)

    assert core.states() == [State.MASTER]
    assert "10.30.1.1" not in " ".join(expected)
    assert "10.42.0.0" not in " ".join(expected)
    assert "cannot" not in core.log


def test_who_removes_without_end_delays_nothing_and_fills_no_log(lab: Lab, core: FullCore) -> None:
    host, over = lab["a"], threading.Event()
    expected = present(host)
    script = "; ".join(f"ip {command} 2>/dev/null" for command in itertools.chain(*REMOVALS))

    def remove() -> None:
        while not over.is_set():
            host.run("sh", "-c", f"{script}; true")

    began = time.monotonic()
    thread = threading.Thread(target=remove)
    thread.start()
    while time.monotonic() < began + 3.0:
        core.pump(0.05)
    over.set()
    thread.join()
    adverts = [advert.at for advert in lab.adverts(since=began)]
    wait_until(lambda: present(host) == expected, "everything to be back")
    core.pump(0.1)

    lines = [record for record in core.records if isinstance(record, Log)]
    assert core.states() == [State.MASTER]
    assert max(later - sooner for sooner, later in itertools.pairwise(adverts)) < 3 * FULL.advert_int
    assert len(adverts) > 50
    assert len(lines) < 20, core.log
