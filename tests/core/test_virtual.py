"""The virtual interfaces themselves, where they cannot be made as they should be."""

import ctypes
import struct
import subprocess
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from hahub.core.log import CoreLog
from hahub.core.outlet import Outlet
from hahub.core.virtual import VirtualInterfaces
from hahub.net import netlink
from hahub.net.links import LinkMonitor
from hahub.settings import VirtualInterface
from tests.net.namespace import connect, in_namespace, index_of, ip

VMAC = VirtualInterface("vrrp.51", "near0", "00:00:5e:00:01:33")
VMAC_6 = VirtualInterface("vrrp6.51", "near0", "00:00:5e:00:02:33", ipv4=False, ipv6=True)
CONF = Path("/proc/sys/net/ipv4/conf")
_CLONE_NEWNS = 0x20000


class Lines(CoreLog):
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(Outlet())
        self.lines: list[str] = []

    def write(self, level: int, text: str) -> None:
        self.lines.append(text)


def make_proc_read_only() -> None:
    """As in a container."""
    assert ctypes.CDLL(None).unshare(_CLONE_NEWNS) == 0
    for command in ("--make-rprivate /", "-o bind /proc/sys /proc/sys", "-o remount,ro,bind /proc/sys"):
        subprocess.run(["mount", *command.split()], check=True)


def begin(*wanted: VirtualInterface) -> tuple[VirtualInterfaces, Lines]:
    monitor, log = LinkMonitor(), Lines()
    monitor.open()
    virtual = VirtualInterfaces(monitor, log)
    virtual.configure(wanted, time.monotonic())
    return virtual, log


@in_namespace
def test_where_proc_is_read_only_arp_is_right_all_the_same_and_the_rest_is_told_once():
    connect()
    (CONF / "all/rp_filter").write_text("1")
    make_proc_read_only()

    virtual, log = begin(VMAC, VMAC_6)
    during = [(CONF / name / "arp_ignore").read_text().strip() for name in ("near0", "vrrp.51", "vrrp6.51")]
    virtual.remove()

    assert log.lines == [
        "vrrp.51: net.ipv4.conf.all.rp_filter is set and cannot be changed (Read-only file system):"
        " packets to the addresses on vrrp.51 may be dropped",
        "/proc/sys/net: cannot be written (Read-only file system): where a router hands out prefixes,"
        " vrrp.51 makes itself IPv6 addresses of its MAC (VR-128)",
        "vrrp.51: made on near0, 00:00:5e:00:01:33",
        "vrrp6.51: made on near0, 00:00:5e:00:02:33",
        "vrrp.51, vrrp6.51: deleted, hahub ends",
    ]
    assert during == ["1", "1", "1"]
    assert (CONF / "near0/arp_ignore").read_text().strip() == "0"


@in_namespace
def test_where_new_interfaces_have_no_ipv6_that_of_an_ipv6_virtual_router_has_it():
    connect()
    conf = Path("/proc/sys/net/ipv6/conf")
    (conf / "default/disable_ipv6").write_text("1")

    virtual, log = begin(VMAC, VMAC_6)
    during = [(conf / name / "disable_ipv6").read_text().strip() for name in ("vrrp.51", "vrrp6.51")]
    virtual.remove()

    assert during == ["1", "0"]
    assert not [line for line in log.lines if "disable" in line or "cannot" in line]


@in_namespace
def test_what_the_kernel_refuses_is_told_in_words():
    connect()
    ip("link add name far type bridge")
    ip("link set near0 master far")
    ip("link add link far name taken address 00:00:5e:00:01:34 type macvlan mode private")
    ip("link set taken up")
    wanted = [
        VMAC,
        VirtualInterface("vrrp.52", "far", "00:00:5e:00:01:34"),
        VirtualInterface("vrrp.53", "lo", "00:00:5e:00:01:35"),
        VirtualInterface("vrrp.54", "far"),
        VirtualInterface("vrrp.55", "nowhere", "00:00:5e:00:01:37"),
    ]

    virtual, log = begin(*wanted)

    expected = {
        "vrrp.51": "near0 is a port of a bridge or bond, or has interfaces of another kind on it",
        "vrrp.52": "another interface on far has the MAC 00:00:5e:00:01:34",
        "vrrp.53": "lo is not an interface that can carry one",
        "vrrp.55": "",
    }
    told = {name: virtual.problem_of(name).removeprefix(f"{name}: ") for name in expected}
    assert told == expected
    assert virtual.problem_of("vrrp.54") in (  # where there are ipvlans, a macvlan is in their way
        "vrrp.54: this kernel has no ipvlan",
        "vrrp.54: far is a port of a bridge or bond, or has interfaces of another kind on it",
    )
    assert [line for line in log.lines if "vrrp.52" in line] == [f"vrrp.52: cannot be made: {expected['vrrp.52']}"]


@in_namespace
def test_many_are_deleted_as_fast_as_one():
    """At the end of a core that has three seconds to leave; one after the other takes more than a second."""
    connect()
    wanted = [VirtualInterface(f"vrrp.{n}", "near0", f"00:00:5e:00:01:{n:02x}") for n in range(1, 61)]
    virtual, _ = begin(*wanted)
    made = ip("link show").count("vrrp.")
    before = time.monotonic()

    virtual.remove()

    assert made == 60
    assert "vrrp." not in ip("link show")
    assert time.monotonic() - before < 0.5


@in_namespace
def test_a_strict_reverse_path_filter_makes_way_and_comes_back_after_any_end():
    connect()
    values = ("all", "default", "lo", "near0")
    (CONF / "all/rp_filter").write_text("1")
    (CONF / "lo/rp_filter").write_text("2")

    def now(*names: str) -> dict[str, int]:
        return {name: int((CONF / name / "rp_filter").read_text()) for name in names}

    before = now(*values)
    first, _ = begin(VMAC)
    during = now(*values, "vrrp.51")
    first.remove()
    after = now(*values)
    begin(VMAC)  # and never ended
    third, _ = begin(VMAC)
    third.remove()

    assert during == {"all": 0, "default": 1, "lo": 2, "near0": 1, "vrrp.51": 0}
    assert after == before
    assert now("all", "lo") == {"all": 1, "lo": 2}


@in_namespace
def test_listeners_are_told_of_the_interface_below_where_that_is_asked_for():
    connect()
    base, listening = index_of("near0"), netlink.open_socket(1)

    def told() -> int:
        """How often, since the last time."""
        packets = iter(partial(netlink.receive, listening), None)
        return sum(struct.unpack_from("=i", packet, 20)[0] == base for packet in packets)

    counts = []
    for virtual in (VMAC, replace(VMAC, notify_base=True)):
        told()
        made, _ = begin(virtual)
        counts.append(told())
        made.remove()
        counts.append(told())

    assert [more - less for more, less in zip(counts[2:], counts[:2], strict=True)] == [1, 1], counts


@in_namespace
def test_a_loose_reverse_path_filter_does_no_harm():
    connect()
    (CONF / "all/rp_filter").write_text("2")

    begin(VMAC)

    assert (CONF / "all/rp_filter").read_text().strip() == "2"
