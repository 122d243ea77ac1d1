"""What comes and goes with the addresses, by the real core in the laboratory."""

import dataclasses
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hahub.messages import Shutdown
from hahub.model import State
from hahub.settings import InstanceSettings, Route, Rule, VirtualAddress
from tests.core.driver import CoreDriver
from tests.lab import VIP, GratuitousArp, Lab
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces

PLAIN = InstanceSettings(
    "VI_1", "eth0", 51, priority=255, version=3, advert_int=0.1, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),)
)
EXCLUDED = VirtualAddress("10.9.0.201", 24, "eth0")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with lab_or_skip("a") as laboratory:
        wait_until(lambda: "state UP" in laboratory["a"].ip("link", "show", "eth0"), "carrier")
        yield laboratory


def start(cores: ExitStack, lab: Lab, settings: InstanceSettings) -> CoreDriver:
    core = CoreDriver(lab["a"], settings)
    cores.callback(core.close)
    return core


def test_an_excluded_address_moves_with_the_others_and_no_advert_names_it(lab: Lab, cores: ExitStack) -> None:
    core = start(cores, lab, dataclasses.replace(PLAIN, excluded_addresses=(EXCLUDED,)))
    core.wait_for_state(State.MASTER)

    records = lab.timeline.wait_until(
        lambda records: any(isinstance(r, GratuitousArp) and r.address == EXCLUDED.address for r in records),
        "a gratuitous ARP for the excluded address",
    )
    held = lab["a"].addresses()
    lab["a"].ip("address", "del", str(EXCLUDED), "dev", "eth0")
    core.wait_for(lambda: "10.9.0.201/24: putting back" in core.log, "a line in the log")
    wait_until(lambda: lab["a"].holds(EXCLUDED.address), "the address to come back")
    core.link.try_send(Shutdown(1.0))
    core.wait_for_end()

    assert {arp.address for arp in records if isinstance(arp, GratuitousArp)} == {VIP, EXCLUDED.address}
    assert held == ["10.9.0.1/24", f"{VIP}/24", str(EXCLUDED)]
    assert {advert.addresses for advert in lab.adverts()} == {(VIP,)}
    assert lab["a"].addresses() == ["10.9.0.1/24"]


def test_an_address_with_no_track_that_somebody_removes_stays_away(lab: Lab, cores: ExitStack) -> None:
    untracked = dataclasses.replace(EXCLUDED, tracked=False)
    core = start(cores, lab, dataclasses.replace(PLAIN, excluded_addresses=(untracked,)))
    core.wait_for_state(State.MASTER)

    lab["a"].ip("address", "del", str(untracked), "dev", "eth0")
    core.pump(0.5)

    assert lab["a"].addresses() == ["10.9.0.1/24", f"{VIP}/24"]
    assert "putting back" not in core.log


ROUTED = dataclasses.replace(
    PLAIN,
    routes=(
        Route("10.20.0.0/16", gateway="10.9.0.7", source=VIP, metric=5),
        Route("10.21.0.0/16", interface="eth0", scope=253, table=300),
        Route("10.22.0.0/16", type=6),
    ),
    rules=(Rule(2, 500, table=300, source="10.21.0.0/16"), Rule(10, 501, table=300, mark=7)),
)


def routes(lab: Lab) -> list[str]:
    """Those of keepalived's protocol, in words."""
    return sorted(
        " ".join(line.split()) for line in lab["a"].ip("route", "show", "table", "all", "proto", "18").splitlines()
    )


def rules(lab: Lab) -> list[str]:
    found = lab["a"].ip("rule", "show").splitlines() + lab["a"].ip("-6", "rule", "show").splitlines()
    return sorted(" ".join(line.split()) for line in found if line.startswith("50"))


ROUTES = [
    "10.20.0.0/16 via 10.9.0.7 dev eth0 src 10.9.0.200 metric 5",
    "10.21.0.0/16 dev eth0 table 300 scope link",
    "blackhole 10.22.0.0/16",
]
RULES = [
    "500: from 10.21.0.0/16 lookup 300 proto keepalived",
    "501: from all fwmark 0x7 lookup 300 proto keepalived",
]


