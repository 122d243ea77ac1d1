"""``use_vmac``, ``use_vmac_addr``, ``use_ipvlan``: which interfaces are made, their names, and what lies on them. Pure.

Names are chosen as keepalived chooses them, in the order of the configuration: vrrp.51, and where that is taken
vrrp1.51, vrrp2.51 and so on; for IPv6 vrrp6.51 comes first of these.
Source: keepalived vrrp/vrrp.c:create_vmac_name, vrrp_complete_instance.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count

from hahub.config import derive
from hahub.config.schema import Config, VirtualIp, VrrpInstance
from hahub.config.values import INTERFACE_NAME_MAX
from hahub.family import Family
from hahub.settings import VirtualAddress, VirtualInterface

_IPVLAN_MODES = {"bridge": 0, "private": 1, "vepa": 2}
"""Source: linux/if_link.h IPVLAN_F_PRIVATE, IPVLAN_F_VEPA."""


@dataclass(frozen=True, slots=True)
class Virtual:
    """What is made for one instance."""

    instance: VrrpInstance
    """The configured one, each address line with the interface it comes to be on."""
    own: VirtualInterface | None = None
    of_addresses: tuple[VirtualInterface, ...] = ()

    @property
    def address_interface(self) -> str:
        """Where addresses are that name no interface."""
        return self.own.name if self.own is not None and self.own.mac else self.instance.interface


def virtual_interfaces(config: Config) -> dict[str, Virtual]:
    """By name of the instance."""
    names = _Names(config)
    return {name: _virtual(instance, names) for name, instance in config.vrrp_instance.items()}


def ipvlan_addresses(config: Config) -> tuple[VirtualAddress, ...]:
    """The own addresses of ipvlans: they are there, master or not."""
    found = []
    for virtual in virtual_interfaces(config).values():
        if virtual.own is not None and virtual.own.address:
            address, _, prefix = virtual.own.address.partition("/")
            nodad = 0x02 if Family.of(address) is Family.IPV6 else 0
            found.append(VirtualAddress(address, int(prefix), virtual.own.name, flags=nodad))
    return tuple(found)


def uses_xmit_base(instance: VrrpInstance) -> bool:
    """Whether adverts leave by the interface below the virtual MAC; those to peers always do."""
    return instance.use_vmac is not None and (instance.vmac_xmit_base or bool(instance.unicast_peer))


def mac_of(instance: VrrpInstance, family: Family) -> str:
    """The virtual MAC, RFC 9568 section 7.3, or the configured one, whose last byte may be left to the VRID."""
    number = f"{instance.virtual_router_id:02x}"
    if instance.use_vmac is None or instance.use_vmac.mac is None:
        return f"00:00:5e:00:{'02' if family is Family.IPV6 else '01'}:{number}"
    mac = instance.use_vmac.mac
    return mac if mac.count(":") == 5 else f"{mac}:{number}"


class _Names:
    """Names in the order in which they are asked for; the same MAC on the same interface has one."""

    def __init__(self, config: Config) -> None:
        defs, instances = config.global_defs, config.vrrp_instance.values()
        self._prefix = defs.vmac_prefix or "vrrp"
        self._address_prefix = defs.vmac_addr_prefix or self._prefix
        configured = (explicit_name(instance) for instance in instances)
        self._taken = {*(instance.interface for instance in instances), *(name for name in configured if name)}
        self._by_mac: dict[tuple[str, str], str] = {}

    def own(self, instance: VrrpInstance, mac: str, family: Family) -> str:
        """mac: empty for an ipvlan."""
        name = explicit_name(instance) or self._choose(self._prefix, instance.virtual_router_id, family)
        if mac:
            self._by_mac[instance.interface, mac] = name
        return name

    def of_address(self, base: str, mac: str, instance: VrrpInstance, family: Family) -> str:
        name = self._by_mac.get((base, mac))
        if name is None:
            name = self._choose(self._address_prefix, instance.virtual_router_id, family)
            self._by_mac[base, mac] = name
        return name

    def _choose(self, prefix: str, virtual_router_id: int, family: Family) -> str:
        name = next(name for name in _candidates(prefix, virtual_router_id, family) if name not in self._taken)
        self._taken.add(name)
        return name


def explicit_name(instance: VrrpInstance) -> str | None:
    """The name that the configuration gives the interface of an instance."""
    for line in (instance.use_vmac, instance.use_ipvlan):
        if line is not None and line.name is not None:
            return line.name
    return None


def _candidates(prefix: str, virtual_router_id: int, family: Family) -> Iterator[str]:
    first = ("", "6") if family is Family.IPV6 else ("",)
    for number in chain(first, (str(n) for n in count(1) if n != 6 or family is Family.IPV4)):
        end = f"{number}.{virtual_router_id}"
        yield prefix[: INTERFACE_NAME_MAX - len(end)] + end


def _virtual(instance: VrrpInstance, names: _Names) -> Virtual:
    own = _own(instance, names)
    of_addresses: dict[str, VirtualInterface] = {}

    def place(lines: Iterable[VirtualIp]) -> tuple[VirtualIp, ...]:
        return tuple(_place(line, instance, names, of_addresses) for line in lines)

    placed = {"virtual_ipaddress": place(instance.virtual_ipaddress)}
    placed["virtual_ipaddress_excluded"] = place(instance.virtual_ipaddress_excluded)
    if own is not None and (same := of_addresses.pop(own.name, None)) is not None:
        own = replace(own, ipv4=own.ipv4 or same.ipv4, ipv6=own.ipv6 or same.ipv6)
    return Virtual(instance.model_copy(update=placed), own, tuple(of_addresses.values()))


def _own(instance: VrrpInstance, names: _Names) -> VirtualInterface | None:
    family = derive.family_of(instance)
    ipv6 = family is Family.IPV6
    if instance.use_vmac is not None:
        line, mac = instance.use_vmac, mac_of(instance, family)
        name = names.own(instance, mac, family)
        return VirtualInterface(
            name,
            instance.interface,
            mac,
            ipv4=not ipv6,
            ipv6=ipv6,
            group=line.group,
            notify_base=line.netlink_notify_msg,
        )
    if instance.use_ipvlan is not None:
        ipvlan = instance.use_ipvlan
        return VirtualInterface(
            names.own(instance, "", family),
            instance.interface,
            ipv4=not ipv6,
            ipv6=ipv6,
            mode=_IPVLAN_MODES[ipvlan.mode],
            address=ipvlan.address or "",
            group=ipvlan.group,
        )
    return None


def _place(line: VirtualIp, instance: VrrpInstance, names: _Names, made: dict[str, VirtualInterface]) -> VirtualIp:
    """Say on which interface an address is, and make that if need be; None for the instance's own."""
    base, family = line.dev or instance.interface, Family.of(line.address)
    if is_on_own(line, instance):
        return line.model_copy(update={"dev": None})
    if line.use_vmac or (instance.use_vmac_addr and is_elsewhere(line, instance)):
        mac = mac_of(instance, family)
        name = names.of_address(base, mac, instance, family)
        made[name] = _serving(made.get(name, VirtualInterface(name, base, mac, ipv4=False)), family)
        return line.model_copy(update={"dev": name})
    own = instance.use_vmac is not None and base == instance.interface
    return line.model_copy(update={"dev": base}) if own else line


def _serving(virtual: VirtualInterface, family: Family) -> VirtualInterface:
    return replace(virtual, ipv6=True) if family is Family.IPV6 else replace(virtual, ipv4=True)


def is_on_own(line: VirtualIp, instance: VrrpInstance) -> bool:
    """Whether an address is on the virtual MAC of its instance anyway."""
    return instance.use_vmac is not None and not is_elsewhere(line, instance)


def is_elsewhere(line: VirtualIp, instance: VrrpInstance) -> bool:
    """On another interface, or of the family that the adverts are not of."""
    away = line.dev is not None and line.dev != instance.interface
    return away or Family.of(line.address) is not derive.family_of(instance)
