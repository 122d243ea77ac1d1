"""Addresses and what comes with them: lines of both languages -> settings."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.settings import InstanceSettings, Route, Rule, StaticSettings, TrackedInterface, VirtualAddress

Load = Callable[..., Loaded]
HEAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n no_virtual_ipaddress\n"


def instance(loaded: Load, keyword: str, *lines: str) -> InstanceSettings:
    """The instance that has these lines in one block, which both languages must agree about."""
    block = "\n".join(lines)
    conf = loaded(("a.conf", f"{HEAD} {keyword} {{\n{block}\n}}\n}}\n"))
    items = "".join(f"      - {line}\n" for line in lines)
    head = "    interface: eth0\n    virtual_router_id: 51\n    no_virtual_ipaddress: true\n"
    yaml = loaded(("a.yaml", f"vrrp_instance:\n  VI_1:\n{head}    {keyword}:\n{items}"))
    assert conf.problems == yaml.problems == ()
    assert conf.settings is not None
    assert conf.settings == yaml.settings
    (found,) = conf.settings.core.instances
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("10.0.0.1", VirtualAddress("10.0.0.1", 32, "eth0")),
        ("10.0.0.1 peer 10.0.0.2", VirtualAddress("10.0.0.1", 32, "eth0", peer="10.0.0.2")),
        ("10.0.0.1/32 peer 10.1.0.0/16", VirtualAddress("10.0.0.1", 16, "eth0", peer="10.1.0.0")),
        ("10.0.0.1/24 noprefixroute", VirtualAddress("10.0.0.1", 24, "eth0", flags=0x200)),
        ("239.0.0.1 autojoin noprefixroute", VirtualAddress("239.0.0.1", 32, "eth0", flags=0x600)),
        ("10.0.0.1 preferred_lft 0", VirtualAddress("10.0.0.1", 32, "eth0", preferred_lft=0)),
        ("10.0.0.1 preferred_lft forever", VirtualAddress("10.0.0.1", 32, "eth0")),
        ("2001:db8::1/64 home mngtmpaddr -nodad", VirtualAddress("2001:db8::1", 64, "eth0", flags=0x110)),
        (
            "2001:db8::1 peer 2001:db8::2/127",
            VirtualAddress("2001:db8::1", 127, "eth0", peer="2001:db8::2", flags=2, preferred_lft=0),
        ),
        ("10.0.0.1/24 scope nowhere", VirtualAddress("10.0.0.1", 24, "eth0", scope=255)),
        ("10.0.0.1/24 scope 17 label eth0:x", VirtualAddress("10.0.0.1", 24, "eth0", "eth0:x", scope=17)),
        ("10.0.0.1 no_track dev eth1", VirtualAddress("10.0.0.1", 32, "eth1", tracked=False)),
    ],
)
@pytest.mark.parametrize("keyword", ["virtual_ipaddress", "virtual_ipaddress_excluded"])
def test_an_address_has_its_options(loaded: Load, keyword: str, line: str, expected: VirtualAddress) -> None:
    found = instance(loaded, keyword, line)

    assert found.all_addresses == (expected,)
    assert bool(found.virtual_addresses) == (keyword == "virtual_ipaddress")


def test_an_address_is_excluded_only_when_no_advert_names_it(loaded: Load) -> None:
    text = f"{HEAD}virtual_ipaddress {{\n10.0.0.1\n}}\nvirtual_ipaddress_excluded {{\n10.0.0.2/24\n10.0.0.1\n}}\n}}\n"

    found = loaded(("a.conf", text))

    assert [problem.message for problem in found.problems] == [
        "virtual_ipaddress_excluded 10.0.0.1 is there twice, the second is ignored"
    ]
    assert found.settings is not None
    (settings,) = found.settings.core.instances
    assert list(map(str, settings.virtual_addresses)) == ["10.0.0.1/32"]
    assert list(map(str, settings.excluded_addresses)) == ["10.0.0.2/24"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("10.0.0.0/8 via 10.9.0.7", Route("10.0.0.0/8", gateway="10.9.0.7")),
        ("to 10.0.0.0/8 gw 10.9.0.7 oif eth1", Route("10.0.0.0/8", gateway="10.9.0.7", interface="eth1")),
        ("default via 10.9.0.7 metric 0", Route("0.0.0.0/0", gateway="10.9.0.7", metric=0)),
        ("default via fe80::1 dev eth0", Route("::/0", gateway="fe80::1", interface="eth0")),
        ("src 10.0.0.1 10.0.0.9 dev eth0", Route("10.0.0.9/32", interface="eth0", source="10.0.0.1")),
        ("2001:db8::/32 dev eth0 table 0x12c", Route("2001:db8::/32", interface="eth0", table=300)),
        ("blackhole 10.0.0.0/8 table local", Route("10.0.0.0/8", type=6, table=255)),
        ("unicast 10.0.0.0/8 dev eth0 scope site", Route("10.0.0.0/8", interface="eth0", scope=200)),
        ("local 10.0.0.1 dev lo", Route("10.0.0.1/32", type=2, interface="lo", scope=254)),
        ("10.0.0.0/8 dev eth0 dsfield 0x10", Route("10.0.0.0/8", interface="eth0", tos=16)),
        ("10.0.0.0/8 dev eth0 protocol static", Route("10.0.0.0/8", interface="eth0", protocol=4)),
        ("10.0.0.0/8 via 1.1.1.1 dev eth0 onlink no_track",
         Route("10.0.0.0/8", gateway="1.1.1.1", interface="eth0", onlink=True, tracked=False)),
        ("10.0.0.0/8 dev eth0 initrwnd 5 mtu 1400",
         Route("10.0.0.0/8", interface="eth0", metrics=((2, 1400), (14, 5)))),
    ],
)  # fmt: skip
def test_a_route_has_its_options(loaded: Load, line: str, expected: Route) -> None:
    assert instance(loaded, "virtual_routes", line).routes == (expected,)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("from 10.0.0.0/8 table 300 preference 7", Rule(2, 7, table=300, source="10.0.0.0/8")),
        ("to 2001:db8::/32 lookup main order 7", Rule(10, 7, table=254, destination="2001:db8::/32")),
        ("from all table 300 priority 7", Rule(2, 7, table=300)),
        ("inet6 iif eth0 table 300 priority 7", Rule(10, 7, table=300, incoming="eth0")),
        ("not fwmark 0x10/240 oif eth1 table 3 priority 0",
         Rule(2, 0, table=3, mark=16, mask=240, outgoing="eth1", inverted=True)),
        ("from 10.0.0.1 blackhole priority 7", Rule(2, 7, action=6, source="10.0.0.1/32")),
        ("from 10.0.0.1 goto 9 priority 7", Rule(2, 7, action=2, source="10.0.0.1/32", goto=9)),
        ("table main sup_pl 0 priority 7", Rule(2, 7, table=254, suppress_prefix_length=0)),
        ("ipproto tcp sport 80 dport 1-2 uidrange 3-4 table 3 priority 7 tos 16 no_track",
         Rule(2, 7, table=3, ip_protocol=6, source_ports=(80, 80), destination_ports=(1, 2), users=(3, 4), tos=16,
              tracked=False)),
    ],
)  # fmt: skip
def test_a_rule_has_its_options(loaded: Load, line: str, expected: Rule) -> None:
    assert instance(loaded, "virtual_rules", line).rules == (expected,)


@pytest.mark.parametrize(
    ("keyword", "line", "expected"),
    [
        ("virtual_routes", "via 10.9.0.7", "destination is missing"),
        ("virtual_routes", "10.0.0.0/8", "has neither via nor dev"),
        ("virtual_routes", "blackhole 10.0.0.0/8 dev eth0", "blackhole leads nowhere, unexpected via or dev"),
        ("virtual_routes", "10.0.0.0/8 via fe80::1", "has both IPv4 and IPv6 addresses"),
        ("virtual_routes", "10.0.0.1/8 dev eth0", "'10.0.0.1/8' has bits behind its prefix, expected 10.0.0.0/8"),
        ("virtual_routes", "10.0.0.0/33 dev eth0", "'10.0.0.0/33' is not a network"),
        ("virtual_routes", "10.0.0.0/8 via x", "via 'x' is not an address"),
        ("virtual_routes", "10.0.0.0/8 dev eth0 table x",
         "table 'x' is not a table, expected default, main, local, a name of rt_tables or a number up to 4294967295"),
        ("virtual_rules", "from 10.0.0.0/8 preference 7",
         "has to do one thing, expected one of table, l3mdev, goto, blackhole, unreachable, prohibit, nop"),
        ("virtual_rules", "from 10.0.0.0/8 to 2001:db8::/32 table 3 preference 7", "is for both IPv4 and IPv6"),
        ("virtual_rules", "dport 9-8 table 3 preference 7",
         "dport '9-8' is not a range, expected LOW-HIGH up to 65535"),
        ("virtual_rules", "fwmark x table 3 preference 7",
         "fwmark 'x' is not a mark, expected NUMBER or NUMBER/MASK"),
    ],
)  # fmt: skip
def test_a_route_or_rule_is_judged(loaded: Load, keyword: str, line: str, expected: str) -> None:
    found = loaded(("a.conf", f"{HEAD} {keyword} {{\n{line}\n}}\n}}\n")).problems

    assert [problem.message for problem in found] == [f"{keyword} {expected}"]


def test_rules_without_preference_are_counted_down_from_16384_over_all_instances(loaded: Load) -> None:
    lines = "virtual_rules {\nfrom 10.1.0.0/16 table 3\nfrom 10.2.0.0/16 table 3\n}\n}\n"

    found = loaded(("a.conf", HEAD + lines + HEAD.replace("VI_1", "VI_2").replace("51", "52") + lines))

    assert {problem.message for problem in found.problems} == {
        "virtual_rules has no preference, it is counted down from 16384"
    }
    assert found.settings is not None
    preferences = [[rule.preference for rule in each.rules] for each in found.settings.core.instances]
    assert preferences == [[16384, 16383], [16382, 16381]]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("virtual_ipaddress {\n10.0.0.1 dev eth1\n10.0.0.2 dev eth0\n}", ("eth1",)),
        ("virtual_ipaddress_excluded {\n10.0.0.1 dev eth1 no_track\n10.0.0.2 dev eth2\n}", ("eth2",)),
        ("virtual_routes {\n10.0.0.0/8 dev eth1\n10.1.0.0/16 dev eth1\n}", ("eth1",)),
        ("virtual_rules {\niif eth1 oif eth2 table 3 preference 7\n}", ("eth1", "eth2")),
    ],
)
def test_an_interface_that_carries_what_comes_with_the_addresses_is_tracked(
    loaded: Load, lines: str, expected: tuple[str, ...]
) -> None:
    found = loaded(("a.conf", f"{HEAD} {lines}\n}}\n"))

    assert found.settings is not None
    (settings,) = found.settings.core.instances
    assert settings.track_interfaces == tuple(TrackedInterface(name) for name in expected)


def test_an_interface_that_is_tracked_with_a_weight_keeps_it(loaded: Load) -> None:
    lines = "virtual_routes {\n10.0.0.0/8 dev eth1\n}\ntrack_interface {\neth1 weight -5\n}"

    found = loaded(("a.conf", f"{HEAD} {lines}\n}}\n"))

    assert found.settings is not None
    assert found.settings.core.instances[0].track_interfaces == (TrackedInterface("eth1", -5),)


CONF = """
static_ipaddress {
    10.0.0.1/24 dev eth1
    10.0.0.2 dev eth0
}
static_routes {
    10.1.0.0/16 dev eth1
}
static_rules {
    from 10.1.0.0/16 table 3
    from 10.2.0.0/16 table 3 preference 9
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    no_virtual_ipaddress
    virtual_rules {
        from 10.3.0.0/16 table 3
    }
}
"""
YAML = """
static_ipaddress: [10.0.0.1/24 dev eth1, {address: 10.0.0.2, dev: eth0}]
static_routes: [10.1.0.0/16 dev eth1]
static_rules: [from 10.1.0.0/16 table 3, {source: 10.2.0.0/16, table: 3, preference: 9}]
vrrp_instance:
  VI_1:
    interface: eth0
    virtual_router_id: 51
    no_virtual_ipaddress: true
    virtual_rules: [from 10.3.0.0/16 table 3]
