"""What an instance does around elections: its own words, those of global_defs, and what goes with what."""

from collections.abc import Callable
from typing import Any

import pytest

from hahub.config import Loaded
from hahub.settings import InstanceSettings

HEAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n no_virtual_ipaddress\n"
V = "vrrp_instance VI_1: "
ONE_BURST = {
    "garp_master_delay": 0.0, "garp_master_repeat": 1, "garp_lower_prio_delay": 0.0, "garp_lower_prio_repeat": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("defs", "lines", "expected"),
    [
        pytest.param("vrrp_down_timer_adverts 5", "", {"down_timer_adverts": 5}, id="global down_timer_adverts"),
        pytest.param("vrrp_down_timer_adverts 5", "down_timer_adverts 1", {"down_timer_adverts": 1}, id="its own"),
        pytest.param("", "nopreempt\n nopreempt_window 5", {"preempt": False, "nopreempt_window": 5}, id="its window"),
        pytest.param("vrrp_owner_ignore_adverts", "", {}, id="no owner"),
        pytest.param(
            "vrrp_owner_ignore_adverts", "priority 255", {"priority": 255, "owner_ignore_adverts": True}, id="an owner"
        ),
        pytest.param(
            "vrrp_owner_ignore_adverts", "priority 255\n owner_ignore_adverts no", {"priority": 255}, id="not it"
        ),
        pytest.param(
            "", "nopreempt\n timer_expired_backup", {"preempt": False, "timer_expired_backup": 254}, id="the strongest"
        ),
        pytest.param(
            "", "nopreempt\n timer_expired_backup 120", {"preempt": False, "timer_expired_backup": 120}, id="and known"
        ),
        pytest.param("vrrp_higher_prio_send_advert", "", {"higher_prio_send_advert": True}, id="one advert more"),
        pytest.param("vrrp_higher_prio_send_advert", "higher_prio_send_advert off", {}, id="not here"),
        pytest.param("", "higher_prio_send_advert", {"higher_prio_send_advert": True}, id="only here"),
        pytest.param(
            "vrrp_garp_master_delay 7\nvrrp_garp_master_repeat 2",
            "garp_master_delay 8\n garp_master_repeat 3",
            {
                "garp_master_delay": 8, "garp_master_repeat": 3,
                "garp_lower_prio_delay": 7, "garp_lower_prio_repeat": 2,
            },
            id="bursts against weaker masters are by default as the global ones of new masters",
        ),
        pytest.param(
            "vrrp_garp_lower_prio_delay 0\nvrrp_garp_lower_prio_repeat 0",
            "",
            {"garp_lower_prio_delay": 0, "garp_lower_prio_repeat": 0},
            id="no bursts against weaker masters",
        ),
        pytest.param(
            "vrrp_garp_lower_prio_delay 0\nvrrp_garp_lower_prio_repeat 0",
            "garp_lower_prio_delay 2\n garp_lower_prio_repeat 4",
            {"garp_lower_prio_delay": 2, "garp_lower_prio_repeat": 4},
            id="but here",
        ),
        pytest.param("vrrp_min_garp", "", ONE_BURST, id="vrrp_min_garp"),
        pytest.param(
            "vrrp_min_garp\nvrrp_garp_master_repeat 3", "",
            ONE_BURST | {"garp_master_repeat": 3, "garp_lower_prio_repeat": 3},
            id="vrrp_min_garp leaves what is written",
        ),
    ],
)  # fmt: skip
def test_an_instance_follows_its_own_words_else_the_global_ones(
    loaded: Callable[..., Loaded], defs: str, lines: str, expected: dict[str, Any]
) -> None:
    result = loaded(("a.conf", f"global_defs {{\n{defs}\n}}\n{HEAD} {lines}\n}}\n"))

    assert result.settings is not None
    assert result.settings.core.instances == (InstanceSettings("VI_1", "eth0", 51, **expected),)
    assert result.problems == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("down_timer_adverts 0", f"a.conf:5:21: {V}down_timer_adverts 0 is outside 1-100"),
        ("down_timer_adverts 101", f"a.conf:5:21: {V}down_timer_adverts 101 is outside 1-100"),
        ("nopreempt_window 5", f"a.conf:5:19: warning: {V}nopreempt_window has no effect without nopreempt"),
        (
            "owner_ignore_adverts",
            f"a.conf:5:2: warning: {V}owner_ignore_adverts has no effect, the priority is 100 and not 255",
        ),
        ("timer_expired_backup 255", f"a.conf:5:23: {V}timer_expired_backup 255 is outside 1-254"),
        ("timer_expired_backup", f"a.conf:5:2: warning: {V}timer_expired_backup has no effect without nopreempt"),
        (
            "nopreempt\n thread_timer_expired 9",
            f"a.conf:6:23: warning: {V}thread_timer_expired is deprecated, it counts as timer_expired_backup",
        ),
        ("garp_lower_prio_repeat -1", f"a.conf:5:25: {V}garp_lower_prio_repeat -1 is outside 0-1000"),
    ],
)
def test_what_is_wrong_is_said(problem_lines: Callable[..., list[str]], line: str, expected: str) -> None:
    assert problem_lines(f"{HEAD} {line}\n}}\n") == [expected]
