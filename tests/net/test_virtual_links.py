"""Macvlans and ipvlans: the bytes, read by pyroute2; and the kernel that obeys them, as ip(8) sees it."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.net import leftovers, virtual_links
from hahub.net.virtual_links import MARK, LinkCommands, as_alias, read_alias
from hahub.settings import VirtualInterface
from tests.net.namespace import connect, in_namespace, index_of, ip

MAC = "00:00:5e:00:01:33"
VMAC = VirtualInterface("vrrp.51", "near0", MAC)
IPVLAN = VirtualInterface("vrrp.52", "near0", mode=1, address="10.9.0.5/32")
SYSCTLS = Path("/proc/sys/net/ipv4/conf")


def read(message: bytes) -> Any:
    """One message as pyroute2 reads it."""
    (found,) = MarshalRtnl().parse(message)
    return found


def test_a_macvlan_is_asked_for_as_ip_link_does():
    message = read(virtual_links.create(VMAC, 7, group=3, vrf=9))

    assert message["header"]["flags"] == 0x605
    assert {name: message.get_attr(name) for name in ("IFLA_LINK", "IFLA_IFNAME", "IFLA_GROUP", "IFLA_MASTER")} == {
        "IFLA_LINK": 7,
        "IFLA_IFNAME": "vrrp.51",
        "IFLA_GROUP": 3,
        "IFLA_MASTER": 9,
    }
    assert message.get_attr("IFLA_ADDRESS") == MAC
    info = message.get_attr("IFLA_LINKINFO")
    assert info.get_attr("IFLA_INFO_KIND") == "macvlan"
    assert info.get_attr("IFLA_INFO_DATA").get_attr("IFLA_MACVLAN_MODE") == "private"


IPROUTE2 = bytes.fromhex(
    "0800 0500 07000000  0c00 0300 767272702e353200"
    "2400 1200  0a00 0100 6970766c616e 0000  1400 0200  0600 0100 0000 0000  0600 0200 0100 0000"
)
"""What `ip link add link near0 name vrrp.52 type ipvlan mode l2 private` of iproute2 6.1 sends: seen with strace."""


def test_an_ipvlan_is_asked_for_with_the_bytes_of_ip_link():
    message = virtual_links.create(IPVLAN, 7, group=0)

    assert message[32:].startswith(IPROUTE2)
    assert message[32 + len(IPROUTE2) :] == bytes.fromhex("0800 1b00 00000000"), "the group, and no MAC"


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        pytest.param(MARK, {}, id="nothing to be put back"),
        pytest.param(f"{MARK} arp_ignore=0 arp_filter=2", {"arp_ignore": 0, "arp_filter": 2}, id="two sysctls"),
        pytest.param("", None, id="none"),
        pytest.param(f"{MARK} by hand", None, id="a person's words"),
        pytest.param(f"{MARK} arp_ignore=-1", None, id="no such value"),
        pytest.param(f"x{MARK}", None, id="another mark"),
    ],
)
def test_the_alias_says_whose_it_is_and_what_was_before(alias: str, expected: dict[str, int] | None):
    assert read_alias(alias) == expected
    if expected is not None:
        assert as_alias(expected) == alias


def link(name: str) -> dict[str, Any]:
    (found,) = json.loads(ip(f"-j -d link show {name}"))
    return dict(found)


@in_namespace
def test_the_kernel_makes_changes_and_deletes_it():
    connect()
    commands, base = LinkCommands(), index_of("near0")

    assert commands.ask(virtual_links.create(VMAC, base, group=5)) is None
    index = index_of("vrrp.51")
    asked = [
        virtual_links.set_alias(index, as_alias({"arp_ignore": 0})),
        virtual_links.set_conf(index, {"arp_ignore": 1, "accept_local": 1, "rp_filter": 2}),
        virtual_links.no_own_ipv6_address(index),
        virtual_links.set_mtu(index, 1400),
        virtual_links.switch_on(index),
    ]
    assert [commands.ask(message) for message in asked] == [None] * 5

    made = link("vrrp.51")
    seen = commands.look(index)
    assert (made["link"], made["address"], made["group"], made["mtu"]) == ("near0", MAC, "5", 1400)
    assert made["linkinfo"] == {"info_kind": "macvlan", "info_data": made["linkinfo"]["info_data"]}
    assert made["linkinfo"]["info_data"]["mode"] == "private"
    assert made["inet6_addr_gen_mode"] == "none"
    assert "UP" in made["flags"]
    assert (seen.name, seen.kind, seen.lower, seen.mode) == ("vrrp.51", "macvlan", base, virtual_links.PRIVATE)
    assert seen.alias == f"{MARK} arp_ignore=0"
    assert dict(seen.conf) == {name: int((SYSCTLS / "vrrp.51" / name).read_text()) for name, _ in seen.conf}
    assert {**dict(seen.conf), "arp_ignore": 1, "accept_local": 1, "rp_filter": 2} == dict(seen.conf)
    busy = commands.ask(virtual_links.create(VMAC, base, group=0))
    assert busy is not None
    assert busy.errno == errno.EEXIST
    assert commands.ask(virtual_links.delete(index)) is None
    assert commands.look(index).index == 0
    gone = commands.ask(virtual_links.delete(index))
    assert gone is not None
    assert gone.errno == errno.ENODEV


@in_namespace
def test_what_a_dead_core_left_is_deleted_and_nothing_else():
    connect()
    commands, base = LinkCommands(), index_of("near0")
    for number in (51, 52):
        ours = VirtualInterface(f"vrrp.{number}", "near0", f"00:00:5e:00:01:{number:02x}")
        commands.ask(virtual_links.create(ours, base, group=0))
        before = {"arp_ignore": 0, "arp_filter": 0, "all_rp_filter": 2}
        commands.ask(virtual_links.set_alias(index_of(ours.name), as_alias(before)))
    commands.ask(virtual_links.set_conf(base, {"arp_ignore": 1, "arp_filter": 1}))
    ip("link add link near0 name mine type macvlan mode private")
    ip(f"link set near0 alias {MARK}")
    (SYSCTLS / "all/rp_filter").write_text("0")

    removed = leftovers.remove()

    assert sorted(removed) == ["vrrp.51", "vrrp.52"]
    assert {each["ifname"] for each in json.loads(ip("-j link show"))} == {"lo", "near0", "mine"}
    assert [(SYSCTLS / name).read_text().strip() for name in ("near0/arp_ignore", "near0/arp_filter")] == ["0", "0"]
    assert (SYSCTLS / "all/rp_filter").read_text().strip() == "2"
    assert leftovers.remove() == []
