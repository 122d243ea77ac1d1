"""Distances between announcements, and where they are repeated: configuration -> settings and problems."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.settings import Pacing

HEAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n no_virtual_ipaddress\n"
YAML = """
garp_group:
  - {garp_interval: 0.002, interface: eth0}
  - garp_interval: 0
    gna_interval: "0.5"
    interfaces: [eth1, eth2]
vrrp_instance: {VI_1: {interface: eth0, virtual_router_id: 51, no_virtual_ipaddress: true}}
"""
GROUPS = """
garp_group {
  garp_interval 0.002
  interface eth0
}
garp_group {
  garp_interval 0
  gna_interval 0.5
  interfaces {
    eth1
    eth2
  }
}
"""


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        pytest.param("a.conf", "", (), id="nothing"),
        pytest.param("a.conf", "global_defs {\nvrrp_garp_interval 0\nvrrp_gna_interval 0\n}", (), id="as shipped"),
        pytest.param(
            "a.conf", "global_defs {\nvrrp_garp_interval 0.01\n}", (Pacing((), 0.01),), id="every wire by itself"
        ),
        pytest.param(
            "a.conf", f"global_defs {{\nvrrp_gna_interval .000001\n}}\n{GROUPS}",
            (Pacing(("eth0",), 0.002), Pacing(("eth1", "eth2"), 0.0, 0.5), Pacing((), 0.0, 0.000001)), id="groups",
        ),
        pytest.param(
            "a.yaml", YAML, (Pacing(("eth0",), 0.002), Pacing(("eth1", "eth2"), 0.0, 0.5)), id="in YAML"
        ),
        pytest.param(
            "a.conf", "garp_group {\n gna_interval 0.1\n interface eth0\n interfaces {\n eth1 eth0\n }\n}",
            (Pacing(("eth0", "eth1"), 0.0, 0.1),), id="both words for interfaces",
        ),
    ],
)  # fmt: skip
def test_announcements_keep_these_distances(
    loaded: Callable[..., Loaded], file: str, text: str, expected: tuple[Pacing, ...]
) -> None:
    result = loaded((file, text if file == "a.yaml" else f"{text}\n{HEAD}}}\n"))

    assert result.problems == ()
    assert result.settings is not None
    assert result.settings.core.pacing == expected


@pytest.mark.parametrize(
    ("defs", "line", "expected"),
    [
        ("", "", 0),
        ("vrrp_garp_extra_if all 60", "", 60),
        ("vrrp_garp_extra_if 60 all", "garp_extra_if all 30", 30),
        ("vrrp_garp_extra_if all 60", "garp_extra_if 0", 0),
        ("vrrp_garp_extra_if 60", "", 0),  # virtual MACs only
        ("vrrp_garp_extra_if 60", "use_vmac", 0),  # its adverts tell of it
        ("vrrp_garp_extra_if 60", "use_vmac\nvmac_xmit_base", 60),
        ("vrrp_garp_extra_if 60", "virtual_ipaddress_excluded {\n10.0.0.1 dev eth1 use_vmac\n}", 60),
    ],
)
def test_other_interfaces_are_told_in_this_interval(
    loaded: Callable[..., Loaded], defs: str, line: str, expected: float
) -> None:
    result = loaded(("a.conf", f"global_defs {{\n{defs}\n}}\n{HEAD}{line}\n}}\n"))

    assert result.problems == ()
    assert result.settings is not None
    assert result.settings.core.instances[0].garp_extra_if == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "garp_group {\n interface eth0\n}\n",
            ["a.conf:1:1: warning: garp_group: garp_group has neither garp_interval nor gna_interval, it is ignored"],
            id="no distance",
        ),
        pytest.param(
            "garp_group {\n garp_interval 0.1\n}\n",
            ["a.conf:1:1: warning: garp_group: garp_group has neither interface nor interfaces, it is ignored"],
            id="no interface",
        ),
        pytest.param(
            GROUPS + "garp_group {\n garp_interval 0.1\n interfaces {\n eth3 eth2\n }\n}\n",
            ["a.conf:14:1: warning: garp_group: garp_group has eth2, which another garp_group has already:"
             " it counts there"],
            id="an interface twice",
        ),
        pytest.param(
            "global_defs {\n vrrp_garp_interval 100\n vrrp_vmac_garp_intvl all 60\n}\n",
            ["a.conf:2:21: warning: global_defs: vrrp_garp_interval 100 are seconds between any two announcements,"
             " which is very long",
             "a.conf:3:23: warning: global_defs: vrrp_vmac_garp_intvl is deprecated, it counts as vrrp_garp_extra_if"],
            id="milliseconds, and an old name",
        ),
        pytest.param(
            "garp_group {\n garp_interval x\n interfaces {\n eth0\n }\n dist 3\n}\n",
            ["a.conf:2:16: garp_group: garp_interval 'x' is not a number of seconds, expected 0 to 86400",
             "a.conf:6:2: garp_group: unknown keyword dist, expected one of the keywords of garp_group"],
            id="what is no number, and no keyword",
        ),
        pytest.param("garp_group\n", ["a.conf:1:1: garp_group has no block, expected '{'"], id="no block"),
        pytest.param(
            "global_defs {\n vrrp_garp_extra_if all\n}\n",
            ["a.conf:2:2: global_defs: vrrp_garp_extra_if interval is missing"], id="no seconds",
        ),
    ],
)  # fmt: skip
def test_what_means_nothing_is_said(problem_lines: Callable[..., list[str]], text: str, expected: list[str]) -> None:
    assert problem_lines(f"{text}{HEAD}}}\n") == expected
