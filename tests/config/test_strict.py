"""What strict_mode makes of an instance, and what it says about it."""

from collections.abc import Callable
from typing import Any

import pytest

from hahub.config import Loaded
from hahub.config.problems import format_problem
from hahub.settings import InstanceSettings, VirtualAddress, VirtualInterface

VIP = VirtualAddress("192.0.2.9", 32, "eth0")
OWNER = {"priority": 255, "accept": True, "owner_ignore_adverts": True}
STRICT = {
    "accept": False, "lower_prio_no_advert": True, "garp_lower_prio_repeat": 0, "garp_lower_prio_delay": 0.0,
}  # fmt: skip
"""Of an instance that says nothing but strict_mode."""


def text(lines: str, defs: str = "", addresses: str = "virtual_ipaddress {\n192.0.2.9\n}") -> str:
    return (
        f"global_defs {{\n{defs}\n}}\nvrrp_instance VI_1 {{\n interface eth0\n virtual_router_id 51\n"
        f" {addresses}\n strict_mode\n {lines}\n}}\n"
    )


@pytest.mark.parametrize(
    ("defs", "lines", "expected", "problems"),
    [
        pytest.param("", "", {}, [], id="nothing else is said"),
        pytest.param(
            "vrrp_higher_prio_send_advert\nvrrp_garp_lower_prio_repeat 3\nvrrp_garp_lower_prio_delay 3", "", {}, [],
            id="global words that it overrules in silence",
        ),
        pytest.param(
            "vrrp_down_timer_adverts 5", "", {},
            ["2:25: warning: global_defs: vrrp_down_timer_adverts counts as 3 in vrrp_instance VI_1, with strict_mode"],
            id="global down_timer_adverts",
        ),
        pytest.param(
            "", "preempt_delay 5\n down_timer_adverts 4\n garp_lower_prio_repeat 2\n garp_lower_prio_delay 1\n"
            " lower_prio_no_advert off\n higher_prio_send_advert", {},
            ["11:16: warning: {V}preempt_delay has no effect with strict_mode",
             "12:21: warning: {V}down_timer_adverts counts as 3 with strict_mode",
             "13:25: warning: {V}garp_lower_prio_repeat counts as 0 with strict_mode",
             "14:24: warning: {V}garp_lower_prio_delay counts as 0 with strict_mode",
             "15:23: warning: {V}lower_prio_no_advert counts as true with strict_mode",
             "16:2: warning: {V}higher_prio_send_advert has no effect with strict_mode"],
            id="own words that it overrules",
        ),
        pytest.param(
            "", "authentication {\nauth_type PASS\nauth_pass 123456789\n}", {},
            ["11:2: warning: {V}authentication is ignored, strict_mode has none"], id="a password",
        ),
        pytest.param(
            "", "state MASTER\n priority 200\n nopreempt", {"priority": 200, "preempt": False},
            ["11:8: warning: {V}state MASTER counts as BACKUP, only priority 255 begins as MASTER with strict_mode"],
            id="a master that does not own the addresses",
        ),
        pytest.param("", "state MASTER\n priority 255", OWNER, [], id="an owner"),
        pytest.param("", "priority 255", OWNER, [], id="an owner without a state"),
        pytest.param(
            "", "priority 255\n owner_ignore_adverts no", OWNER,
            ["12:23: warning: {V}owner_ignore_adverts counts as true with strict_mode"], id="an owner that listens",
        ),
        pytest.param(
            "", "state BACKUP\n priority 255", OWNER,
            ["11:8: warning: {V}state BACKUP counts as MASTER, priority 255 begins as MASTER with strict_mode"],
            id="an owner that would begin as backup",
        ),
        pytest.param("", "version 3\n accept", {"version": 3, "accept": True}, [], id="Accept_Mode of version 3"),
        pytest.param(
            "", "accept", {}, ["11:2: warning: {V}accept has no effect with strict_mode and version 2"],
            id="version 2 has no Accept_Mode",
        ),
    ],
)  # fmt: skip
def test_a_strict_instance_is_as_the_rfcs_have_it(
    loaded: Callable[..., Loaded], defs: str, lines: str, expected: dict[str, Any], problems: list[str]
) -> None:
    result = loaded(("a.conf", text(lines, defs)))

    assert [format_problem(problem) for problem in result.problems] == [
        f"a.conf:{line.format(V='vrrp_instance VI_1: ')}" for line in problems
    ]
    assert result.settings is not None
    settings = InstanceSettings("VI_1", "eth0", 51, virtual_addresses=(VIP,), **(STRICT | expected))
    assert result.settings.core.instances == (settings,)


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        pytest.param(
            text("unicast_peer {\n192.0.2.1\n}"), ["11:2: {V}unicast_peer contradicts strict_mode"], id="peers"
        ),
        pytest.param(
            text("", addresses=""), ["4:15: {V}virtual_ipaddress is missing, it is required with strict_mode"],
            id="no addresses",
        ),
        pytest.param(
            text("", addresses="no_virtual_ipaddress"), ["7:2: {V}no_virtual_ipaddress contradicts strict_mode"],
            id="no addresses on purpose",
        ),
        pytest.param(
            text("", addresses="virtual_ipaddress {\n2001:db8::1\nfe80::1\n}"),
            ["8:1: warning: {V}virtual_ipaddress begins with 2001:db8::1,"
             " strict_mode wants a link-local address in the first place"],
            id="VR-031",
        ),
        pytest.param(text("", addresses="virtual_ipaddress {\nfe80::1\n2001:db8::1\n}"), [], id="VR-031, in order"),
    ],
)  # fmt: skip
def test_what_a_strict_instance_cannot_do_without_is_told(
    problem_lines: Callable[..., list[str]], given: str, problems: list[str]
) -> None:
    assert problem_lines(given) == [f"a.conf:{line.format(V='vrrp_instance VI_1: ')}" for line in problems]


def test_a_virtual_mac_is_that_of_the_rfcs_and_adverts_come_from_it(loaded: Callable[..., Loaded]) -> None:
    result = loaded(("a.conf", text("use_vmac 02:00:00:00:00:07\n vmac_xmit_base")))

    assert [format_problem(problem) for problem in result.problems] == [
        "a.conf:11:11: warning: vrrp_instance VI_1: use_vmac has a MAC of its own,"
        " which has no effect with strict_mode",
        "a.conf:12:2: warning: vrrp_instance VI_1: vmac_xmit_base has no effect with strict_mode",
    ]
    assert result.settings is not None
    (instance,) = result.settings.core.instances
    assert instance.virtual_interface == VirtualInterface("vrrp.51", "eth0", "00:00:5e:00:01:33")
    assert not instance.vmac_xmit_base


def test_an_instance_has_the_last_word(loaded: Callable[..., Loaded]) -> None:
    given = text("", "vrrp_strict").replace("strict_mode\n", "strict_mode off\n")

    result = loaded(("a.conf", given))

    assert result.settings is not None
    assert result.settings.core.instances == (InstanceSettings("VI_1", "eth0", 51, virtual_addresses=(VIP,)),)
