"""Addresses, routes and rules that are there as long as the core is, by the real core in the laboratory."""

import dataclasses
import os
from collections.abc import Iterator

import pytest

from hahub.link import memory_file
from hahub.messages import Configure, Shutdown, encode_settings
from hahub.model import State
from hahub.settings import CoreSettings, InstanceSettings, Route, Rule, StaticSettings, VirtualAddress
from tests.core.driver import CoreDriver
from tests.lab import VIP, Host
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces

STATICS = StaticSettings(
    (VirtualAddress("10.9.0.77", 24, "eth0"),),
    (Route("10.20.0.0/16", gateway="10.9.0.7", interface="eth0", source="10.9.0.77"), Route("10.21.0.0/16", type=6)),
    (Rule(2, 500, table=300, source="10.21.0.0/16"),),
)
BACKUP = InstanceSettings(
    "VI_1", "eth0", 51, priority=1, version=3, advert_int=40.0, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),)
)
ALL = (
    ["10.9.0.1/24", "10.9.0.77/24"],
    ["10.20.0.0/16 via 10.9.0.7 dev eth0 src 10.9.0.77", "blackhole 10.21.0.0/16"],
    ["500: from 10.21.0.0/16 lookup 300 proto keepalived"],
)


class StaticCore(CoreDriver):
    """A core with static entries beside its instances."""

    statics = STATICS

    def configure(self, *instances: InstanceSettings) -> None:
        text = encode_settings(CoreSettings("node-a", instances, statics=self.statics))
        descriptor = memory_file("settings", text)
        self.link.try_send(Configure(()), [descriptor])
        os.close(descriptor)


@pytest.fixture
def core() -> Iterator[StaticCore]:
    with lab_or_skip("a") as lab:
        wait_until(lambda: "state UP" in lab["a"].ip("link", "show", "eth0"), "carrier")
        core = StaticCore(lab["a"], BACKUP)
        try:
            core.wait_for_state(State.BACKUP)
            yield core
        finally:
            core.close()


def present(host: Host) -> tuple[list[str], list[str], list[str]]:
    routes = [" ".join(line.split()) for line in host.ip("route", "show", "proto", "18").splitlines()]
    rules = [" ".join(line.split()) for line in host.ip("rule").splitlines() if line.startswith("500")]
    return host.addresses(), sorted(routes), rules


def test_they_are_there_on_a_backup_and_gone_at_the_end(core: StaticCore) -> None:
    as_backup = present(core.host)

    core.link.try_send(Shutdown(1.0))
    core.wait_for_end()

    assert as_backup == ALL
    assert present(core.host) == (["10.9.0.1/24"], [], [])


@pytest.mark.parametrize(
    "command",
    ["address del 10.9.0.77/24 dev eth0", "route del 10.20.0.0/16", "route del blackhole 10.21.0.0/16",
     "rule del preference 500"],
)  # fmt: skip
def test_what_somebody_removes_comes_back(core: StaticCore, command: str) -> None:
    core.host.ip(*command.split())

    wait_until(lambda: present(core.host) == ALL, "everything to be there again")
    assert core.states() == [State.BACKUP]


def test_a_second_configuration_removes_what_is_no_longer_in_it(core: StaticCore) -> None:
    core.statics = dataclasses.replace(STATICS, routes=STATICS.routes[:1], rules=())

    core.configure(BACKUP)

    wait_until(lambda: present(core.host) == (ALL[0], ALL[1][:1], []), "the rest to go")
