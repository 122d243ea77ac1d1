"""no_accept: lines of both languages -> what the firewall drops, and what is said about them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hahub.config import Loaded, format_problem
from hahub.config.document import merge
from hahub.config.host import Host
from hahub.config.load import complete, parse
from hahub.settings import FirewallSettings, VirtualAddress

Load = Callable[..., Loaded]
Lines = Callable[..., list[str]]
FIRST = VirtualAddress("10.0.0.1", 32, "eth0")


def conf(defs: str = "", *instances: tuple[str, str]) -> str:
    """One instance for each of these: its own lines, and those of its addresses."""
    blocks = [
        f"vrrp_instance VI_{n} {{\ninterface eth0\nvirtual_router_id {n}\n{lines}\n"
        f"virtual_ipaddress {{\n{addresses}\n}}\n}}\n"
        for n, (lines, addresses) in enumerate(instances, start=1)
    ]
    return f"global_defs {{\n{defs}\n}}\n" + "".join(blocks)


@pytest.mark.parametrize(
    ("defs", "instances", "expected"),
    [
        pytest.param("", [("", "10.0.0.1")], FirewallSettings(), id="accepted by default"),
        pytest.param("", [("accept", "10.0.0.1")], FirewallSettings(), id="accept"),
        pytest.param("", [("no_accept off", "10.0.0.1")], FirewallSettings(), id="no_accept off"),
        pytest.param("", [("no_accept", "10.0.0.1")], FirewallSettings((FIRST,)), id="no_accept"),
        pytest.param("", [("no_accept\npriority 255", "10.0.0.1")], FirewallSettings(), id="an owner (VR-121)"),
        pytest.param(
            "",
            [("no_accept\nvirtual_ipaddress_excluded {\nfe80::1\n}", "10.0.0.1/24")],
            FirewallSettings(
                (VirtualAddress("10.0.0.1", 24, "eth0"),
                 VirtualAddress("fe80::1", 128, "eth0", flags=2, preferred_lft=0))
            ),
            id="also excluded ones",
        ),
        pytest.param(
            "", [("no_accept", "10.0.0.1\n10.0.0.2"), ("", "10.0.0.2")], FirewallSettings((FIRST,)),
            id="another instance accepts it",
        ),
        pytest.param(
            "", [("no_accept", "fe80::1"), ("", "fe80::1 dev eth1")],
            FirewallSettings((VirtualAddress("fe80::1", 128, "eth0", flags=2, preferred_lft=0),)),
            id="another instance accepts it elsewhere",
        ),
        pytest.param(
            "nftables fence\nnftables_priority -200\nnftables_counters", [("no_accept", "10.0.0.1")],
            FirewallSettings((FIRST,), "fence", -200, counters=True),
            id="global words",
        ),
        pytest.param("nftables", [("no_accept", "10.0.0.1")], FirewallSettings((FIRST,)), id="no name of a table"),
    ],
)  # fmt: skip
def test_what_is_dropped(loaded: Load, defs: str, instances: list[tuple[str, str]], expected: FirewallSettings) -> None:
    found = loaded(("a.conf", conf(defs, *instances)))

    assert found.settings is not None, found.problems
    assert found.settings.parent.firewall == expected


def test_yaml_says_the_same(loaded: Load) -> None:
    instance = "interface: eth0, virtual_router_id: 1, virtual_ipaddress: [10.0.0.1]"

    files = [
        f"global_defs: {{nftables: fence}}\nvrrp_instance:\n  VI_1: {{{instance}, {word}}}\n"
        for word in ("no_accept: true", "accept: false")
    ]

    for text in files:
        settings = loaded(("a.yaml", text)).settings
        assert settings is not None
        assert settings.parent.firewall == FirewallSettings((FIRST,), "fence")
        assert not settings.core.instances[0].accept


@pytest.mark.parametrize(
    ("defs", "instances", "expected"),
    [
        (
            "",
            [("no_accept\naccept", "10.0.0.1")],
            "a.conf:7:1: vrrp_instance VI_1: no_accept contradicts accept, expected one of them",
        ),
        (
            "",
            [("priority 255\nno_accept", "10.0.0.1")],
            "a.conf:8:1: warning: vrrp_instance VI_1: no_accept has no effect with priority 255:"
            " the owner of the addresses accepts",
        ),
        (
            "",
            [("no_accept", "10.0.0.1"), ("", "10.0.0.1")],
            "a.conf:7:1: warning: vrrp_instance VI_1: no_accept has no effect on 10.0.0.1,"
            " vrrp_instance VI_2 accepts it",
        ),
        (
            "vrrp_iptables in out",
            [("", "10.0.0.1")],
            "a.conf:2:1: warning: global_defs: vrrp_iptables is not used: no_accept is done by nftables",
        ),
        (
            "nftables_ifindex",
            [("", "10.0.0.1")],
            "a.conf:2:1: warning: global_defs: nftables_ifindex is not used: rules name interfaces,"
            " and hold for one that is made anew",
        ),
        (
            "nftables 1;x",
            [("", "10.0.0.1")],
            "a.conf:2:10: global_defs: nftables '1;x' is not a name of a table",
        ),
    ],
)
def test_what_is_said(problem_lines: Lines, defs: str, instances: list[tuple[str, str]], expected: str) -> None:
    assert problem_lines(conf(defs, *instances)) == [expected]


def test_a_machine_without_nft_is_told(host: Host) -> None:
    document = merge([parse(conf("", ("no_accept", "10.0.0.1"), ("no_accept", "10.0.0.2")).encode(), "a.conf")])

    found = complete(document, (), replace(host, has_program=lambda name: name != "nft"))

    assert [format_problem(problem) for problem in found.problems] == [
        "a.conf:7:1: warning: vrrp_instance VI_1: no_accept needs nft, which is not on this machine; install nftables"
    ]
