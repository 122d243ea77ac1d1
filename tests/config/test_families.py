"""IPv6 and unicast: lines of both languages -> settings, and what does not go together."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.family import Family
from hahub.settings import InstanceSettings, UnicastPeer, VirtualAddress

Load = Callable[..., Loaded]
Lines = Callable[..., list[str]]
HEAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n"
NODAD = 0x02


def instance(loaded: Load, conf: str, yaml: str) -> InstanceSettings:
    """The instance that has these lines, which both languages must agree about."""
    head = "vrrp_instance:\n  VI_1:\n    interface: eth0\n    virtual_router_id: 51\n"
    first, second = loaded(("a.conf", f"{HEAD}{conf}\n}}\n")), loaded(("a.yaml", f"{head}    {yaml}\n"))
    assert first.problems == second.problems == ()
    assert first.settings is not None
    assert first.settings == second.settings
    (found,) = first.settings.core.instances
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2001:DB8:0::1", VirtualAddress("2001:db8::1", 128, "eth0", flags=NODAD, preferred_lft=0)),
        ("2001:db8::1/128", VirtualAddress("2001:db8::1", 128, "eth0", flags=NODAD, preferred_lft=0)),
        ("2001:db8::1 preferred_lft forever", VirtualAddress("2001:db8::1", 128, "eth0", flags=NODAD)),
        ("2001:db8::1/64", VirtualAddress("2001:db8::1", 64, "eth0", flags=NODAD)),
        ("fe80::5/64 -nodad dev eth1", VirtualAddress("fe80::5", 64, "eth1")),
        ("fe80::5/64 noprefixroute", VirtualAddress("fe80::5", 64, "eth0", flags=0x202)),
    ],
)
def test_ipv6_addresses_skip_the_search_for_duplicates_and_a_single_one_is_deprecated(
    loaded: Load, line: str, expected: VirtualAddress
) -> None:
    found = instance(loaded, f"virtual_ipaddress {{\n{line}\n}}", f"virtual_ipaddress: ['{line}']")

    assert found.virtual_addresses == (expected,)
    assert (found.version, found.family) == (3, Family.IPV6)


def test_the_excluded_addresses_may_be_of_the_other_family(loaded: Load) -> None:
    """VR-132."""
    found = instance(
        loaded,
        "virtual_ipaddress {\nfe80::5\n}\nvirtual_ipaddress_excluded {\n10.0.0.1/24\n}",
        "virtual_ipaddress: [fe80::5]\n    virtual_ipaddress_excluded: [10.0.0.1/24]",
    )

    assert found.excluded_addresses == (VirtualAddress("10.0.0.1", 24, "eth0"),)
    assert found.family is Family.IPV6


def test_unicast_has_peers_a_source_and_limits(loaded: Load) -> None:
    conf = """unicast_src_ip 10.0.0.2/24
 check_unicast_src
 unicast_peer {
  10.0.0.3/24
  10.0.0.4 min_ttl 250 max_ttl 254
 }
 virtual_ipaddress {
  10.0.0.1
 }"""
    yaml = (
        "unicast_src_ip: 10.0.0.2/24\n    check_unicast_src: true\n"
        "    unicast_peer: [10.0.0.3/24, {address: 10.0.0.4, min_ttl: 250, max_ttl: 254}]\n"
        "    virtual_ipaddress: [10.0.0.1]"
    )

    found = instance(loaded, conf, yaml)

    assert found.source == "10.0.0.2"
    assert found.unicast_peers == (UnicastPeer("10.0.0.3"), UnicastPeer("10.0.0.4", 250, 254))
    assert found.check_unicast_src


def test_the_source_of_multicast_can_be_chosen(loaded: Load) -> None:
    found = instance(
        loaded, "mcast_src_ip 10.0.0.2\nno_virtual_ipaddress", "mcast_src_ip: 10.0.0.2\n    no_virtual_ipaddress: true"
    )

    assert (found.source, found.unicast_peers, found.check_unicast_src) == ("10.0.0.2", (), False)


def test_the_check_of_sources_can_be_asked_for_everywhere(loaded: Load) -> None:
    text = (
        f"global_defs {{\n vrrp_check_unicast_src\n}}\n{HEAD}no_virtual_ipaddress\nunicast_peer {{\n10.0.0.3\n}}\n}}\n"
    )

    settings = loaded(("a.conf", text)).settings

    assert settings is not None
    assert [each.check_unicast_src for each in settings.core.instances] == [True]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            ["virtual_ipaddress {", "fe80::5", "10.0.0.1", "}"],
            "6:1: {V}virtual_ipaddress 10.0.0.1/32 is IPv4, the first one is IPv6;"
            " write it into virtual_ipaddress_excluded",
            id="two families",
        ),
        pytest.param(
            ["version 2", "virtual_ipaddress {", "fe80::5", "}"],
            "4:9: warning: {V}version 2 has no IPv6, version 3 is used",
            id="VR-015 version 2",
        ),
        pytest.param(
            ["virtual_ipaddress {", "10.0.0.1", "}", "unicast_peer {", "fe80::5", "}"],
            "8:1: {V}unicast_peer fe80::5 is IPv6, the adverts are IPv4",
            id="a peer of the other family",
        ),
        pytest.param(
            ["virtual_ipaddress {", "10.0.0.1", "}", "mcast_src_ip fe80::1"],
            "7:14: {V}mcast_src_ip fe80::1 is IPv6, the adverts are IPv4",
            id="a source of the other family",
        ),
        pytest.param(
            ["virtual_ipaddress {", "10.0.0.1", "}", "unicast_src_ip 10.0.0.2"],
            "7:16: warning: {V}unicast_src_ip counts as mcast_src_ip, without unicast_peer",
            id="a unicast source for multicast",
        ),
        pytest.param(
            ["virtual_ipaddress {", "10.0.0.1", "}", "mcast_src_ip 10.0.0.2", "unicast_peer {", "10.0.0.3", "}"],
            "7:14: warning: {V}mcast_src_ip counts as unicast_src_ip, with unicast_peer",
            id="a multicast source for unicast",
        ),
        pytest.param(
            ["virtual_ipaddress {", "10.0.0.1", "}", "unicast_src_ip 10.0.0.2", "unicast_peer {", "10.0.0.2", "}"],
            "9:1: {V}unicast_peer 10.0.0.2 is unicast_src_ip, expected another router",
            id="a router as its own peer",
        ),
        pytest.param(
            ["virtual_ipaddress {", "10.0.0.1", "}", "unicast_peer {", "10.0.0.3", "10.0.0.3", "}"],
            "9:1: warning: {V}unicast_peer 10.0.0.3 is there twice, the last one counts",
            id="a peer twice",
        ),
        pytest.param(
            ["virtual_ipaddress {", "10.0.0.1", "}", "unicast_peer {", "10.0.0.3 min_ttl 9 max_ttl 8", "}"],
            "8:1: {V}unicast_peer min_ttl 9 is greater than max_ttl 8",
            id="limits the wrong way round",
        ),
        pytest.param(
            ["virtual_ipaddress {", *(f"2001:db8::{n:x}" for n in range(1, 91)), "}"],
            "4:1: {V}virtual_ipaddress has 90 IPv6 addresses, at most 89 fit into an advert;"
            " write the others into virtual_ipaddress_excluded",
            id="VR-010 too many for a packet",
        ),
        pytest.param(
            ["virtual_ipaddress {", "10.0.0.1 -nodad", "}"],
            "5:10: warning: {V}virtual_ipaddress -nodad has no effect, it is for IPv6 addresses",
            id="-nodad on IPv4",
        ),
    ],
)
def test_what_does_not_go_together_is_told(problem_lines: Lines, lines: list[str], expected: str) -> None:
    found = problem_lines(HEAD + "\n".join(lines) + "\n}\n")

    assert found == ["a.conf:" + expected.format(V="vrrp_instance VI_1: ")]


def test_both_families_may_have_the_same_virtual_router_id(loaded: Load) -> None:
    second = HEAD.replace("VI_1", "VI_2")
    text = f"{HEAD}virtual_ipaddress {{\n10.0.0.1\n}}\n}}\n{second}virtual_ipaddress {{\nfe80::5\n}}\n}}\n"

    found = loaded(("a.conf", text))

    assert found.problems == ()
    assert found.settings is not None
    assert [each.family for each in found.settings.core.instances] == [Family.IPV4, Family.IPV6]
