"""hahub and keepalived share one virtual router over IPv6, and without multicast.

The laboratory looks for 10.9.0.200: over IPv6 it is an excluded address, which comes and goes with the others.
"""

import json
from dataclasses import dataclass

import pytest

from tests.interop.configuration import ADVERT_INT
from tests.interop.conftest import MakeDuel
from tests.lab import VIP, Host
from tests.lab.timeline import wait_until

VIPS_6 = ("fe80::200", "fd00::200")
PAIRS = [
    pytest.param(("keepalived", "hahub"), marks=pytest.mark.keepalived, id="keepalived-hahub"),
    pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
]
pytestmark = [pytest.mark.namespaces, pytest.mark.slow, pytest.mark.parametrize("pair", PAIRS)]


@dataclass(frozen=True)
class Way:
    """One way to talk to each other."""

    version: int
    ipv6: bool
    unicast: bool

    @property
    def advert_int(self) -> float:
        return 1 if self.version == 2 else ADVERT_INT

    def source(self, number: int) -> str:
        """The address that a host sends from."""
        if not self.ipv6:
            return f"10.9.0.{number}"
        return f"fd00::{number}" if self.unicast else f"fe80::ff:fe00:{number}"

    def configuration(self, number: int, priority: int) -> str:
        """The text for one of the two hosts."""
        peer = f"unicast_src_ip {self.source(number)}\n unicast_peer {{\n {self.source(3 - number)}\n }}"
        addresses = (*VIPS_6[:1], f"{VIPS_6[1]}/128") if self.ipv6 else (f"{VIP}/24",)
        excluded = f"virtual_ipaddress_excluded {{\n {VIP}/24\n }}" if self.ipv6 else ""
        lines = "\n ".join(addresses)
        return f"""global_defs {{
 router_id lab
 script_user root
 vrrp_notify_fifo /run/lab/fifo
}}
vrrp_instance VI_1 {{
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority {priority}
 version {self.version}
 advert_int {self.advert_int:g}
 {peer if self.unicast else ""}
 virtual_ipaddress {{
 {lines}
 }}
 {excluded}
}}
"""


WAYS = [
    pytest.param(Way(3, ipv6=True, unicast=False), id="IPv6"),
    pytest.param(Way(3, ipv6=True, unicast=True), id="IPv6 unicast"),
    pytest.param(Way(3, ipv6=False, unicast=True), id="IPv4 unicast, version 3"),
]


def enable_ipv6(host: Host, number: int) -> None:
    """Give eth0 its link-local address and fd00::N, at once."""
    host.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad")
    host.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
    host.ip("address", "add", f"fd00::{number}/64", "dev", "eth0", "nodad")
    wait_until(lambda: addresses_6(host).keys() >= {f"fe80::ff:fe00:{number}", f"fd00::{number}"}, "IPv6 addresses")


def addresses_6(host: Host) -> dict[str, tuple[int, bool, bool]]:
    """IPv6 address -> prefix length, nodad, deprecated."""
    (link,) = json.loads(host.ip("-j", "-6", "address", "show", "dev", "eth0")) or [{"addr_info": []}]
    return {
        a["local"]: (a["prefixlen"], a.get("nodad", False), a.get("deprecated", False))
        for a in link.get("addr_info", [])
        if not a.get("tentative", False)
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_master_that_stops_hands_over_and_takes_back(duel: MakeDuel, pair: tuple[str, str], way: Way) -> None:
    d = duel(way.configuration(1, 150), way.configuration(2, 100))
    if way.ipv6:
        for number, host in enumerate((d.a, d.b), start=1):
            enable_ipv6(host, number)
    d.start(adverts=3)
    if way.ipv6:
        held, idle = addresses_6(d.a), addresses_6(d.b)
        assert {vip: held.get(vip) for vip in VIPS_6} == dict.fromkeys(VIPS_6, (128, True, True))
        assert idle.keys().isdisjoint(VIPS_6)

    assert d.daemon_a.stop() == 0
    d.lab.settle(d.b, adverts=2)
    d.daemon_a.start()
    d.lab.settle(d.a, adverts=2)

    assert d.a.fifo.states() == ["BACKUP", "MASTER", "STOP", "BACKUP", "MASTER"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]
    expected = VIPS_6 if way.ipv6 else (VIP,)
    hop_limits = {"keepalived": 64 if way.ipv6 and way.unicast else 255, "hahub": 255}
    sent = {(advert.host, advert.source, advert.version, advert.addresses, advert.ttl) for advert in d.lab.adverts()}
    assert sent == {
        (host, way.source(number), way.version, expected, hop_limits[name])
        for number, (host, name) in enumerate(zip("ab", pair, strict=True), start=1)
    }


def test_with_equal_priorities_the_higher_ipv6_address_wins(duel: MakeDuel, pair: tuple[str, str]) -> None:
    """VR-095, with addresses of 128 bits."""
    way = Way(3, ipv6=True, unicast=False)
    d = duel(way.configuration(1, 100), way.configuration(2, 100))
    for number, host in enumerate((d.a, d.b), start=1):
        enable_ipv6(host, number)
    d.daemon_b.start()
    d.b.fifo.wait_for_state("MASTER")
    d.daemon_a.start()
    d.a.fifo.wait_for_state("BACKUP")
    d.lab.settle(d.b, adverts=3)

    d.daemon_b.kill()
    d.lab.settle(d.a, adverts=3)
    d.b.run("ip", "-6", "address", "flush", "dev", "eth0", "to", "fd00::200")
    d.daemon_b.start()
    d.b.fifo.wait_for_state("BACKUP", count=2)
    d.lab.settle(d.a, adverts=3)

    assert d.a.fifo.states() == ["BACKUP", "MASTER"]


def test_over_version_2_peers_hear_each_other_without_multicast(duel: MakeDuel, pair: tuple[str, str]) -> None:
    way = Way(2, ipv6=False, unicast=True)
    d = duel(way.configuration(1, 150), way.configuration(2, 100))

    d.start(adverts=2)

    sent = {(advert.host, advert.source, advert.version, advert.addresses, advert.ttl) for advert in d.lab.adverts()}
    assert sent == {("a", "10.9.0.1", 2, (VIP,), 255)}
