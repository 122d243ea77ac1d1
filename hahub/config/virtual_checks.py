"""What virtual MACs and ipvlans have to agree on with the rest of the configuration."""

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.groups import group_of
from hahub.config.problems import Severity, shown
from hahub.config.schema import Config, VirtualIp, VrrpInstance
from hahub.config.virtual import explicit_name, is_elsewhere, is_on_own, virtual_interfaces
from hahub.family import Family


def check_virtual(config: Config, document: Document) -> None:
    """Report what does not go together, and keywords without effect."""
    for name, instance in config.vrrp_instance.items():
        path = ("vrrp_instance", name)
        _check_keywords(path, instance, document)
        _check_ipvlan(path, instance, document)
        for keyword in ("virtual_ipaddress", "virtual_ipaddress_excluded"):
            _check_lines((*path, keyword), getattr(instance, keyword), instance, document)
    _check_names(config, document)
    _check_macs(config, document)


def _warn(document: Document, path: Path, message: str) -> None:
    document.report(path, message, severity=Severity.WARNING)


def _check_keywords(path: Path, instance: VrrpInstance, document: Document) -> None:
    if instance.use_vmac is not None and instance.use_ipvlan is not None:
        document.report((*path, "use_ipvlan"), "use_ipvlan contradicts use_vmac, expected one of them")
    if instance.vmac_xmit_base and instance.use_vmac is None:
        _warn(document, (*path, "vmac_xmit_base"), "vmac_xmit_base has no effect without use_vmac")
    elif instance.use_vmac is not None and instance.unicast_peer and not instance.vmac_xmit_base:
        message = f"use_vmac with unicast_peer: adverts leave by {instance.interface}, as with vmac_xmit_base"
        _warn(document, (*path, "use_vmac"), message)


def _check_ipvlan(path: Path, instance: VrrpInstance, document: Document) -> None:
    if instance.use_ipvlan is None:
        return
    family, address = derive.family_of(instance), instance.use_ipvlan.address
    if address is None and family is Family.IPV4:
        message = "use_ipvlan has no address, expected the one that IPv4 adverts come from"
        document.report((*path, "use_ipvlan"), message)
    elif address is not None and Family.of(address) is not family:
        message = f"use_ipvlan {address} is {Family.of(address).label}, the adverts are {family.label}"
        document.report((*path, "use_ipvlan"), message)


def _check_lines(here: Path, lines: tuple[VirtualIp, ...], instance: VrrpInstance, document: Document) -> None:
    """``use_vmac`` of an address that is on a virtual MAC anyway."""
    for index, line in enumerate(lines):
        if not line.use_vmac:
            continue
        why = ""
        if is_on_own(line, instance):
            why = "the virtual MAC of its instance carries it"
        elif instance.use_vmac_addr and is_elsewhere(line, instance):
            why = "use_vmac_addr says so already"
        if why:
            _warn(document, (*here, index), f"{here[-1]} use_vmac has no effect, {why}")


def _check_names(config: Config, document: Document) -> None:
    """An interface of ours has a name of its own."""
    interfaces = {instance.interface: name for name, instance in config.vrrp_instance.items()}
    first: dict[str, str] = {}
    for name, instance in config.vrrp_instance.items():
        wanted = explicit_name(instance)
        if wanted is None:
            continue
        keyword = "use_vmac" if instance.use_vmac is not None and instance.use_vmac.name else "use_ipvlan"
        place = ("vrrp_instance", name, keyword, "name")
        if wanted in interfaces:
            message = f"{keyword} name {shown(wanted)} is the interface of vrrp_instance {interfaces[wanted]}"
            document.report(place, message)
        elif first.setdefault(wanted, name) != name:
            message = f"{keyword} name {shown(wanted)} belongs to vrrp_instance {first[wanted]} already"
            document.report(place, message)


def _check_macs(config: Config, document: Document) -> None:
    """Two interfaces on one cannot have the same MAC; who shares one has to be master at the same time."""
    owners: dict[tuple[str, str], tuple[str, str]] = {}
    for name, virtual in virtual_interfaces(config).items():
        for each in (virtual.own, *virtual.of_addresses):
            if each is None or not each.mac:
                continue
            other, interface = owners.setdefault((each.base, each.mac), (name, each.name))
            if other == name or (interface == each.name and _same_group(name, other, config)):
                continue
            keyword = "use_vmac" if each is virtual.own else "virtual_ipaddress"
            message = f"{keyword}: the MAC {each.mac} on {each.base} belongs to vrrp_instance {other} already"
            document.report(("vrrp_instance", name, keyword), message)


def _same_group(one: str, other: str, config: Config) -> bool:
    group = group_of(one, config)
    return group is not None and group == group_of(other, config)
