"""Sync groups of hahub and keepalived on two wires: what happens to one member happens to all.

VI_1 is on eth0 and VI_2 on eth1 of each host, both in the group G1.
"""

import time
from dataclasses import dataclass

import pytest

from tests.interop.configuration import group_configuration
from tests.interop.conftest import MakeDuel
from tests.interop.test_failover import every_pair
from tests.lab import VIP, Advert, Daemon, Host, Lab
from tests.lab.timeline import wait_until

with_hahub_as_a = pytest.mark.parametrize(
    "pair",
    [
        pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
        pytest.param(("hahub", "hahub"), id="hahub-hahub"),
    ],
)
pytestmark = [pytest.mark.namespaces, pytest.mark.slow]

ROUTERS = (51, 52)
NAMES = ("VI_1", "VI_2", "G1")


@dataclass(frozen=True)
class GroupDuel:
    """Host a, which is master of both wires, and host b, which stays backup."""

    lab: Lab
    a: Host
    b: Host
    daemon_a: Daemon
    daemon_b: Daemon

    def adverts(self, host: Host, router: int, *, since: float = 0.0) -> list[Advert]:
        return [each for each in self.lab.adverts(host, since=since) if each.virtual_router_id == router]

    def settle(self, master: Host) -> None:
        """Wait until this host is master of everything and nobody else of anything; then watch for a while."""
        wait_until(lambda: self._is_settled(master), f"{master.name} to be the only master")
        since = time.monotonic()
        lines = {host.name: host.fifo.text for host in (self.a, self.b)}

        wait_until(
            lambda: all(len(self.adverts(master, router, since=since)) >= 4 for router in ROUTERS),
            f"adverts of {master.name} on both wires",
        )

        assert {each.host for each in self.lab.adverts(since=since)} == {master.name}, self.lab.story()
        assert {host.name: host.fifo.text for host in (self.a, self.b)} == lines, self.lab.story()
        assert self._is_settled(master), self.lab.story()

    def _is_settled(self, master: Host) -> bool:
        return all(
            self.last_states(host) == ["MASTER"] * 3 and holdings(host) == [True, True]
            if host is master
            else "MASTER" not in self.last_states(host) and holdings(host) == [False, False]
            for host in (self.a, self.b)
            if host.daemon is not None and host.daemon.is_running
        )

    @staticmethod
    def last_states(host: Host) -> list[str]:
        return [state for name in NAMES for state in host.fifo.states(name)[-1:]]


def holdings(host: Host) -> list[bool]:
    return [host.holds(VIP), host.holds("10.10.0.200", interface="eth1")]


def moves(host: Host) -> list[list[str]]:
    """What the FIFO says of VI_1, VI_2 and G1."""
    return [host.fifo.states(name) for name in NAMES]


def group_duel(duel: MakeDuel, config_a: str, config_b: str) -> GroupDuel:
    """Start both hosts, a first."""
    made = duel(config_a, config_b)
    for host in (made.a, made.b):
        host.add_second_interface()
    made.daemon_a.start()
    made.a.fifo.wait_for_state("MASTER", instance="G1")
    made.daemon_b.start()
    for name in NAMES:
        made.b.fifo.wait_for_state("BACKUP", instance=name)
    started = GroupDuel(made.lab, made.a, made.b, made.daemon_a, made.daemon_b)
    started.settle(started.a)
    return started


@pytest.fixture(name="started")
def start_groups(duel: MakeDuel) -> GroupDuel:
    return group_duel(duel, group_configuration(150), group_configuration(100))


@every_pair
def test_the_fault_of_one_member_moves_all_and_its_end_brings_all_back(started: GroupDuel) -> None:
    d = started
    since = time.monotonic()

    d.a.ip("link", "set", "eth1", "down")
    d.settle(d.b)
    assert moves(d.a) == [["BACKUP", "MASTER", "FAULT"]] * 3
    assert moves(d.b) == [["BACKUP", "MASTER"]] * 3
    assert d.adverts(d.a, 51, since=since)[-1].priority == 0

    d.a.ip("link", "set", "eth1", "up")
    d.settle(d.a)
    assert moves(d.a) == [["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"]] * 3
    assert moves(d.b) == [["BACKUP", "MASTER", "BACKUP"]] * 3


@every_pair
def test_a_group_takes_over_from_a_killed_one_which_preempts_on_return(started: GroupDuel) -> None:
    d = started

    d.daemon_a.kill()
    d.settle(d.b)
    d.daemon_a.start()
    d.settle(d.a)

    assert moves(d.a) == [["BACKUP", "MASTER", "BACKUP", "MASTER"]] * 3
    assert moves(d.b) == [["BACKUP", "MASTER", "BACKUP"]] * 3


