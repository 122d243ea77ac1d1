"""interface_up_down_delays: configuration -> settings and problems."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.settings import LinkDelay

INSTANCE = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n version 3\n advert_int 0.5\n"
TAIL = " no_virtual_ipaddress\n}\n"


def text(lines: str, more: str = "") -> str:
    return f"interface_up_down_delays {{\n{lines}\n}}\n{INSTANCE}{more}{TAIL}"


@pytest.mark.parametrize(
    ("given", "expected", "problems"),
    [
        pytest.param(text("eth0 0.5 30\neth1 4"), (LinkDelay("eth0", 0.5, 30), LinkDelay("eth1", 4, 4)), [], id="both"),
        pytest.param(text("eth0 0 10"), (LinkDelay("eth0", 0, 10),), [], id="up only"),
        pytest.param(
            text("eth0 1 2\neth0 0.1"), (LinkDelay("eth0", 0.998046875, 2),),
            ["2:6: warning: interface_up_down_delays 1 is used as 0.998: after that the peers of vrrp_instance VI_1"
             " take over",
             "3:1: warning: interface_up_down_delays eth0 is there twice, the second is ignored"],
            id="longer than the peers wait, and twice",
        ),
        pytest.param(
            text("eth0 0.5 2", "down_timer_adverts 1\n"), (LinkDelay("eth0", 0.0, 2),),
            ["2:6: warning: interface_up_down_delays 0.5 is used as 0: after that the peers of vrrp_instance VI_1"
             " take over"],
            id="no delay where one advert counts",
        ),
    ],
)  # fmt: skip
def test_an_interface_is_believed_so_late(
    loaded: Callable[..., Loaded], given: str, expected: tuple[LinkDelay, ...], problems: list[str]
) -> None:
    result = loaded(("a.conf", given))

    assert [f"{p.line}:{p.column}: {p.severity}: {p.message}" for p in result.problems] == problems
    assert result.settings is not None
    assert result.settings.core.link_delays == expected


def test_the_same_in_yaml(loaded: Callable[..., Loaded]) -> None:
    instance = "vrrp_instance: {VI_1: {interface: eth0, virtual_router_id: 51, no_virtual_ipaddress: true}}\n"
    yaml = f"interface_up_down_delays: [eth0 0.5 30, {{interface: eth1, down: 4}}]\n{instance}"

    settings = loaded(("a.yaml", yaml)).settings

    assert settings is not None
    assert settings.core.link_delays == (LinkDelay("eth0", 0.5, 30), LinkDelay("eth1", 4, 4))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("eth0", "a.conf:2:1: interface_up_down_delays has no down"),
        ("eth0 256", "a.conf:2:6: interface_up_down_delays down 256 is outside 0-255 seconds"),
        ("eth0 1 2 3", "a.conf:2:10: interface_up_down_delays has an unexpected word,"
         " expected no more than an interface and two delays"),
    ],
)  # fmt: skip
def test_what_is_no_delay_is_told(problem_lines: Callable[..., list[str]], line: str, problem: str) -> None:
    assert problem_lines(text(line)) == [problem]
