"""``no_accept``: which addresses the firewall has to keep packets from. Pure."""

from collections.abc import Iterable, Sequence

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.host import Host
from hahub.config.problems import Severity
from hahub.config.schema import Config, GlobalDefs, VrrpInstance
from hahub.family import Family, number_of
from hahub.settings import FirewallSettings, InstanceSettings

_LINK_LOCAL_PREFIX = 0xFE80 >> 6
"""The first 10 bits of fe80::/10."""


def firewall(instances: Sequence[InstanceSettings], defs: GlobalDefs) -> FirewallSettings:
    """What is dropped: all that comes for addresses of instances that do not accept, and for no other."""
    accepted = {_place(each.address, each.interface) for i in instances if i.accept for each in i.all_addresses}
    silent = {
        _place(address.address, address.interface): address
        for instance in instances
        if not instance.accept
        for address in instance.all_addresses
    }
    return FirewallSettings(
        tuple(address for place, address in silent.items() if place not in accepted),
        table=(defs.nftables and defs.nftables.table) or FirewallSettings().table,
        priority=defs.nftables_priority,
        counters=defs.nftables_counters,
    )


def _place(figures: str, interface: str) -> tuple[str, str]:
    """What one address is told from another by: also by the interface, where it means something there only."""
    on_link = Family.of(figures) is Family.IPV6 and number_of(figures) >> 118 == _LINK_LOCAL_PREFIX
    return figures, interface if on_link else ""


def check_accept(path: Path, instance: VrrpInstance, document: Document) -> None:
    """Report words about accepting that contradict each other, or mean nothing."""
    if not instance.no_accept:
        return
    here = (*path, "no_accept")
    if instance.accept:
        document.report(here, "no_accept contradicts accept, expected one of them")
    elif derive.priority_of(instance) == derive.OWNER:
        message = "no_accept has no effect with priority 255: the owner of the addresses accepts"
        document.report(here, message, severity=Severity.WARNING)


def check_accepted_elsewhere(config: Config, document: Document) -> None:
    """Report addresses that one instance accepts and another does not: they are accepted."""
    accepting = {
        place: name
        for name, instance in config.vrrp_instance.items()
        if derive.accepts(instance)
        for place in _places(instance)
    }
    for name, instance in config.vrrp_instance.items():
        places = () if derive.accepts(instance) else _places(instance)
        for place in places:
            if place in accepting:
                message = f"no_accept has no effect on {place[0]}, vrrp_instance {accepting[place]} accepts it"
                document.report(("vrrp_instance", name, "no_accept"), message, severity=Severity.WARNING)


def check_nft(config: Config, document: Document, host: Host) -> None:
    """Report that the daemon would not start on this machine; it may be meant for another one."""
    silent = [name for name, instance in config.vrrp_instance.items() if not derive.accepts(instance)]
    if silent and not host.has_program("nft"):
        message = "no_accept needs nft, which is not on this machine"
        here = ("vrrp_instance", silent[0], "no_accept")
        document.report(here, message, "install nftables", severity=Severity.WARNING)


def _places(instance: VrrpInstance) -> Iterable[tuple[str, str]]:
    lines = (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded)
    return dict.fromkeys(_place(line.address.partition("/")[0], line.dev or instance.interface) for line in lines)
