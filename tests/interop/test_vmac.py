"""hahub and keepalived share one virtual router with a virtual MAC, and either may be the one to have it."""

import json
import os
import signal
import time

import pytest

from tests.interop.configuration import configuration
from tests.interop.conftest import Duel, MakeDuel
from tests.interop.test_families import VIPS_6, enable_ipv6
from tests.lab import VIP, Hahub, Host, Lab
from tests.lab.frames import GratuitousArp
from tests.lab.timeline import wait_until

PAIRS = [
    pytest.param(("keepalived", "hahub"), marks=pytest.mark.keepalived, id="keepalived-hahub"),
    pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
]
pytestmark = [pytest.mark.namespaces, pytest.mark.slow]

MAC, MAC_6 = "00:00:5e:00:01:33", "00:00:5e:00:02:33"
BOTH = f"""
vrrp_instance VI_6 {{
    interface eth0
    virtual_router_id 51
    priority %d
    version 3
    advert_int 0.2
    use_vmac
    virtual_ipaddress {{
        {VIPS_6[0]}/64
        {VIPS_6[1]}/64
    }}
}}
"""


def wait_for_master(duel: Duel, host: Host, *, idle: Host, interface: str = "vrrp.51") -> None:
    """One that is alone, and holds the address on its macvlan."""
    wait_until(lambda: host.fifo.states()[-1:] == ["MASTER"], f"{host.name} to be master")
    wait_until(lambda: host.holds(interface=interface), f"the address on {host.name}")
    since = time.monotonic()
    duel.lab.wait_for_advert(host, since=since, count=4)
    assert {advert.host for advert in duel.lab.adverts(since=since)} == {host.name}, duel.lab.story()
    assert not (interface in idle.ip("link", "show") and idle.holds(interface=interface))


@pytest.mark.parametrize("pair", PAIRS)
def test_both_families_fail_over_and_back_with_the_virtual_macs(duel: MakeDuel, pair: tuple[str, str]) -> None:
    d = duel(
        configuration(150, options="use_vmac") + BOTH % 150,
        configuration(100, options="use_vmac") + BOTH % 100,
    )
    for number, host in enumerate((d.a, d.b), start=1):
        enable_ipv6(host, number)
        host.run("sh", "-c", "for n in all default; do echo 0 > /proc/sys/net/ipv6/conf/$n/disable_ipv6; done")
    d.daemon_a.start()
    d.a.fifo.wait_for_state("MASTER", instance="VI_6")
    d.daemon_b.start()
    d.b.fifo.wait_for_state("BACKUP", instance="VI_6")
    wait_for_master(d, d.a, idle=d.b)

    assert d.daemon_a.stop() == 0
    wait_for_master(d, d.b, idle=d.a)
    d.daemon_a.start()
    wait_until(lambda: d.a.fifo.states("VI_6")[-1:] == ["MASTER"], "the first to take VI_6 back")
    wait_for_master(d, d.a, idle=d.b)

    for name in ("VI_1", "VI_6"):
        assert d.a.fifo.states(name) == ["BACKUP", "MASTER", "STOP", "BACKUP", "MASTER"]
        assert d.b.fifo.states(name) == ["BACKUP", "MASTER", "BACKUP"]
    adverts = d.lab.adverts()
    assert {(x.host, x.mac, x.source) for x in adverts if x.addresses == (VIP,)} == {
        ("a", MAC, "10.9.0.1"),
        ("b", MAC, "10.9.0.2"),
    }
    assert {(x.host, x.mac, x.source) for x in adverts if x.addresses == VIPS_6} == {
        ("a", MAC_6, "fe80::ff:fe00:1"),
        ("b", MAC_6, "fe80::ff:fe00:2"),
    }
    announced = {(r.host, r.mac) for r in d.lab.timeline.records() if isinstance(r, GratuitousArp)}
    assert announced == {("a", MAC), ("b", MAC)}
    left = hahub_of(d).host
    assert hahub_of(d).stop() == 0
    assert "vrrp" not in left.ip("link", "show")


