"""What comes with the addresses: both daemons make the same of the same configuration, as ip(8) shows it."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import require
from tests.interop.configuration import configuration
from tests.interop.test_families import enable_ipv6
from tests.lab import DAEMONS, Host
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = [pytest.mark.namespaces, pytest.mark.slow, pytest.mark.keepalived]

ADDRESSES = {
    "10.30.0.1": "10.30.0.1/24",
    "10.30.1.1": "10.30.1.1/24 dev eth1",
    "10.30.2.1": "10.30.2.1/24 brd + scope link",
    "10.30.3.1": "10.30.3.1/24 brd 10.30.3.77 label eth0:three",
    "10.30.4.1": "10.30.4.1/24 brd -",
    "10.30.5.1": "10.30.5.1/24 noprefixroute",
    "10.30.6.1": "10.30.6.1 peer 10.30.6.2",
    "10.30.7.1": "10.30.7.1/24 peer 10.31.7.2 dev eth1",
    "10.30.9.1": "10.30.9.1 scope host",
    "10.30.10.1": "10.30.10.1/24 scope nowhere",
    "10.30.11.1": "10.30.11.1/24 scope 17",
    "10.30.12.1": "10.30.12.1/24 label eth0:0123456789",
    "10.30.13.1": "10.30.13.1/24 label web",
    "10.30.14.1": "10.30.14.1 brd +",
    "239.30.15.1": "239.30.15.1 autojoin dev eth1",
    "fd30::1": "fd30::1/64",
    "fd30:1::1": "fd30:1::1",
    "fd30:2::1": "fd30:2::1/64 home",
    "fd30:3::1": "fd30:3::1/64 mngtmpaddr",
    "fd30:4::1": "fd30:4::1/64 noprefixroute",
    "fd30:5::1": "fd30:5::1/64 preferred_lft 0",
    "fd30:6::1": "fd30:6::1/128 preferred_lft forever",
    "fd30:7::1": "fd30:7::1/64 preferred_lft 5000",
    "fd30:8::1": "fd30:8::1 peer fd30:8::2",
    "fd30:9::1": "fd30:9::1/64 -nodad",
    "ff0e::30": "ff0e::30 autojoin",
}
ROUTES = {
    "10.40.0.0/24": "10.40.0.0/24 via 10.9.0.7 dev eth0",
    "10.40.1.0/24": "src 10.9.0.200 to 10.40.1.0/24 via 10.9.0.7 dev eth0",
    "10.40.2.0/24": "10.40.2.0/24 gw 10.9.0.7 dev eth0 metric 7",
    "10.40.3.0/24": "10.40.3.0/24 dev eth1 scope link",
    "10.40.4.0/24": "10.40.4.0/24 dev eth1",
    "10.40.5.0/24": "10.40.5.0/24 via 10.9.0.7 dev eth0 table 300",
    "10.40.6.0/24": "blackhole 10.40.6.0/24",
    "10.40.7.0/24": "unreachable 10.40.7.0/24",
    "10.40.8.0/24": "prohibit 10.40.8.0/24 metric 9",
    "10.40.9.0/24": "throw 10.40.9.0/24 table 300",
    "10.40.10.0/24": "10.40.10.0/24 via 192.0.2.1 dev eth0 onlink",
    "10.40.11.0/24": "10.40.11.0/24 via 10.9.0.7 dev eth0 mtu 1400 advmss 1300 initcwnd 20 hoplimit 9",
    "10.40.12.0/24": "10.40.12.0/24 via 10.9.0.7 dev eth0 window 4096 ssthresh 30 initrwnd 12 reordering 4",
    "10.40.13.0/24": "10.40.13.0/24 oif eth1 table 301 priority 4 scope site",
    "10.40.14.1": "10.40.14.1 via 10.30.0.9 dev eth0",
    "10.40.15.0/24": "10.40.15.0/24 via 10.9.0.7 dev eth0 tos 16",
    "10.40.16.0/24": "10.40.16.0/24 via 10.9.0.7",
    "10.40.17.0/24": "10.40.17.0/24 nexthop via 10.9.0.7 nexthop via 10.9.0.8 dev eth0 weight 3",
    "10.40.18.0/24": "10.40.18.0/24 metric 6 mtu 1300 nexthop via 192.0.2.1 dev eth0 onlink nexthop dev eth1 weight 2",
    "10.40.19.0/24": "10.40.19.0/24 via 10.9.0.7 or 10.9.0.8",
    "10.40.20.0/24": "10.40.20.0/24 via 10.9.0.7 mtu lock 1400 advmss lock 1300 cwnd lock 7",
    "10.40.21.0/24": "10.40.21.0/24 via 10.9.0.7 rtt 4000 rttvar lock 2000 rto_min 300",
    "10.40.22.0/24": "10.40.22.0/24 via 10.9.0.7 rtt 600ms rttvar 1.5s rto_min lock 1s",
    "10.40.23.0/24": "10.40.23.0/24 via 10.9.0.7 quickack 1 features ecn fastopen_no_cookie 1",
    "10.40.24.0/24": "10.40.24.0/24 via 10.9.0.7 congctl bbr",
    "10.40.25.0/24": "10.40.25.0/24 via 10.9.0.7 congctl lock cubic mtu 1300",
    "10.40.26.0/24": "10.40.26.0/24 via 10.9.0.7 realms 5",
    "10.40.27.0/24": "10.40.27.0/24 via 10.9.0.7 realms 3/5",
    "10.40.28.0/24": "10.40.28.0/24 nexthop via 10.9.0.7 realms 7 nexthop via 10.9.0.8",
    "10.40.29.0/24": "10.40.29.0/24 via 10.9.0.7 encap ip id 7 dst 192.0.2.9 src 192.0.2.8 tos 16 ttl 9",
    "10.40.30.0/24": "10.40.30.0/24 dev eth0 encap ip6 id 8 dst 2001:db8::9 tc 4 hoplimit 5",
    "10.40.31.0/24": "10.40.31.0/24 encap ip dst 192.0.2.9 via 10.9.0.7 dev eth0",
    "10.40.33.0/24": "10.40.33.0/24 via 10.9.0.7 table main protocol keepalived tos AF11 scope global",
    "10.40.34.255": "broadcast 10.40.34.255 dev eth0 scope link",
    "239.40.0.0/16": "multicast 239.40.0.0/16 dev eth0",
    "10.40.35.0/24": "10.40.35.0/24 via inet 10.9.0.7 ttl-propagate enabled",
    "10.40.36.0/24": "append 10.40.36.0/24 via 10.9.0.7",
    "10.40.37.0/24": "add 10.40.37.0/24 via 10.9.0.7",
    "fd40::/64": "fd40::/64 via fd00::7 dev eth0",
    "fd40:1::/64": "fd40:1::/64 via fe80::7 dev eth0 metric 7 mtu 1400",
    "fd40:2::/64": "src fd00::1 fd40:2::/64 dev eth0 table 300 pref high",
    "fd40:3::/64": "unreachable fd40:3::/64",
    "fd40:4::/64": "fd40:4::/64 nexthop via fd00::7 dev eth0 nexthop via fd00::8 dev eth0 weight 2",
    "fd40:5::/64": "fd40:5::/64 from fd41::/64 dev eth0 pref low",
    "fd40:6::/64": "fd40:6::/64 dev eth0 pref medium expires 500",
    "fd40:7::/64": "fd40:7::/64 via fd00::7 encap ip6 id 9 dst fd42::9 dev eth0",
    "fd40:8::/64": "blackhole fd40:8::/64 metric 77",
    "default": "default via 10.9.0.9 dev eth0 metric 50",
}
RULES = {
    500: "from 10.50.0.0/16 table 300 preference 500",
    501: "to 10.50.1.0/24 lookup 301 priority 501",
    502: "from 10.50.2.0/24 to 10.50.3.0/24 table main order 502",
    503: "fwmark 7 table 300 preference 503",
    504: "fwmark 0x10/0xf0 table 300 preference 504",
    505: "iif eth1 table 300 preference 505",
    506: "oif eth0 table 300 preference 506",
    507: "not from 10.50.7.0/24 table 300 preference 507",
    508: "from 10.50.8.0/24 blackhole preference 508",
    509: "from 10.50.9.0/24 prohibit preference 509",
    510: "from 10.50.10.0/24 unreachable preference 510",
    511: "from 10.50.11.0/24 table main suppress_prefixlength 0 preference 511",
    512: "uidrange 1000-1999 table 300 preference 512",
    513: "ipproto tcp dport 80-90 table 300 preference 513",
    514: "sport 1000-2000 ipproto udp table 300 preference 514",
    515: "from 10.50.15.0/24 tos 0x10 table 300 preference 515",
    516: "from 10.50.16.0/24 goto 517 preference 516",
    517: "from 10.50.17.0/24 nop preference 517",
    518: "from all table 300 preference 518",
    519: "from 10.50.19.0/24 realms 3/5 table 300 preference 519",
    520: "from 10.50.20.0/24 table main suppress_ifgroup 5 preference 520",
    521: "from 10.50.21.0/24 table main sup_group default sup_pl 8 preference 521",
    522: "from 10.50.22.0/24 tunnel-id 77 table 300 preference 522",
    523: "from fd50::/64 to fd51::/64 table 300 preference 523",
    524: "from 10.50.24.0/24 dsfield 0x8 table default preference 524",
    525: "ipproto 47 dport 1000-1000 table 300 preference 525",
    526: "l3mdev preference 526",
}
BEYOND = {
    "virtual_routes": (
        "inet 10.42.0.0/24 via 10.9.0.7",
        "10.42.1.0/24 via inet6 fe80::7 dev eth0",
        "10.42.2.0/24 nexthop via 10.9.0.7 encap ip id 3 dst 192.0.2.9 nexthop via inet6 fe80::8 dev eth0",
    ),
    "virtual_rules": ("inet6 fwmark 9 table 301 preference 600", "sport 80 ipproto tcp table 300 preference 601"),
}
"""What keepalived 2.2.7 misreads: the word behind inet and inet6, what belongs to one of several ways, one port."""

PROMOTES = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries"

Entries = dict[object, list[dict[str, Any]]]


@dataclass(frozen=True)
class Belongings:
    """What ip(8) shows of one host, each by what identifies it."""

    addresses: Entries
    routes: Entries
    rules: Entries


def shown(host: Host, *command: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(host.ip("-j", *command) or "[]", object_pairs_hook=_distinct)
    return found


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """ip(8) has the same key twice in a route with a tunnel."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        found[name if name not in found else f"second {name}"] = value
    return found