def test_routes_and_rules_come_and_go_with_the_addresses(lab: Lab, cores: ExitStack) -> None:
    core = start(cores, lab, ROUTED)
    core.wait_for_state(State.MASTER)
    as_master = routes(lab), rules(lab)

    core.link.try_send(Shutdown(1.0))
    core.wait_for_end()

    assert as_master == (ROUTES, RULES)
    assert (routes(lab), rules(lab)) == ([], [])
    assert "cannot" not in core.log


@pytest.mark.parametrize(
    "command",
    ["route del 10.20.0.0/16", "route del 10.21.0.0/16 table 300", "route del blackhole 10.22.0.0/16",
     "rule del preference 500", "-6 rule del preference 501", f"address del {VIP}/24 dev eth0"],
)  # fmt: skip
def test_a_route_or_rule_that_somebody_removes_comes_back_and_the_master_stays(
    lab: Lab, cores: ExitStack, command: str
) -> None:
    core = start(cores, lab, ROUTED)
    core.wait_for_state(State.MASTER)

    lab["a"].ip(*command.split())
    core.wait_for(lambda: "putting back" in core.log, "a line in the log")

    wait_until(lambda: (routes(lab), rules(lab)) == (ROUTES, RULES), "routes and rules to be complete")
    assert core.states() == [State.MASTER]


def test_what_a_killed_core_left_is_removed_before_the_next_one_is_master(lab: Lab, cores: ExitStack) -> None:
    first = start(cores, lab, ROUTED)
    first.wait_for_state(State.MASTER)
    first.signal(signal.SIGKILL)
    first.wait_for_end()
    assert routes(lab) == ROUTES

    second = start(cores, lab, dataclasses.replace(ROUTED, priority=1, advert_int=40.0))
    second.wait_for_state(State.BACKUP)

    assert (routes(lab), rules(lab), lab["a"].holds()) == ([], [], False)


def test_a_second_configuration_changes_only_the_routes_that_changed(lab: Lab, cores: ExitStack) -> None:
    core = start(cores, lab, ROUTED)
    core.wait_for_state(State.MASTER)

    core.configure(dataclasses.replace(ROUTED, routes=(*ROUTED.routes[:2], Route("10.23.0.0/16", type=7)), rules=()))

    wait_until(lambda: routes(lab) == [*ROUTES[:2], "unreachable 10.23.0.0/16"], "the routes of the new file")
    wait_until(lambda: rules(lab) == [], "the rules to go")
    assert core.states() == [State.MASTER]


def test_the_routes_of_an_interface_come_back_with_it(lab: Lab, cores: ExitStack) -> None:
    lab["a"].add_second_interface()
    way = dataclasses.replace(
        PLAIN, advert_int=40.0, routes=(Route("10.24.0.0/16", gateway="10.10.0.7", interface="eth1"),)
    )
    wait_until(lambda: "state UP" in lab["a"].ip("link", "show", "eth1"), "carrier")
    core = start(cores, lab, way)
    core.wait_for_state(State.MASTER)
    expected = ["10.24.0.0/16 via 10.10.0.7 dev eth1"]
    assert routes(lab) == expected

    lab["a"].ip("link", "set", "eth1", "down")
    wait_until(lambda: routes(lab) == [], "the route to go")
    lab["a"].ip("link", "set", "eth1", "up")

    wait_until(lambda: routes(lab) == expected, "the route to come back")
    core.signal(signal.SIGSTOP)
    lab["a"].ip("link", "set", "eth1", "down")
    lab["a"].ip("link", "set", "eth1", "up")
    assert routes(lab) == []
    core.signal(signal.SIGCONT)
    wait_until(lambda: routes(lab) == expected, "the route to come back after news that came at once")
    assert core.states() == [State.MASTER]


def test_a_route_that_the_kernel_refuses_is_named_in_the_log(lab: Lab, cores: ExitStack) -> None:
    core = start(cores, lab, dataclasses.replace(PLAIN, routes=(Route("10.25.0.0/16", gateway="192.0.2.1"),)))
    core.wait_for_state(State.MASTER)

    core.wait_for(lambda: "cannot add route 10.25.0.0/16 via 192.0.2.1: " in core.log, "a line in the log")
