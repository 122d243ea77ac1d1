"""Lines of addresses, and the interfaces that all belongings need -> settings. Pure; takes lines without errors."""

from collections.abc import Iterable

from hahub.config import derive
from hahub.config.route_settings import routes, rules
from hahub.config.route_values import is_ipv6
from hahub.config.schema import Config, VirtualIp, VrrpInstance
from hahub.config.values import FOREVER
from hahub.settings import StaticSettings, TrackedInterface, VirtualAddress

_IFA_F_NODAD = 0x02
_IFA_F_HOMEADDRESS = 0x10
_IFA_F_MANAGETEMPADDR = 0x100
_IFA_F_NOPREFIXROUTE = 0x200
_IFA_F_MCAUTOJOIN = 0x400


def addresses(lines: Iterable[VirtualIp], interface: str) -> tuple[VirtualAddress, ...]:
    """The addresses in their order, each once. interface: for lines that name none."""
    found: dict[str, VirtualAddress] = {}
    for line in lines:
        figures = line.address.partition("/")[0]
        found.setdefault(figures, _address(line, interface))
    return tuple(found.values())


def _address(line: VirtualIp, interface: str) -> VirtualAddress:
    figures, _, prefix = line.address.partition("/")
    peer, _, peer_prefix = (line.peer or "").partition("/")
    flags = (_IFA_F_NOPREFIXROUTE if line.noprefixroute else 0) | (_IFA_F_MCAUTOJOIN if line.autojoin else 0)
    preferred_lft = line.preferred_lft
    if is_ipv6(figures):
        flags |= (0 if line.dad else _IFA_F_NODAD) | (_IFA_F_HOMEADDRESS if line.home else 0)
        flags |= _IFA_F_MANAGETEMPADDR if line.mngtmpaddr else 0
        if preferred_lft is None and prefix == "128":
            preferred_lft = 0  # nothing that this host sends is to come from it unasked
    return VirtualAddress(
        address=figures,
        prefix_length=int(peer_prefix or prefix),
        interface=line.dev or interface,
        label="" if is_ipv6(figures) else line.label or "",
        scope=line.scope,
        broadcast=derive.broadcast_of(line),
        peer=peer,
        flags=flags,
        preferred_lft=None if preferred_lft == FOREVER else preferred_lft,
        tracked=not line.no_track,
    )


def with_carriers(
    instance: VrrpInstance, tracked: tuple[TrackedInterface, ...], needed: tuple[str, ...] = ()
) -> tuple[TrackedInterface, ...]:
    """Add the interfaces that what comes with the addresses needs: without one, the instance is no use as master.

    needed: more of them, for other reasons.
    Not those of lines with ``no_track``, and not one that the instance tracks already, in its own way.
    """
    names = [*needed, *(line.dev for line in instance.virtual_ipaddress if not line.no_track)]
    names += [line.dev for line in instance.virtual_ipaddress_excluded if not line.no_track]
    tracked_routes = [line for line in instance.virtual_routes if not line.no_track]
    names += [name for line in tracked_routes for name in (line.dev, *(hop.dev for hop in line.nexthop))]
    names += [name for line in instance.virtual_rules if not line.no_track for name in (line.iif, line.oif)]
    known = {instance.interface, *(each.name for each in tracked)}
    return (*tracked, *(TrackedInterface(name) for name in dict.fromkeys(names) if name and name not in known))


def statics(config: Config, more: tuple[VirtualAddress, ...] = ()) -> StaticSettings:
    """What the host has, master or not. more: addresses that follow from other keywords."""
    return StaticSettings(
        (*addresses(config.static_ipaddress, config.global_defs.default_interface or ""), *more),
        routes(config.static_routes),
        rules(config.static_rules),
    )