"""


@pytest.mark.parametrize("text", [pytest.param(CONF, id="keepalived.conf"), pytest.param(YAML, id="YAML")])
def test_static_lines_belong_to_no_instance(loaded: Load, text: str) -> None:
    found = loaded(("a.conf", text))

    assert found.settings is not None, found.problems
    assert found.settings.core.statics == StaticSettings(
        (VirtualAddress("10.0.0.1", 24, "eth1"), VirtualAddress("10.0.0.2", 32, "eth0")),
        (Route("10.1.0.0/16", interface="eth1"),),
        (Rule(2, 16384, table=3, source="10.1.0.0/16"), Rule(2, 9, table=3, source="10.2.0.0/16")),
    )
    assert [rule.preference for rule in found.settings.core.instances[0].rules] == [16383]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("static_ipaddress {\n10.0.0.1\n}\n", "a.conf:2:1: static_ipaddress has no dev; write dev and the interface,"
         " or default_interface in global_defs"),
        ("static_routes\n", "a.conf:1:1: static_routes has no block, expected '{'"),
        ("static_routes {\n10.0.0.0/8\n}\n", "a.conf:2:1: static_routes has neither via nor dev"),
        ("static_rules {\ntable x\n}\n", "a.conf:2:7: static_rules table 'x' is not a table,"
         " expected default, main, local, a name of rt_tables or a number up to 4294967295"),
    ],
)  # fmt: skip
def test_a_static_line_is_judged(problem_lines: Callable[..., list[str]], text: str, expected: str) -> None:
    assert problem_lines(f"{text}{HEAD}}}\n") == [expected]


def test_static_lines_of_two_files_are_not_mixed(loaded: Load) -> None:
    lines = "static_routes {\n10.0.0.0/8 dev eth0\n}\n"

    found = loaded(("a.conf", f"{lines}{HEAD}}}\n"), ("b.conf", lines))

    assert [problem.message for problem in found.problems] == ["static_routes is defined already, at a.conf:1:1"]


def test_static_addresses_without_an_interface_are_on_the_default_one(loaded: Load) -> None:
    lines = "static_ipaddress {\n10.0.0.1/24\n10.0.0.2/24 dev eth1\n}\n"

    found = loaded(("a.conf", f"global_defs {{\ndefault_interface eth7\n}}\n{lines}{HEAD}}}\n"))

    assert found.settings is not None, found.problems
    assert found.settings.core.statics.addresses == (
        VirtualAddress("10.0.0.1", 24, "eth7"),
        VirtualAddress("10.0.0.2", 24, "eth1"),
    )