def sorted_by(key: str, entries: list[dict[str, Any]]) -> Entries:
    found: Entries = {}
    for entry in entries:
        identity = entry.get(key)
        if key != "dst" or not str(identity).startswith(("fe80", "ff00", "127.")):
            found.setdefault(identity, []).append({name: value for name, value in entry.items() if name != "protocol"})
    return found


def belongings(host: Host) -> Belongings:
    links = shown(host, "address", "show")
    routes = [route for family in ("-4", "-6") for route in shown(host, "-d", family, "route", "show", "table", "all")]
    addresses = [{**_lasting(address), "dev": link["ifname"]} for link in links for address in link["addr_info"]]
    return Belongings(
        sorted_by("local", addresses),
        sorted_by("dst", [_unhurried(each) for each in routes]),
        sorted_by("priority", shown(host, "-4", "rule", "show") + shown(host, "-6", "rule", "show")),
    )


def _lasting(address: dict[str, Any]) -> dict[str, Any]:
    """Without the seconds that pass."""
    preferred = address["preferred_life_time"]
    return {**address, "preferred_life_time": preferred if preferred in (0, 2**32 - 1) else "limited"}


def _unhurried(route: dict[str, Any]) -> dict[str, Any]:
    """Without the seconds that pass."""
    return {name: value if name != "expires" else "limited" for name, value in route.items()}


