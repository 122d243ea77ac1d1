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
}

Entries = dict[object, list[dict[str, Any]]]


@dataclass(frozen=True)
class Belongings:
    """What ip(8) shows of one host, each by what identifies it."""

    addresses: Entries
    routes: Entries
    rules: Entries


def shown(host: Host, *command: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(host.ip("-j", *command) or "[]")
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
    addresses = [{**_lasting(address), "dev": link["ifname"]} for link in links for address in link["addr_info"]]
    return Belongings(
        sorted_by("local", addresses),
        sorted_by("dst", shown(host, "-4", "route", "show", "table", "all")),
        sorted_by("priority", shown(host, "-4", "rule", "show") + shown(host, "-6", "rule", "show")),
    )


def _lasting(address: dict[str, Any]) -> dict[str, Any]:
    """Without the seconds that pass."""
    preferred = address["preferred_life_time"]
    return {**address, "preferred_life_time": preferred if preferred in (0, 2**32 - 1) else "limited"}


def is_settled(host: Host) -> bool:
    """All is there that takes time: the last rule, and addresses that wait for duplicates."""
    return 518 in (found := belongings(host)).rules and "tentative" not in str(found.addresses)


def text() -> str:
    def block(keyword: str, lines: dict[Any, str]) -> str:
        return f"{keyword} {{\n" + "".join(f"        {line}\n" for line in lines.values()) + "    }\n"

    blocks = (
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


def life(name: str) -> Life:
    with lab_or_skip("a") as lab:
        host = lab["a"]
        host.add_second_interface()
        for interface in ("eth0", "eth1"):
            wait_until(lambda interface=interface: "state UP" in host.ip("link", "show", interface), "carrier")
        enable_ipv6(host, 1)
        before = belongings(host)
        daemon = DAEMONS[name](host, text())
        daemon.start()
        host.fifo.wait_for_state("MASTER")
        wait_until(lambda: is_settled(host), f"everything: {daemon.log}")
        as_master = belongings(host)
        daemon.stop()
        return Life(before, as_master, belongings(host))


@pytest.fixture(scope="module")
def lives() -> dict[str, Life]:
    require("keepalived")
    return {name: life(name) for name in ("keepalived", "hahub")}


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
