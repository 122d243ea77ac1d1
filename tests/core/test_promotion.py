"""promote_secondaries, by the real core in the laboratory: on while it is wanted, and as it was afterwards."""

import dataclasses
from collections.abc import Iterator

import pytest

from hahub.messages import Shutdown
from hahub.model import State
from hahub.settings import InstanceSettings, VirtualAddress
from tests.core.driver import CoreDriver
from tests.lab import VIP, Host
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces

FIRST, SECOND = VirtualAddress("10.30.0.1", 24, "eth0"), VirtualAddress("10.30.0.2", 24, "eth0")
PLAIN = InstanceSettings(
    "VI_1", "eth0", 51, priority=255, version=3, advert_int=0.1, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),),
    excluded_addresses=(FIRST, SECOND),
)  # fmt: skip
PROMOTING = dataclasses.replace(PLAIN, promote_secondaries=True)


@pytest.fixture
def host() -> Iterator[Host]:
    with lab_or_skip("a") as lab:
        switch(lab["a"], 0)
        wait_until(lambda: "state UP" in lab["a"].ip("link", "show", "eth0"), "carrier")
        yield lab["a"]


def switch(host: Host, value: int, interface: str = "eth0") -> None:
    host.run("sh", "-c", f"echo {value} > /proc/sys/net/ipv4/conf/{interface}/promote_secondaries")


def is_on(host: Host) -> bool:
    return host.run("cat", "/proc/sys/net/ipv4/conf/eth0/promote_secondaries").strip() == "1"


@pytest.mark.parametrize(("settings", "loses"), [(PLAIN, True), (PROMOTING, False)], ids=["without", "with"])
def test_an_address_that_goes_takes_others_of_its_subnet_with_it(
    host: Host, settings: InstanceSettings, loses: bool
) -> None:
    core = CoreDriver(host, settings)
    try:
        core.wait_for_state(State.MASTER)
        while_master = is_on(host)

        core.configure(dataclasses.replace(settings, excluded_addresses=(SECOND,)))
        wait_until(lambda: host.addresses()[1:] in ([f"{VIP}/24", str(SECOND)], [str(SECOND), f"{VIP}/24"]), "one less")
        core.configure(PLAIN)
        wait_until(lambda: not is_on(host), "the setting to be as it was, by a reload")
        core.configure(settings)
        wait_until(lambda: is_on(host) is settings.promote_secondaries, "the setting to be back, by a reload")
        core.link.try_send(Shutdown(1.0))
        core.wait_for_end()
    finally:
        core.close()

    assert while_master is settings.promote_secondaries
    assert (f"somebody removed {SECOND}" in core.log) is loses
    assert not is_on(host)


def test_what_was_on_before_stays_on_and_an_interface_made_anew_gets_it(host: Host) -> None:
    switch(host, 1)
    switch(host, 0, "default")
    core = CoreDriver(host, PROMOTING)
    try:
        core.wait_for_state(State.MASTER)
        core.configure(PLAIN)
        core.configure(dataclasses.replace(PROMOTING, excluded_addresses=()))
        wait_until(lambda: not host.holds(FIRST.address), "the second reload")
        after_reload = is_on(host)

        host.remove_interface()
        core.wait_for_state(State.FAULT)
        host.add_interface()
        core.wait_for_state(State.MASTER, count=2)
        made_anew = is_on(host)
        core.link.try_send(Shutdown(1.0))
        core.wait_for_end()
    finally:
        core.close()

    assert (after_reload, made_anew, is_on(host)) == (True, True, False)