@every_pair
def test_a_stopped_group_resigns_on_both_wires(started: GroupDuel) -> None:
    d = started

    assert d.daemon_a.stop() == 0
    d.settle(d.b)

    assert [d.adverts(d.a, router)[-1].priority for router in ROUTERS] == [0, 0]
    assert moves(d.a) == [["BACKUP", "MASTER", "STOP"]] * 3
    assert holdings(d.a) == [False, False]
    assert d.a.fifo.text.splitlines()[-1] == 'GROUP "G1" STOP 0'


@every_pair
def test_while_one_wire_still_hears_the_master_nobody_takes_over(started: GroupDuel) -> None:
    d = started
    d.b.unplug_second_interface()
    since = time.monotonic()

    d.lab.wait_for_advert(d.a, since=since, count=20)  # far more than three of each router

    assert moves(d.b) == [["BACKUP"]] * 3
    assert holdings(d.b) == [False, False]
    d.b.plug_second_interface()
    d.settle(d.a)


@every_pair
def test_a_weighted_check_of_the_group_lowers_all_members(duel: MakeDuel) -> None:
    d = group_duel(duel, group_configuration(150, track_weight=-60), group_configuration(100))
    fail = d.a.directory / "fail"

    fail.touch()
    d.settle(d.b)
    assert [{each.priority for each in d.adverts(d.a, router)} >= {150, 90} for router in ROUTERS] == [True, True]
    fail.unlink()
    d.settle(d.a)

    assert moves(d.a) == [["BACKUP", "MASTER", "BACKUP", "MASTER"]] * 3


@with_hahub_as_a
def test_scripts_of_the_group_hear_of_the_group(started: GroupDuel) -> None:
    d = started
    script = f"{d.a.directory}/notify.sh"

    d.daemon_a.stop()

    assert d.a.argv() == [
        f"{script}\tgroup\tGROUP\tG1\tBACKUP\t0",
        f"{script}\tmaster",
        f"{script}\tgroup\tGROUP\tG1\tMASTER\t0",
        f"{script}\tgroup\tGROUP\tG1\tSTOP\t0",
    ]


def reload_a(d: GroupDuel, config: str) -> None:
    """Reload host a and wait until it says so."""
    before = d.daemon_a.log.count("reloaded")
    d.daemon_a.reload(config)
    wait_until(lambda: d.daemon_a.log.count("reloaded") > before, "the reload")


@with_hahub_as_a
def test_a_reload_leaves_a_group_alone(started: GroupDuel) -> None:
    d = started
    since = time.monotonic()

    reload_a(d, group_configuration(150))
    d.settle(d.a)

    assert moves(d.a) == [["BACKUP", "MASTER"]] * 3
    assert moves(d.b) == [["BACKUP"]] * 3
    assert {each.priority for each in d.lab.adverts(since=since)} == {150}


@with_hahub_as_a
def test_a_reload_that_lowers_all_members_moves_the_group(started: GroupDuel) -> None:
    d = started

    reload_a(d, group_configuration(50))
    d.settle(d.b)

    assert moves(d.a) == [["BACKUP", "MASTER", "BACKUP"]] * 3


@with_hahub_as_a
def test_a_group_that_gets_another_member_stays_master(started: GroupDuel) -> None:
    d = started
    since = time.monotonic()

    reload_a(d, group_configuration(150, instances=(1, 2, 3), members=(1, 2, 3)))
    d.a.fifo.wait_for_state("MASTER", instance="VI_3")
    d.settle(d.a)

    assert moves(d.a) == [["BACKUP", "MASTER"]] * 3
    assert moves(d.b) == [["BACKUP"]] * 3
    assert {each.priority for each in d.lab.adverts(since=since)} == {150}
    assert d.a.holds("10.9.0.203")


@with_hahub_as_a
def test_instances_that_leave_a_group_and_come_back_stay_masters(started: GroupDuel) -> None:
    d = started
    since = time.monotonic()

    reload_a(d, group_configuration(150, members=()))
    reload_a(d, group_configuration(150))
    d.settle(d.a)

    assert moves(d.a) == [["BACKUP", "MASTER"], ["BACKUP", "MASTER"], ["BACKUP", "MASTER", "MASTER"]]
    assert moves(d.b) == [["BACKUP"]] * 3
    assert {each.priority for each in d.lab.adverts(since=since)} == {150}


@with_hahub_as_a
def test_a_member_that_becomes_another_virtual_router_stays_in_the_group(started: GroupDuel) -> None:
    d = started
    config = group_configuration(150).replace("virtual_router_id 52", "virtual_router_id 54")

    reload_a(d, config)
    d.a.fifo.wait_for_state("MASTER", count=2, instance="VI_2")

    assert d.a.fifo.states("VI_1") == ["BACKUP", "MASTER"]
    assert d.a.fifo.states("VI_2") == ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"]
    assert d.a.fifo.states("G1") == ["BACKUP", "MASTER"]
    d.a.ip("link", "set", "eth1", "down")
    d.a.fifo.wait_for_state("FAULT", instance="VI_1")
