"""How adverts go over the wire: lines of both languages -> settings, and what does not go together."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hahub.config import Loaded
from hahub.family import Family
from hahub.settings import CoreSettings, WireSettings
from tests.config.test_families import HEAD, instance

Load = Callable[..., Loaded]
Lines = Callable[..., list[str]]
PEERS = "unicast_peer {\n10.0.0.3\n}\n"
VIP, VIP_6 = "virtual_ipaddress {\n10.0.0.1\n}\n", "virtual_ipaddress {\nfe80::5\n}\n"


@pytest.mark.parametrize(
    ("conf", "yaml", "expected"),
    [
        ("mcast_dst_ip 224.0.0.99", "mcast_dst_ip: 224.0.0.99", WireSettings(group="224.0.0.99")),
        ("mcast_dst_ip ff02:0::99", "mcast_dst_ip: ff02:0::99", WireSettings(group="ff02::99", native_ipv6=True)),
        ("native_ipv6", "native_ipv6: true", WireSettings(native_ipv6=True)),
        ("mcast_src_ip fe80::2", "mcast_src_ip: fe80::2", WireSettings(native_ipv6=True)),
        (
            "mcast_src_ip 10.0.0.2\ntrack_src_ip",
            "mcast_src_ip: 10.0.0.2\n    track_src_ip: true",
            WireSettings(track_source=True),
        ),
        (
            "version 3\nv3_checksum_as_v2",
            "version: 3\n    v3_checksum_as_v2: true",
            WireSettings(v3_checksum_as_v2=True),
        ),
        ("kernel_rx_buf_size 500000", "kernel_rx_buf_size: 500000", WireSettings(receive_buffer_bytes=500_000)),
        (
            PEERS + "unicast_ttl 7\nold_unicast_checksum",
            "unicast_peer: [10.0.0.3]\n    unicast_ttl: 7\n    old_unicast_checksum: {}",
            WireSettings(unicast_ttl=7, old_unicast_checksum=True),
        ),
        (
            PEERS + "old_unicast_checksum never\nunicast_fault_no_peer",
            "unicast_peer: [10.0.0.3]\n    old_unicast_checksum: never\n    unicast_fault_no_peer: true",
            WireSettings(old_unicast_checksum=False, needs_peers=True),
        ),
    ],
)
def test_an_instance_says_how_its_adverts_go(loaded: Load, conf: str, yaml: str, expected: WireSettings) -> None:
    found = instance(loaded, f"no_virtual_ipaddress\n{conf}", f"no_virtual_ipaddress: true\n    {yaml}")

    assert found.wire == expected
    assert found.family is (Family.IPV6 if expected.native_ipv6 else Family.IPV4)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(VIP, ["224.0.0.99"], id="IPv4"),
        pytest.param(VIP_6, ["ff02::99"], id="IPv6"),
        pytest.param(VIP + "mcast_dst_ip 224.0.0.7", ["224.0.0.7"], id="its own"),
        pytest.param(VIP + PEERS, ["224.0.0.99"], id="to peers: for old checksums"),
    ],
)
def test_the_groups_of_all_hold_for_those_without_one(loaded: Load, lines: str, expected: list[str]) -> None:
    text = f"global_defs {{\nvrrp_mcast_group4 224.0.0.99\nvrrp_mcast_group6 ff02::99\n}}\n{HEAD}{lines}\n}}\n"

    found = loaded(("a.conf", text))

    assert found.problems == ()
    assert [each.wire.group for each in core(found).instances] == expected


def core(found: Loaded) -> CoreSettings:
    assert found.settings is not None
    return found.settings.core


def test_flags_of_all_hold_unless_an_instance_says_otherwise(loaded: Load) -> None:
    second = HEAD.replace("VI_1", "VI_2").replace("51", "52")
    text = (
        "global_defs {\nvrrp_version 3\nv3_checksum_as_v2\nlog_unknown_vrids\n}\n"
        f"{HEAD}{VIP}}}\n{second}{VIP}v3_checksum_as_v2 no\n}}\n"
    )

    settings = core(loaded(("a.conf", text)))

    assert [each.wire.v3_checksum_as_v2 for each in settings.instances] == [True, False]
    assert settings.log_unknown_vrids
    assert not replace(settings, log_unknown_vrids=False).log_unknown_vrids


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        ("unicast_src_ip 10.0.0.2\n" + PEERS, "10.0.0.2"),
        ("mcast_src_ip 10.0.0.2\n" + PEERS, "10.0.0.2"),
        ("mcast_src_ip 10.0.0.2\nunicast_src_ip 10.0.0.4\n" + PEERS, "10.0.0.4"),
        ("mcast_src_ip 10.0.0.2\nunicast_src_ip 10.0.0.4\n", "10.0.0.2"),
        ("unicast_src_ip 10.0.0.4\n", "10.0.0.4"),
    ],
)
def test_either_keyword_names_the_source(loaded: Load, lines: str, source: str) -> None:
    """keepalived has one source, whatever the keyword: who only wrote the other one means it."""
    found = core(loaded(("a.conf", f"{HEAD}{VIP}{lines}\n}}\n")))

    assert [each.source for each in found.instances] == [source]


V = "vrrp_instance VI_1: "


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("mcast_dst_ip 10.0.0.9", f"7:14: {V}mcast_dst_ip '10.0.0.9' is not a multicast address"),
        ("mcast_dst_ip nowhere", f"7:14: {V}mcast_dst_ip 'nowhere' is not an IPv4 or IPv6 address"),
        ("mcast_dst_ip ff02::9", f"7:14: {V}mcast_dst_ip ff02::9 is IPv6, the adverts are IPv4"),
        (
            "mcast_dst_ip 224.0.0.9\n" + PEERS,
            f"7:14: warning: {V}mcast_dst_ip has no effect with unicast_peer",
        ),
        ("native_ipv6", f"7:1: {V}native_ipv6 contradicts the IPv4 addresses"),
        ("v3_checksum_as_v2", f"7:1: warning: {V}v3_checksum_as_v2 has no effect with version 2"),
        ("track_src_ip", f"7:1: warning: {V}track_src_ip has no effect without mcast_src_ip"),
        ("unicast_ttl 0\n" + PEERS, f"7:13: {V}unicast_ttl 0 is outside 1-255"),
        ("unicast_ttl 64", f"7:13: warning: {V}unicast_ttl has no effect without unicast_peer"),
        ("check_unicast_src", f"7:1: warning: {V}check_unicast_src has no effect without unicast_peer"),
        ("old_unicast_checksum", f"7:1: warning: {V}old_unicast_checksum has no effect without unicast_peer"),
        (
            "old_unicast_checksum always\n" + PEERS,
            f"7:22: {V}old_unicast_checksum has an unexpected word, expected one of never",
        ),
        (
            "unicast_fault_no_peer",
            f"7:1: warning: {V}unicast_fault_no_peer without unicast_peer means FAULT for ever",
        ),
        (
            "mcast_src_ip 10.0.0.2\nunicast_src_ip 10.0.0.4",
            f"8:16: warning: {V}unicast_src_ip has no effect beside mcast_src_ip",
        ),
        (
            "kernel_rx_buf_size lots",
            f"7:20: {V}kernel_rx_buf_size 'lots' is not a whole number, expected 0 to 1073741824",
        ),
        ("vrf red", f"7:1: {V}vrf is understood, not supported yet"),
    ],
)
def test_what_does_not_go_together_is_told(problem_lines: Lines, lines: str, expected: str) -> None:
    assert problem_lines(f"{HEAD}{VIP}{lines}\n}}\n") == [f"a.conf:{expected}"]


def test_a_group_over_ipv6_has_link_local_scope(problem_lines: Lines) -> None:
    """As keepalived: an error of an instance, a warning for all."""
    own = problem_lines(f"{HEAD}{VIP_6}mcast_dst_ip ff05::9\n}}\n")
    common = problem_lines(f"global_defs {{\n vrrp_mcast_group6 ff05::9\n}}\n{HEAD}{VIP_6}}}\n")

    assert own == [f"a.conf:7:14: {V}mcast_dst_ip ff05::9 is not of link-local scope, expected ff02::"]
    assert common == [
        "a.conf:2:20: warning: global_defs: vrrp_mcast_group6 ff05::9 is not of link-local scope, expected ff02::"
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("vrrp_mcast_group4 ff02::9", "vrrp_mcast_group4 ff02::9 is IPv6, expected IPv4"),
        ("vrrp_mcast_group6 224.0.0.9", "vrrp_mcast_group6 224.0.0.9 is IPv4, expected IPv6"),
        ("vrrp_mcast_group4 10.0.0.9", "vrrp_mcast_group4 '10.0.0.9' is not a multicast address"),
    ],
)
def test_the_groups_of_all_are_of_their_family(problem_lines: Lines, line: str, expected: str) -> None:
    found = problem_lines(f"global_defs {{\n {line}\n}}\n{HEAD}{VIP}}}\n")

    assert found == [f"a.conf:2:20: global_defs: {expected}"]
