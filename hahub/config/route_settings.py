"""Lines of routes and rules -> settings. Pure; takes lines without errors."""

import socket
from collections import Counter
from collections.abc import Iterable

from hahub.config.route_lines import ENCAP_TYPES, ROUTE_TYPES, EncapLine, NextHopLine, RouteLine
from hahub.config.rule_lines import RULE_ACTIONS, RuleLine
from hahub.settings import Encap, NextHop, Route, Rule

_GLOBAL, _LINK, _HOST = 0, 253, 254
_RTAX = {
    "mtu": 2, "window": 3, "rtt": 4, "rttvar": 5, "ssthresh": 6, "cwnd": 7, "advmss": 8, "reordering": 9,
    "hoplimit": 10, "initcwnd": 11, "features": 12, "rto_min": 13, "initrwnd": 14, "quickack": 15,
    "fastopen_no_cookie": 17,
}  # fmt: skip
"""Keyword -> number of the metric. Source: linux/rtnetlink.h."""
_RTAX_LOCK, _RTAX_CC_ALGO = 1, 16
UNNUMBERED = 16384
"""Preference of the first rule that has none, as keepalived has it."""


def routes(lines: Iterable[RouteLine]) -> tuple[Route, ...]:
    """The routes in their order, each once."""
    return tuple(dict.fromkeys(_route(line) for line in lines))


def _route(line: RouteLine) -> Route:
    hops = _hops(line)
    return Route(
        destination=line.destination or ("::/0" if line.is_ipv6 else "0.0.0.0/0"),
        type=ROUTE_TYPES[line.type],
        gateway="" if hops else _gateway(line.via),
        interface="" if hops else line.dev or "",
        source=line.src or "",
        table=line.table,
        metric=line.metric,
        scope=_default_scope(line) if line.scope is None else line.scope,
        protocol=line.protocol,
        tos=line.tos,
        onlink=line.onlink and not hops,
        metrics=_metrics(line),
        hops=hops,
        encap=_encap(line.encap),
        only_from=line.only_from,
        realms=line.realms,
        congestion_control=(line.congctl or "").removeprefix("lock "),
        preference=line.pref,
        expires=line.expires,
        ttl_propagate=None if line.ttl_propagate is None else bool(line.ttl_propagate),
        placing=line.placing,
        tracked=not line.no_track and line.expires is None,
    )


def _default_scope(line: RouteLine) -> int:
    # keepalived has global also for a route without via, where ip(8) has link; of these the kernel takes no other.
    if line.is_ipv6:
        return _GLOBAL
    return {"local": _HOST, "broadcast": _LINK, "anycast": _LINK}.get(line.type, _GLOBAL)


def _gateway(via: str | None) -> str:
    return (via or "").rpartition(" ")[2]


def _hops(line: RouteLine) -> tuple[NextHop, ...]:
    """Several ways, or none: then the route has one itself."""
    if line.alternative:
        first = NextHop(_gateway(line.via), line.dev or "", onlink=line.onlink)
        return first, NextHop(line.alternative, onlink=line.onlink)
    return tuple(_hop(hop, line) for hop in line.nexthop)


def _hop(hop: NextHopLine, line: RouteLine) -> NextHop:
    return NextHop(
        _gateway(hop.via),
        hop.dev or line.dev or "",
        hop.weight,
        onlink=hop.onlink or line.onlink,
        realms=hop.realms,
        encap=_encap(hop.encap),
    )


def _metrics(line: RouteLine) -> tuple[tuple[int, int], ...]:
    found = [(number, str(getattr(line, name))) for name, number in _RTAX.items() if getattr(line, name) is not None]
    locks = sum(1 << number for number, text in found if text.startswith("lock "))
    locks |= 1 << _RTAX_CC_ALGO if (line.congctl or "").startswith("lock ") else 0
    values = tuple((number, int(text.removeprefix("lock "))) for number, text in found)
    return ((_RTAX_LOCK, locks), *values) if locks else values


def _encap(line: EncapLine | None) -> Encap | None:
    if line is None:
        return None
    labels = line.labels or ""
    locator = int("".join(part.zfill(4) for part in labels.split(":")), 16) if line.type == "ila" else None
    return Encap(
        ENCAP_TYPES[line.type],
        id=line.id if locator is None else locator,
        destination=line.dst or "",
        source=line.src or "",
        tos=line.tos,
        hop_limit=line.ttl,
        flags=line.flags,
        labels=tuple(map(int, labels.split("/"))) if line.type == "mpls" else (),
    )


def rules(lines: Iterable[RuleLine], before: Iterable[RuleLine] = ()) -> tuple[Rule, ...]:
    """The rules in their order, each once.

    before: those before them in the configuration: the numbers of rules without preference go down, in each family.
    """
    taken = Counter(line.is_ipv6 for line in before if line.preference is None)
    found: dict[Rule, None] = {}
    for line in lines:
        preference = line.preference
        if preference is None:
            preference = UNNUMBERED - taken[line.is_ipv6]
            taken[line.is_ipv6] += 1
        found[_rule(line, preference)] = None
    return tuple(found)


def _rule(line: RuleLine, preference: int) -> Rule:
    action = "lookup" if line.table is not None or line.l3mdev else line.type or "goto"
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
        suppress_group=line.suppress_ifgroup,
        realms=line.realms,
        tunnel=line.tunnel,
        l3mdev=line.l3mdev,
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
