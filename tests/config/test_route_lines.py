"""All words of routes and rules: lines of both languages -> settings, and what is said about wrong ones."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.settings import Encap, NextHop, Route, Rule
from tests.config.test_belongings import HEAD, instance

Load = Callable[..., Loaded]
NET = "10.0.0.0/8"
VIA = Route(NET, gateway="10.9.0.7")


def route(**changes: object) -> Route:
    """The route of ``10.0.0.0/8 via 10.9.0.7`` with other words behind it."""
    return Route(**{"destination": NET, "gateway": "10.9.0.7", **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("mtu lock 1400", {"metrics": ((1, 0x4), (2, 1400))}),
        ("mtu 1400 advmss lock 1300", {"metrics": ((1, 0x100), (2, 1400), (8, 1300))}),
        ("rtt 8000 rttvar 2s rto_min 250ms", {"metrics": ((4, 8000), (5, 8000), (13, 250))}),
        ("rtt lock 0.5s", {"metrics": ((1, 0x10), (4, 4000))}),
        ("quickack 1 features ecn fastopen_no_cookie 1", {"metrics": ((12, 1), (15, 1), (17, 1))}),
        ("hoplimit 9 reordering lock 4 cwnd lock 7 ssthresh lock 8",
         {"metrics": ((1, 1 << 9 | 1 << 7 | 1 << 6), (6, 8), (7, 7), (9, 4), (10, 9))}),
        ("congctl bbr", {"congestion_control": "bbr"}),
        ("congctl lock bbr", {"congestion_control": "bbr", "metrics": ((1, 1 << 16),)}),
        ("realms 5", {"realms": 5}),
        ("realms 0x12/200", {"realms": 0x12 << 16 | 200}),
        ("add", {"placing": "add"}),
        ("append", {"placing": "append"}),
        ("prepend", {}),
        ("encap ip id 7 dst 192.0.2.1 src 192.0.2.2 tos 0x10 ttl 9 flags 4 mtu 1400",
         {"encap": Encap(2, 7, "192.0.2.1", "192.0.2.2", 16, 9, 4), "metrics": ((2, 1400),)}),
        ("encap ip6 dst 2001:db8::1 tc 4 hoplimit 9 dev eth0",
         {"encap": Encap(4, destination="2001:db8::1", tos=4, hop_limit=9), "interface": "eth0"}),
        ("encap mpls 100/200", {"encap": Encap(1, labels=(100, 200))}),
        ("encap ila 1:2:3:ffff", {"encap": Encap(3, 0x000100020003FFFF)}),
        ("ttl-propagate disabled", {"ttl_propagate": False}),
        ("inet", {}),
    ],
)  # fmt: skip
def test_a_word_of_a_route_is_understood(loaded: Load, words: str, changes: dict[str, object]) -> None:
    assert instance(loaded, "virtual_routes", f"{NET} via 10.9.0.7 {words}").routes == (route(**changes),)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{NET} nexthop via 10.9.0.7 nexthop via 10.9.0.8 weight 3 dev eth1",
         Route(NET, hops=(NextHop("10.9.0.7"), NextHop("10.9.0.8", "eth1", 3)))),
        (f"{NET} dev eth0 metric 5 nexthop via 10.9.0.7 onlink realms 1/2 nexthop dev eth1 encap mpls 3",
         Route(NET, metric=5, hops=(
             NextHop("10.9.0.7", "eth0", onlink=True, realms=0x10002),
             NextHop("", "eth1", encap=Encap(1, labels=(3,)))))),
        ("2001:db8::/32 nexthop via fe80::1 dev eth0 nexthop via inet6 fe80::2 dev eth1",
         Route("2001:db8::/32", hops=(NextHop("fe80::1", "eth0"), NextHop("fe80::2", "eth1")))),
        (f"{NET} via inet6 fe80::1 dev eth0", Route(NET, gateway="fe80::1", interface="eth0")),
        (f"{NET} gw inet 10.9.0.7", VIA),
        ("inet6 default dev eth0", Route("::/0", interface="eth0")),
        ("default6 via fe80::1 dev eth0", Route("::/0", gateway="fe80::1", interface="eth0")),
        ("default from 2001:db8::/64 via fe80::1 dev eth0 pref high expires 60",
         Route("::/0", gateway="fe80::1", interface="eth0", only_from="2001:db8::/64", preference=1, expires=60,
               tracked=False)),
        ("broadcast 10.0.0.255 dev eth0", Route("10.0.0.255/32", type=3, interface="eth0", scope=253)),
        ("multicast 239.0.0.0/8 dev eth0", Route("239.0.0.0/8", type=5, interface="eth0")),
    ],
)  # fmt: skip
def test_a_route_has_its_ways(loaded: Load, line: str, expected: Route) -> None:
    assert instance(loaded, "virtual_routes", line).routes == (expected,)


def test_a_second_way_by_or_is_one_of_two_ways(loaded: Load) -> None:
    found = loaded(("a.conf", f"{HEAD} virtual_routes {{\n{NET} via 10.9.0.7 dev eth0 or 10.9.0.8\n}}\n}}\n"))

    assert [problem.message for problem in found.problems] == ["virtual_routes or is deprecated"]
    assert found.settings is not None
    hops = (NextHop("10.9.0.7", "eth0"), NextHop("10.9.0.8"))
    assert found.settings.core.instances[0].routes == (Route(NET, hops=hops),)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("realms 7/8 table 3", Rule(2, 7, table=3, realms=7 << 16 | 8)),
        ("suppress_ifgroup 5 table 3", Rule(2, 7, table=3, suppress_group=5)),
        ("sup_group 0 table 3", Rule(2, 7, table=3, suppress_group=0)),
        ("tunnel-id 9 table 3", Rule(2, 7, table=3, tunnel=9)),
        ("l3mdev", Rule(2, 7, l3mdev=True)),
        ("type prohibit", Rule(2, 7, action=8)),
        ("sport 80 ipproto udp table 3", Rule(2, 7, table=3, ip_protocol=17, source_ports=(80, 80))),
        ("from 10.1.2.3/8 table 3", Rule(2, 7, table=3, source="10.0.0.0/8")),
    ],
)
def test_a_word_of_a_rule_is_understood(loaded: Load, words: str, expected: Rule) -> None:
    assert instance(loaded, "virtual_rules", f"{words} preference 7").rules == (expected,)


@pytest.mark.parametrize(
    ("keyword", "line", "expected"),
    [
        ("virtual_routes", f"nat {NET} via 10.9.0.7", "nat is obsolete, the kernel has no such routes"),
        ("virtual_routes", f"{NET} via 10.9.0.7 vrf red",
         "vrf is understood, not supported yet, expected table and the number of its table"),
        ("virtual_routes", f"{NET} via 10.9.0.7 nexthop via 10.9.0.8", "has both via and nexthop"),
        ("virtual_routes", f"blackhole {NET} nexthop via 10.9.0.8", "blackhole leads nowhere, unexpected via or dev"),
        ("virtual_routes", f"{NET} nexthop weight 3", "nexthop has neither via nor dev"),
        ("virtual_routes", f"{NET} nexthop via 10.9.0.8 weight 257", "nexthop weight 257 is outside 1-256"),
        ("virtual_routes", f"{NET} nexthop via 10.9.0.8 metric 3",
         "nexthop has an unexpected word, expected one of via, dev, weight, realms, onlink, encap"),
        ("virtual_routes", f"{NET} via inet6 10.9.0.8", "via '10.9.0.8' is not of the family inet6"),
        ("virtual_routes", f"{NET} dev eth0 or 10.9.0.8", "has or without via"),
        ("virtual_routes", f"{NET} via 10.9.0.7 expires 5", "expires is for IPv6 routes only"),
        ("virtual_routes", f"{NET} via 10.9.0.7 from 10.1.0.0/16", "from is for IPv6 routes only"),
        ("virtual_routes", "::/0 dev eth0 realms 3", "realms is for IPv4 routes only"),
        ("virtual_routes", f"{NET} via 10.9.0.7 mtu lock", "mtu needs a value"),
        ("virtual_routes", f"{NET} via 10.9.0.7 window x", "window 'x' is not a number, expected 1 to 4294967295"),
        ("virtual_routes", f"{NET} via 10.9.0.7 rtt 5m",
         "rtt '5m' is not a time, expected NUMBER, NUMBERms or NUMBERs"),
        ("virtual_routes", f"{NET} via 10.9.0.7 rto_min 121s", "rto_min '121s' is outside 0-120 seconds"),
        ("virtual_routes", f"{NET} via 10.9.0.7 features sack", "features 'sack' is unknown, expected ecn"),
        ("virtual_routes", f"{NET} via 10.9.0.7 encap", "encap needs a value"),
        ("virtual_routes", f"{NET} via 10.9.0.7 encap seg6 mode encap",
         "has an unexpected word"),
        ("virtual_routes", f"{NET} via 10.9.0.7 encap gre", "encap 'gre' is unknown, expected mpls, ip, ila, ip6"),
        ("virtual_routes", f"{NET} via 10.9.0.7 encap ip src 10.1.1.1", "encap ip has neither dst nor id"),
        ("virtual_routes", f"{NET} via 10.9.0.7 encap ip dst fd00::1", "encap ip has an address of the other family"),
        ("virtual_routes", f"{NET} via 10.9.0.7 encap mpls 1:2:3:4", "encap mpls has no labels"),
        ("virtual_routes", f"{NET} via 10.9.0.7 encap mpls 1048576",
         "encap labels '1048576' is neither labels, LABEL/LABEL up to 1048575, nor a locator, X:X:X:X"),
        ("virtual_routes", f"{NET} via 10.9.0.7 realms x",
         "realms 'x' is not a realm, expected a name of rt_realms or a number up to 65535"),
        ("virtual_rules", "realms 3 prohibit preference 7", "realms needs a table"),
        ("virtual_rules", "inet6 realms 3 table 3 preference 7", "realms is for IPv4 rules only"),
        ("virtual_rules", "l3mdev table 3 preference 7",
         "has to do one thing, expected one of table, l3mdev, goto, blackhole, unreachable, prohibit, nop"),
        ("virtual_rules", "goto 7 preference 7", "goto 7 is not behind the preference of the rule"),
        ("virtual_rules", "table 0 preference 7", "table 0 is not a table"),
        ("virtual_rules", "type throw preference 7",
         "type 'throw' is unknown, expected blackhole, unreachable, prohibit or nop"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_told(loaded: Load, keyword: str, line: str, expected: str) -> None:
    found = loaded(("a.conf", f"{HEAD} {keyword} {{\n{line}\n}}\n}}\n"))

    assert found.settings is None
    (problem,) = found.problems
    assert problem.message.startswith(f"{keyword} {expected}")


def test_rules_without_preference_are_counted_by_family(loaded: Load) -> None:
    lines = "virtual_rules {\nfrom 10.1.0.0/16 table 3\nfrom fd00::/8 table 3\nfrom 10.2.0.0/16 table 3\n}\n}\n"

    found = loaded(("a.conf", HEAD + lines))

    assert found.settings is not None
    assert [rule.preference for rule in found.settings.core.instances[0].rules] == [16384, 16384, 16383]


def test_an_interface_of_one_of_several_ways_is_tracked(loaded: Load) -> None:
    found = instance(loaded, "virtual_routes", f"{NET} nexthop via 10.9.0.7 dev eth1 nexthop via 10.9.0.8 dev eth0")

    assert [tracked.name for tracked in found.track_interfaces] == ["eth1"]


SHAPES = """
global_defs {
   router_id NODE_A
}

