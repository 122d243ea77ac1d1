"""hahub and keepalived beside each other, each with a virtual router of its own, while both lose their carrier."""

import time

import pytest

from tests.conftest import require
from tests.lab import DAEMONS, Host, Lab

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]

DOWN, UP = 0.4, 0.55
"""Seconds; keepalived 2.2.7 shortens both to less than two advert intervals, hahub the first."""
CONFIGURATION = f"""global_defs {{
    router_id lab
    script_user root
    vrrp_notify_fifo /run/lab/fifo
}}
interface_up_down_delays {{
    eth0 {DOWN} {UP}
}}
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 5N
    version 3
    advert_int 0.3
    virtual_ipaddress {{
        10.9.0.20N
    }}
}}
"""


@pytest.mark.keepalived
def test_a_moment_without_carrier_is_nothing_and_a_carrier_has_to_last(lab: Lab) -> None:
    require("keepalived")
    for number, (name, host) in enumerate(zip(("hahub", "keepalived"), lab.hosts.values(), strict=True), start=1):
        DAEMONS[name](host, CONFIGURATION.replace("N", str(number))).start()
    hosts = list(lab.hosts.values())
    for host in hosts:
        host.fifo.wait_for_state("MASTER")

    for host in hosts:
        host.carrier_down()
    time.sleep(DOWN / 3)  # what is tested is a moment that is too short
    for host in hosts:
        host.carrier_up()
    down_at = {host.name: down(host, after=2 * DOWN) for host in hosts}
    fault_at = {host.name: host.fifo.wait_for_state("FAULT") for host in hosts}
    up_at = {host.name: up(host) for host in hosts}
    backup_at = {host.name: host.fifo.wait_for_state("BACKUP", count=2) for host in hosts}

    for host in hosts:
        assert host.fifo.states() == ["BACKUP", "MASTER", "FAULT", "BACKUP"]
        assert DOWN - 0.01 < fault_at[host.name] - down_at[host.name] < DOWN + 0.3
        assert UP - 0.01 < backup_at[host.name] - up_at[host.name] < UP + 0.3


def down(host: Host, *, after: float) -> float:
    """Take the carrier away after so long; when that was."""
    host.lab.wait_for_advert(host, since=time.monotonic() + after)
    now = time.monotonic()
    host.carrier_down()
    return now


def up(host: Host) -> float:
    now = time.monotonic()
    host.carrier_up()
    return now
