"""Which virtual interfaces a configuration asks for, their names and MACs, and which address comes to be on which."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.settings import Settings, TrackedInterface, VirtualAddress, VirtualInterface

Compiled = Callable[[str], Settings]


def instance(name: str, lines: str, *, virtual_router_id: int = 51, interface: str = "eth0", more: str = "") -> str:
    addresses = "\n ".join(lines.split("|"))
    return f"""
vrrp_instance {name} {{
 interface {interface}
 virtual_router_id {virtual_router_id}
 {more}
 virtual_ipaddress {{
 {addresses}
 }}
}}
"""


def vmac(name: str, mac: str = "00:00:5e:00:01:33", base: str = "eth0") -> VirtualInterface:
    return VirtualInterface(name, base, mac)


def vmac6(name: str, mac: str = "00:00:5e:00:02:33", base: str = "eth0") -> VirtualInterface:
    return VirtualInterface(name, base, mac, ipv4=False, ipv6=True)


@pytest.fixture
def compiled(loaded: Callable[..., Loaded]) -> Compiled:
    """Compile a keepalived.conf without problems."""

    def compile_text(text: str) -> Settings:
        found = loaded(("a.conf", text))
        assert found.problems == ()
        assert found.settings is not None
        return found.settings

    return compile_text


@pytest.mark.parametrize(
    ("more", "expected", "leaves_by"),
    [
        pytest.param("use_vmac", vmac("vrrp.51"), "vrrp.51", id="default"),
        pytest.param("use_vmac foo", vmac("foo"), "foo", id="a name"),
        pytest.param("use_vmac name group", vmac("group"), "group", id="a name that is a word"),
        pytest.param("use_vmac 2:0:0:0:0:AB foo", vmac("foo", "02:00:00:00:00:ab"), "foo", id="a MAC, then a name"),
        pytest.param("use_vmac 2:1:0:0:0", vmac("vrrp.51", "02:01:00:00:00:33"), "vrrp.51", id="5 bytes and the VRID"),
        pytest.param("use_vmac\n vmac_xmit_base", vmac("vrrp.51"), "eth0", id="adverts by the interface below"),
        pytest.param(
            "use_vmac group 7 netlink_notify_msg",
            VirtualInterface("vrrp.51", "eth0", "00:00:5e:00:01:33", group=7, notify_base=True),
            "vrrp.51",
            id="options",
        ),
        pytest.param(
            "use_ipvlan 10.0.0.5/24 vepa ipv group 0",
            VirtualInterface("ipv", "eth0", mode=2, address="10.0.0.5/24", group=0),
            "ipv",
            id="ipvlan",
        ),
    ],
)
def test_the_interface_of_an_instance(compiled: Compiled, more: str, expected: VirtualInterface, leaves_by: str):
    (made,) = compiled(instance("VI_1", "10.0.0.1|10.0.0.2/24 dev eth0", more=more)).core.instances

    assert (made.virtual_interface, made.advert_interface, made.interface) == (expected, leaves_by, "eth0")
    on = expected.name if expected.mac else "eth0"
    assert [address.interface for address in made.all_addresses] == [on, on]
    assert made.address_interface == on
    assert made.track_interfaces == ()


def test_an_ipvlan_has_its_address_always_and_adverts_come_from_it(compiled: Compiled):
    core = compiled(instance("VI_1", "10.0.0.1", more="use_ipvlan 10.0.0.5/24")).core
    (made,) = core.instances

    assert made.source == "10.0.0.5"
    assert core.statics.addresses == (VirtualAddress("10.0.0.5", 24, "vrrp.51"),)


def test_names_are_chosen_in_the_order_of_the_configuration(compiled: Compiled):
    text = "global_defs {\n vmac_prefix averylongprefix\n vmac_addr_prefix va\n}\n" + "".join(
        [
            instance("A", "10.0.0.1|10.0.1.1 dev eth1 use_vmac", more="use_vmac"),
            instance("B", "fe80::1", more="use_vmac"),
            instance("C", "fe80::2", more="use_vmac", interface="eth2"),
            instance("D", "10.0.2.1", more="use_vmac", interface="eth2"),
            instance("E", "10.0.3.1", more="use_vmac averylongpre.52", interface="eth3"),
            instance("F", "10.0.4.1", more="use_vmac", interface="eth3", virtual_router_id=52),
        ]
    )
    made = {each.name: [virtual.name for virtual in each.virtual_interfaces] for each in compiled(text).core.instances}

    assert made == {
        "A": ["averylongpre.51", "va.51"],
        "B": ["averylongpr6.51"],
        "C": ["averylongpr1.51"],
        "D": ["averylongpr2.51"],
        "E": ["averylongpre.52"],
        "F": ["averylongpr1.52"],
    }


@pytest.mark.parametrize(
    ("more", "expected", "made"),
    [
        pytest.param("", ["eth0", "eth1", "eth0"], (), id="none is asked for"),
        pytest.param("use_vmac", ["vrrp.51", "eth1", "eth0"], (), id="only its own family on its own interface"),
        pytest.param(
            "use_vmac\n use_vmac_addr",
            ["vrrp.51", "vrrp1.51", "vrrp6.51"],
            (vmac("vrrp1.51", base="eth1"), vmac6("vrrp6.51")),
            id="all others too",
        ),
        pytest.param(
            "use_vmac_addr",
            ["eth0", "vrrp.51", "vrrp6.51"],
            (vmac("vrrp.51", base="eth1"), vmac6("vrrp6.51")),
            id="all but its own",
        ),
    ],
)
def test_addresses_elsewhere(compiled: Compiled, more: str, expected: list[str], made: tuple[VirtualInterface, ...]):
    excluded = "virtual_ipaddress_excluded {\n fd00::1/64\n }"
    text = instance("VI_1", "10.0.0.1|10.0.1.1 dev eth1", more=f"{more}\n {excluded}")

    (found,) = compiled(text).core.instances

    assert [address.interface for address in found.all_addresses] == expected
    assert found.address_interfaces == made
    assert {each.name for each in found.track_interfaces} == set(expected) - {"eth0", found.address_interface}


def test_one_address_may_have_a_virtual_mac_where_the_instance_has_none(compiled: Compiled):
    (found,) = compiled(instance("VI_1", "10.0.0.1|10.0.0.2 use_vmac|10.0.1.1 dev eth1")).core.instances

    assert [address.interface for address in found.all_addresses] == ["eth0", "vrrp.51", "eth1"]
    assert (found.virtual_interface, found.address_interfaces) == (None, (vmac("vrrp.51"),))
    assert found.track_interfaces == (TrackedInterface("vrrp.51"), TrackedInterface("eth1"))


def test_a_configured_mac_serves_both_families(compiled: Compiled):
    excluded = "virtual_ipaddress_excluded {\n fd00::1/64\n }"
    more = f"use_vmac 2:0:0:0:0:1\n use_vmac_addr\n {excluded}"
    (found,) = compiled(instance("VI_1", "10.0.0.1", more=more)).core.instances

    assert found.virtual_interfaces == (VirtualInterface("vrrp.51", "eth0", "02:00:00:00:00:01", ipv6=True),)
    assert [address.interface for address in found.all_addresses] == ["vrrp.51", "vrrp.51"]


@pytest.mark.parametrize("extra", ["garp_extra_if 10", "garp_extra_if all 10"])
@pytest.mark.parametrize("more", ["use_vmac_addr", "use_vmac"])
def test_announcements_elsewhere_are_for_virtual_macs_or_for_all(compiled: Compiled, extra: str, more: str):
    text = instance("VI_1", "10.0.0.1|10.0.1.1 dev eth1", more=f"{more}\n {extra}")

    (found,) = compiled(text).core.instances

    is_all = "all" in extra
    assert (found.garp_extra_if, found.garp_extra_all) == (10.0 if is_all or "addr" in more else 0.0, is_all)


def test_two_that_would_have_the_same_mac_on_one_interface_are_refused(problem_lines: Callable[[str], list[str]]):
    excluded = "virtual_ipaddress_excluded {\n fd00::1/64 use_vmac\n }"
    text = instance("A", "fe80::1", more="use_vmac") + instance("B", "10.0.0.1", more=f"use_vmac\n {excluded}")
    together = text + "vrrp_sync_group G {\n group {\n A\n B\n }\n}\n"

    assert problem_lines(text) == [
        "a.conf:18:2: vrrp_instance B: virtual_ipaddress: the MAC 00:00:5e:00:02:33 on eth0 belongs to"
        " vrrp_instance A already"
    ]
    assert problem_lines(together) == []
    same = instance("A", "10.0.0.1", more="use_vmac foo") + instance(
        "B", "10.0.0.2", more="use_vmac foo", virtual_router_id=52
    )
    assert problem_lines(same) == [
        "a.conf:14:11: vrrp_instance B: use_vmac name 'foo' belongs to vrrp_instance A already"
    ]


@pytest.mark.parametrize(
    ("more", "lines", "expected"),
    [
        pytest.param("use_vmac", "10.0.0.1 use_vmac", "the virtual MAC of its instance carries it", id="its own"),
        pytest.param("use_vmac_addr", "10.0.0.1 dev eth1 use_vmac", "use_vmac_addr says so already", id="all others"),
    ],
)
def test_a_word_too_many_is_told(problem_lines: Callable[[str], list[str]], more: str, lines: str, expected: str):
    (problem,) = problem_lines(instance("VI_1", lines, more=more))

    assert problem.endswith(f"warning: vrrp_instance VI_1: virtual_ipaddress use_vmac has no effect, {expected}")


def test_the_address_of_an_ipvlan_is_of_the_family_of_the_adverts(problem_lines: Callable[[str], list[str]]):
    assert problem_lines(instance("VI_1", "10.0.0.1", more="use_ipvlan fe80::1")) == [
        "a.conf:5:13: vrrp_instance VI_1: use_ipvlan fe80::1/128 is IPv6, the adverts are IPv4"
    ]