static_ipaddress {
    198.51.100.16 dev eth0 scope link
    198.51.100.18 dev eth2
}
static_routes {
    src 198.51.100.1 203.0.113.0/26 via 198.51.100.254 dev eth0
    203.0.113.64/26 dev eth3 scope site
}
static_rules {
    from 198.51.100.0/24 table 1
    to 198.51.100./24 table 1
}

vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        198.51.100.20
        198.51.100.21 dev eth1
    }
    virtual_routes {
        src 198.51.100.1 203.0.113.128/26 via 198.51.100.254 dev eth1
        203.0.113.192/28 via 198.51.100.254
        203.0.113.208/28 via 198.51.100.252 or 198.51.100.253
\tblackhole 203.0.113.209/32
        0.0.0.0/0 gw 198.51.100.254 table 100  # a comment
    }
    virtual_rules {
        from 198.51.100.0/24 table 2
        to 203.0.113./24 table 2
    }
}
"""


def test_lines_in_the_shapes_of_the_samples_of_keepalived_are_taken(problem_lines: Callable[..., list[str]]) -> None:
    """One of the samples has rules with a network that is none: keepalived goes on without them."""
    counted = "has no preference, it is counted down from 16384; write the preference"
    left_out = "is not a network, the line is left out"

    assert problem_lines(SHAPES) == [
        f"a.conf:15:5: warning: static_rules {counted}",
        f"a.conf:16:8: warning: static_rules to '198.51.100./24' {left_out}",
        "a.conf:31:48: warning: vrrp_instance VI_1: virtual_routes or is deprecated; write nexthop via A nexthop via B",
        f"a.conf:36:9: warning: vrrp_instance VI_1: virtual_rules {counted}",
        f"a.conf:37:12: warning: vrrp_instance VI_1: virtual_rules to '203.0.113./24' {left_out}",
    ]


def test_a_rule_that_is_left_out_leaves_the_others_in_their_places(loaded: Load) -> None:
    found = loaded(("a.conf", SHAPES))

    assert found.settings is not None
    assert found.settings.core.statics.rules == (Rule(2, 16384, table=1, source="198.51.100.0/24"),)
    assert found.settings.core.instances[0].rules == (Rule(2, 16383, table=2, source="198.51.100.0/24"),)
