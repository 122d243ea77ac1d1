"""What comes and goes with the addresses, by the real core in the laboratory."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hahub.messages import Shutdown
from hahub.model import State
from hahub.settings import InstanceSettings, VirtualAddress
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


@pytest.fixture
def cores() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


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