@pytest.mark.parametrize("pair", PAIRS)
def test_addresses_of_another_interface_have_a_virtual_mac_there(duel: MakeDuel, pair: tuple[str, str]) -> None:
    """use_vmac_addr and vmac_addr_prefix: both daemons give it the same name, MAC and place."""
    elsewhere = "virtual_ipaddress_excluded {\n 10.10.0.200/24 dev eth1\n }"
    texts = [
        configuration(priority, options=f"use_vmac\n use_vmac_addr\n {elsewhere}").replace(
            "global_defs {", "global_defs {\n vmac_addr_prefix va"
        )
        for priority in (150, 100)
    ]
    d = duel(*texts)
    for host in (d.a, d.b):
        host.add_second_interface()
    d.daemon_a.start()
    wait_for_master(d, d.a, idle=d.b)
    d.daemon_b.start()
    d.b.fifo.wait_for_state("BACKUP")
    links = {host.name: virtual_links(host) for host in (d.a, d.b)}
    d.daemon_a.stop()
    wait_for_master(d, d.b, idle=d.a)

    expected = {"vrrp.51": ("eth0", MAC), "va.51": ("eth1", MAC)}
    assert links == {"a": expected, "b": expected}
    assert d.b.addresses("va.51") == ["10.10.0.200/24"]
    assert virtual_links(d.a) == {}
    announced = {(r.host, r.mac, r.address) for r in d.lab.timeline.records() if isinstance(r, GratuitousArp)}
    assert announced == {(name, MAC, address) for name in "ab" for address in (VIP, "10.10.0.200")}


def virtual_links(host: Host) -> dict[str, tuple[str, str]]:
    """The macvlans of a host: name -> the interface below, MAC."""
    links = json.loads(host.ip("-j", "link", "show", "type", "macvlan") or "[]")
    return {link["ifname"]: (link["link"], link["address"]) for link in links if "ifname" in link}


@pytest.mark.parametrize("pair", PAIRS[1:])
def test_one_that_sends_with_its_own_mac_hears_one_that_does_not(duel: MakeDuel, pair: tuple[str, str]) -> None:
    """keepalived with vmac_xmit_base is deaf here: what comes from its own virtual MAC is for its macvlan only."""
    d = duel(configuration(150, options="use_vmac\n vmac_xmit_base"), configuration(100, options="use_vmac"))
    d.daemon_b.start()
    wait_for_master(d, d.b, idle=d.a)
    d.daemon_a.start()
    wait_for_master(d, d.a, idle=d.b)

    d.daemon_a.stop()
    wait_for_master(d, d.b, idle=d.a)

    assert {(x.host, x.mac) for x in d.lab.adverts()} == {("a", d.a.mac), ("b", MAC)}
    assert d.a.fifo.states() == ["BACKUP", "MASTER", "STOP"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP", "MASTER"]


@pytest.mark.parametrize("pair", PAIRS[:1])
def test_between_peers_adverts_have_their_own_macs_and_the_address_the_virtual_one(
    duel: MakeDuel, pair: tuple[str, str]
) -> None:
    def between(number: int) -> str:
        return f"use_vmac\n unicast_src_ip 10.9.0.{number}\n unicast_peer {{\n 10.9.0.{3 - number}\n }}"

    d = duel(configuration(150, options=between(1)), configuration(100, options=between(2)))
    d.daemon_a.start()
    wait_for_master(d, d.a, idle=d.b)
    d.daemon_b.start()
    d.b.fifo.wait_for_state("BACKUP")
    wait_for_master(d, d.a, idle=d.b)

    d.daemon_a.stop()
    wait_for_master(d, d.b, idle=d.a)

    assert {(x.mac, x.destination) for x in d.lab.adverts()} == {(d.a.mac, "10.9.0.2"), (d.b.mac, "10.9.0.1")}
    announced = {(r.host, r.mac) for r in d.lab.timeline.records() if isinstance(r, GratuitousArp)}
    assert announced == {("a", MAC), ("b", MAC)}
    assert d.b.fifo.states() == ["BACKUP", "MASTER"]


def test_nothing_stays_when_the_core_can_clean_up_no_more(lab: Lab) -> None:
    """It is the last deed of the guard."""
    host = lab["a"]
    daemon = Hahub(host, configuration(150, options="use_vmac"))

    def left() -> tuple[bool, str]:
        return "vrrp.51" in host.ip("link", "show"), host.run("cat", "/proc/sys/net/ipv4/conf/eth0/arp_ignore").strip()

    daemon.start()
    host.fifo.wait_for_state("MASTER")
    during, core = left(), daemon.process("hahub.core")
    os.kill(core, signal.SIGSTOP)  # it would resign, the moment its parent is dead
    daemon.kill_parent()
    os.kill(core, signal.SIGKILL)
    wait_until(lambda: host.processes() == [], "the end of the guard")

    assert (during, left()) == ((True, "1"), (False, "0"))


def hahub_of(duel: Duel) -> Hahub:
    return next(daemon for daemon in (duel.daemon_a, duel.daemon_b) if isinstance(daemon, Hahub))