def is_settled(host: Host) -> bool:
    """All is there that takes time: the last rule, and addresses that wait for duplicates."""
    return max(RULES) in (found := belongings(host)).rules and "tentative" not in str(found.addresses)


def text(beyond: dict[str, tuple[str, ...]]) -> str:
    def block(keyword: str, lines: dict[Any, str]) -> str:
        every = (*lines.values(), *beyond.get(keyword, ()))
        return f"{keyword} {{\n" + "".join(f"        {line}\n" for line in every) + "    }\n"

    blocks = (
        "promote_secondaries\n",
        block("virtual_ipaddress_excluded", ADDRESSES),
        block("virtual_routes", ROUTES),
        block("virtual_rules", RULES),
    )
    statics = (
        block("static_ipaddress", {1: "10.31.0.1/24 dev eth1"}),
        block("static_routes", {1: "10.41.0.0/24 via 10.9.0.7 dev eth0 src 10.31.0.1"}),
        block("static_rules", {1: "from 10.51.0.0/16 table 300 preference 400"}),
    )
    return "".join(statics) + configuration(100, options="    ".join(blocks))


@dataclass(frozen=True)
class Life:
    """One daemon's: what there was before, as master, and after its end."""

    before: Belongings
    as_master: Belongings
    after: Belongings
    promotes: tuple[str, str]
    """promote_secondaries of eth0, as master and after the end."""


def life(name: str, beyond: dict[str, tuple[str, ...]]) -> Life:
    with lab_or_skip("a") as lab:
        host = lab["a"]
        host.add_second_interface()
        for interface in ("eth0", "eth1"):
            wait_until(lambda interface=interface: "state UP" in host.ip("link", "show", interface), "carrier")
        enable_ipv6(host, 1)
        host.run("sh", "-c", f"echo 0 > {PROMOTES}")
        before = belongings(host)
        daemon = DAEMONS[name](host, text(beyond))
        daemon.start()
        host.fifo.wait_for_state("MASTER")
        wait_until(lambda: is_settled(host), f"everything: {daemon.log}")
        as_master, promotes = belongings(host), host.run("cat", PROMOTES).strip()
        daemon.stop()
        return Life(before, as_master, belongings(host), (promotes, host.run("cat", PROMOTES).strip()))


