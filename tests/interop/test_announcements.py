"""hahub and keepalived beside each other on one wire, each with a virtual router of its own: how they announce."""

from itertools import pairwise

import pytest

from tests.conftest import require
from tests.lab import DAEMONS, GratuitousArp, Host, Lab
from tests.lab.frames import NeighbourAdvert
from tests.lab.timeline import wait_until

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]

INTERVAL = 0.05
REPEAT = 4
CONFIGURATION = f"""global_defs {{
    router_id lab
    script_user root
    vrrp_notify_fifo /run/lab/fifo
    vrrp_garp_interval {INTERVAL}
    vrrp_garp_extra_if all 1
}}
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 5N
    version 3
    advert_int 0.1
    garp_master_repeat {REPEAT}
    garp_master_delay 0
    virtual_ipaddress {{
        10.9.N.1
        10.9.N.2
        10.9.N.3
    }}
    virtual_ipaddress_excluded {{
        10.10.N.4 dev eth1
        10.10.N.5 dev eth1
    }}
}}
"""


@pytest.mark.keepalived
def test_announcements_keep_their_distance_and_the_adverts_their_time(lab: Lab) -> None:
    """2.2.7 forgets most repetitions when it has to wait; later ones count them."""
    require("keepalived")
    for number, (name, host) in enumerate(zip(("hahub", "keepalived"), lab.hosts.values(), strict=True), start=1):
        host.add_second_interface()
        DAEMONS[name](host, CONFIGURATION.replace("N", str(number))).start()

    for host in lab.hosts.values():
        wait_until(lambda host=host: len(repeated(lab, host)) >= 3, "three repetitions on the other wire")
        first, second = announced(lab, host, "10.9."), announced(lab, host, "10.10.")
        burst = [arp for arp in second if arp.at < second[0].at + 0.9]

        for frames in (first, burst):
            distances = sorted(later.at - earlier.at for earlier, later in pairwise(frames))
            assert frames[-1].at - frames[0].at > len(distances) * INTERVAL - 0.01
            assert distances[0] > INTERVAL / 2
            assert distances[len(distances) // 2] < INTERVAL * 1.5
        assert abs(first[0].at - second[0].at) < INTERVAL, "another wire waits for nobody"
        assert all(0.9 < later.at - earlier.at < 1.2 for earlier, later in pairwise([second[0], *repeated(lab, host)]))
        adverts = lab.adverts(host)
        assert max(later.at - earlier.at for earlier, later in pairwise(adverts)) < 0.3
        if host.name == "a":
            assert [arp.address[-1] for arp in first] == ["1", "2", "3"] * REPEAT
            assert [arp.address[-1] for arp in burst] == ["4", "5"] * REPEAT


CONFIGURATION_6 = f"""global_defs {{
    router_id lab
    script_user root
    vrrp_notify_fifo /run/lab/fifo
    GLOBAL
}}
GROUP
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 5N
    version 3
    advert_int 0.1
    garp_master_repeat {REPEAT}
    garp_master_delay 0
    virtual_ipaddress {{
        fe80::N:1/64
        fd00::N:2/64
    }}
    virtual_ipaddress_excluded {{
        fd01::N:3/64 dev eth1
        fd01::N:4/64 dev eth1
    }}
}}
"""
GARP_GROUP = f"garp_group {{\n gna_interval {INTERVAL}\n interfaces {{\n eth0\n eth1\n }}\n}}"
LATE = 0.01
"""Seconds by which the first of two frames may have been late, which makes their distance shorter."""


@pytest.mark.keepalived
@pytest.mark.parametrize(
    ("defs", "group", "shared"),
    [
        pytest.param(f"vrrp_gna_interval {INTERVAL}", "", False, id="each wire by itself"),
        pytest.param("", GARP_GROUP, True, id="one garp_group for both"),
    ],
)
def test_neighbour_advertisements_keep_their_distance_by_themselves_or_with_other_wires(
    lab: Lab, defs: str, group: str, shared: bool
) -> None:
    require("keepalived")
    text = CONFIGURATION_6.replace("GLOBAL", defs).replace("GROUP", group)
    for number, (name, host) in enumerate(zip(("hahub", "keepalived"), lab.hosts.values(), strict=True), start=1):
        host.add_second_interface()
        for interface, prefix in (("eth0", "fd00"), ("eth1", "fd01")):
            settings = f"/proc/sys/net/ipv6/conf/{interface}"
            host.run("sh", "-c", f"echo 0 > {settings}/accept_dad; echo 0 > {settings}/disable_ipv6")
            host.ip("address", "add", f"{prefix}::{number}/64", "dev", interface, "nodad")
        DAEMONS[name](host, text.replace("N", str(number))).start()

    for number, host in enumerate(lab.hosts.values(), start=1):
        first = [f"fe80::{number}:1", f"fd00::{number}:2"]
        second = [f"fd01::{number}:3", f"fd01::{number}:4"]
        all_of_it = 4 * REPEAT if host.name == "a" else 4  # 2.2.7 forgets most repetitions when it has to wait
        wait_until(lambda h=host, n=all_of_it, w=[*first, *second]: len(advertised(lab, h, w)) >= n, "all of them")

        wires = [[*first, *second]] if shared else [first, second]
        for wire in wires:
            frames = advertised(lab, host, wire)
            distances = [later.at - earlier.at for earlier, later in pairwise(frames)]
            assert min(distances) > INTERVAL - LATE
            assert sorted(distances)[len(distances) // 2] < INTERVAL * 1.5
            if host.name == "a":
                assert [frame.address for frame in frames] == wire * REPEAT
        between = abs(advertised(lab, host, first)[0].at - advertised(lab, host, second)[0].at)
        assert (between > INTERVAL - LATE) is shared
        adverts = lab.adverts(host)
        assert max(later.at - earlier.at for earlier, later in pairwise(adverts)) < 0.3


def advertised(lab: Lab, host: Host, addresses: list[str]) -> list[NeighbourAdvert]:
    found = [record for record in lab.timeline.records() if isinstance(record, NeighbourAdvert)]
    return [each for each in found if each.host == host.name and each.address in addresses]


def announced(lab: Lab, host: Host, prefix: str) -> list[GratuitousArp]:
    found = [record for record in lab.timeline.records() if isinstance(record, GratuitousArp)]
    return [arp for arp in found if arp.host == host.name and arp.address.startswith(prefix)]


def repeated(lab: Lab, host: Host) -> list[GratuitousArp]:
    """What is said once a second, of one address of the other wire."""
    second = announced(lab, host, "10.10.")
    return [arp for arp in second if arp.at > second[0].at + 0.9]
