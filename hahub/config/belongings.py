"""The lines of addresses, routes and rules -> settings. Pure; takes lines without errors."""

import socket
from collections.abc import Iterable

from hahub.config import derive
from hahub.config.routing import ROUTE_TYPES, RULE_ACTIONS, RouteLine, RuleLine, is_ipv6
from hahub.config.schema import Statics, VirtualIp, VrrpInstance
from hahub.config.values import FOREVER
from hahub.settings import Route, Rule, StaticSettings, TrackedInterface, VirtualAddress

_IFA_F_NODAD = 0x02
_IFA_F_HOMEADDRESS = 0x10
_IFA_F_MANAGETEMPADDR = 0x100
_IFA_F_NOPREFIXROUTE = 0x200
_IFA_F_MCAUTOJOIN = 0x400
_GLOBAL, _HOST = 0, 254
_RTAX = {
    "mtu": 2, "window": 3, "ssthresh": 6, "cwnd": 7, "advmss": 8, "reordering": 9, "hoplimit": 10, "initcwnd": 11,
    "initrwnd": 14,
}  # fmt: skip
"""Keyword -> number of the metric. Source: linux/rtnetlink.h."""
UNNUMBERED = 16384
"""Preference of the first rule that has none, as keepalived has it."""


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


def with_carriers(instance: VrrpInstance, tracked: tuple[TrackedInterface, ...]) -> tuple[TrackedInterface, ...]:
    """Add the interfaces that what comes with the addresses needs: without one, the instance is no use as master.

    Not those of lines with ``no_track``, and not one that the instance tracks already, in its own way.
    """
    names = [line.dev for line in instance.virtual_ipaddress if not line.no_track]
    names += [line.dev for line in instance.virtual_ipaddress_excluded if not line.no_track]
    names += [line.dev for line in instance.virtual_routes if not line.no_track]
    names += [name for line in instance.virtual_rules if not line.no_track for name in (line.iif, line.oif)]
    known = {instance.interface, *(each.name for each in tracked)}
    return (*tracked, *(TrackedInterface(name) for name in dict.fromkeys(names) if name and name not in known))


def statics(config: Statics) -> StaticSettings:
    """What the host has, master or not."""
    return StaticSettings(
        addresses(config.static_ipaddress, ""), routes(config.static_routes), rules(config.static_rules)
    )


def unnumbered(lines: Iterable[RuleLine]) -> int:
    """How many of these rules have no preference."""
    return sum(line.preference is None for line in lines)


def routes(lines: Iterable[RouteLine]) -> tuple[Route, ...]:
    """The routes in their order, each once."""
    return tuple(dict.fromkeys(_route(line) for line in lines))


def _route(line: RouteLine) -> Route:
    ipv6 = any(is_ipv6(text) for text in (line.destination, line.via or "", line.src or ""))
    # keepalived has global also for a route without via, where ip(8) has link.
    scope = _HOST if line.type == "local" and not ipv6 else _GLOBAL
    numbers = ((number, getattr(line, name)) for name, number in _RTAX.items())
    return Route(
        destination=line.destination or ("::/0" if ipv6 else "0.0.0.0/0"),
        type=ROUTE_TYPES[line.type],
        gateway=line.via or "",
        interface=line.dev or "",
        source=line.src or "",
        table=line.table,
        metric=line.metric,
        scope=scope if line.scope is None else line.scope,
        protocol=line.protocol,
        tos=line.tos,
        onlink=line.onlink,
        metrics=tuple((number, value) for number, value in numbers if value is not None),
        tracked=not line.no_track,
    )


def rules(lines: Iterable[RuleLine], before: int = 0) -> tuple[Rule, ...]:
    """The rules in their order, each once.

    before: how many rules without preference are before them in the configuration; their numbers go down.
    """
    found: dict[Rule, None] = {}
    for line in lines:
        preference = line.preference
        if preference is None:
            preference = UNNUMBERED - before
            before += 1
        found[_rule(line, preference)] = None
    return tuple(found)


def _rule(line: RuleLine, preference: int) -> Rule:
    action = "lookup" if line.table is not None else line.type or "goto"
    mark, _, mask = (line.fwmark or "").partition("/")
    return Rule(
        family=socket.AF_INET6 if line.is_ipv6 else socket.AF_INET,
        preference=preference,
        table=line.table or 0,
        action=RULE_ACTIONS[action],
        source=line.source,
        destination=line.destination,
        incoming=line.iif or "",
        outgoing=line.oif or "",
        tos=line.tos,
        mark=int(mark, 0) if mark else None,
        mask=int(mask, 0) if mask else None,
        goto=line.goto,
        suppress_prefix_length=line.suppress_prefixlength,
        ip_protocol=line.ipproto,
        source_ports=_ends(line.sport),
        destination_ports=_ends(line.dport),
        users=_ends(line.uidrange),
        inverted=line.inverted,
        protocol=line.protocol,
        tracked=not line.no_track,
    )


def _ends(span: str | None) -> tuple[int, int] | None:
    if span is None:
        return None
    low, _, high = span.partition("-")
    return int(low), int(high)