@pytest.fixture(scope="module")
def lives() -> dict[str, Life]:
    require("keepalived")
    return {"keepalived": life("keepalived", {}), "hahub": life("hahub", {}), "beyond": life("hahub", BEYOND)}


@pytest.mark.parametrize("address", list(ADDRESSES))
def test_an_address_is_as_keepalived_makes_it(lives: dict[str, Life], address: str) -> None:
    expected = lives["keepalived"].as_master.addresses[address]

    assert lives["hahub"].as_master.addresses[address] == expected


@pytest.mark.parametrize("destination", list(ROUTES))
def test_a_route_is_as_keepalived_makes_it(lives: dict[str, Life], destination: str) -> None:
    expected = lives["keepalived"].as_master.routes[destination]

    assert lives["hahub"].as_master.routes[destination] == expected


@pytest.mark.parametrize("preference", list(RULES))
def test_a_rule_is_as_keepalived_makes_it(lives: dict[str, Life], preference: int) -> None:
    expected = lives["keepalived"].as_master.rules[preference]

    assert lives["hahub"].as_master.rules[preference] == expected


def test_there_is_nothing_else_and_nothing_is_left(lives: dict[str, Life]) -> None:
    hahub, keepalived = lives["hahub"], lives["keepalived"]

    assert hahub.as_master == keepalived.as_master
    assert hahub.after == hahub.before


def test_what_keepalived_misreads_is_there_too(lives: dict[str, Life]) -> None:
    ours, beyond = lives["hahub"].as_master, lives["beyond"].as_master

    plain = {"type": "unicast", "table": "main", "scope": "global", "flags": []}
    tunnel = {"encap": "ip", "id": 3, "src": "0.0.0.0", "dst": "192.0.2.9", "ttl": 0, "tos": 0}
    way = {"dev": "eth0", "weight": 1, "flags": []}
    ipv6 = {"family": "inet6", "host": "fe80::7"}
    assert {dst: each for dst, each in beyond.routes.items() if dst not in ours.routes} == {
        "10.42.0.0/24": [{**plain, "dst": "10.42.0.0/24", "gateway": "10.9.0.7", "dev": "eth0"}],
        "10.42.1.0/24": [{**plain, "dst": "10.42.1.0/24", "via": ipv6, "dev": "eth0"}],
        "10.42.2.0/24": [
            {**plain, "dst": "10.42.2.0/24", "nexthops": [
                {**tunnel, "gateway": "10.9.0.7", **way},
                {"via": {**ipv6, "host": "fe80::8"}, **way},
            ]}
        ],
    }  # fmt: skip
    assert {number: each for number, each in beyond.rules.items() if number not in ours.rules} == {
        600: [{"priority": 600, "src": "all", "fwmark": "0x9", "table": "301"}],
        601: [{"priority": 601, "src": "all", "ipproto": "tcp", "sport": 80, "table": "300"}],
    }
    assert lives["beyond"].after == lives["beyond"].before


def test_secondary_addresses_are_promoted_until_the_end(lives: dict[str, Life]) -> None:
    assert lives["keepalived"].promotes[0] == "1"
    assert lives["hahub"].promotes == ("1", "0")


@pytest.mark.parametrize("name", ["keepalived", "hahub"])
def test_an_interface_that_carries_a_route_is_fault_when_it_goes_down(name: str) -> None:
    require("keepalived")
    with lab_or_skip("a") as lab:
        host = lab["a"]
        host.add_second_interface()
        for interface in ("eth0", "eth1"):
            wait_until(lambda interface=interface: "state UP" in host.ip("link", "show", interface), "carrier")
        way = "virtual_routes {\n 10.40.0.0/24 via 10.10.0.7 dev eth1\n}\n"
        daemon = DAEMONS[name](host, configuration(100, options=way))
        daemon.start()
        host.fifo.wait_for_state("MASTER")

        host.ip("link", "set", "eth1", "down")
        host.fifo.wait_for_state("FAULT")
        host.ip("link", "set", "eth1", "up")
        wait_until(lambda: host.fifo.states().count("MASTER") == 2, "master again")

        wait_until(lambda: "10.40.0.0/24" in belongings(host).routes, "the route to be back")
        assert host.fifo.states() == ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"]
