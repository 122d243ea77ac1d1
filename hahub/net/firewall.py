"""The nftables rules for ``no_accept``, as text for ``nft -f -``. Pure.

The table holds for all such addresses, whoever is master: where an address is not on the host, nothing is sent to
it or from it. So a takeover has no rule to wait for.

Source: nft(8); RFC 9568 section 6.1 (Accept_Mode); keepalived vrrp/vrrp_nftables.c.
"""

import ipaddress
from collections.abc import Callable

from hahub.family import Family
from hahub.settings import FirewallSettings, VirtualAddress

MARK = "made by hahub"
"""Comment of the table: one of the same name without it is somebody else's."""
_NEIGHBOUR_DISCOVERY = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
"""Without it no host would find the router (VR-122); on IPv4 ARP passes other hooks."""
_MEMBERSHIP = "icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept"
"""Without it a switch that listens would not pass on what asks for the address. A virtual MAC has no other source."""


def ruleset(settings: FirewallSettings) -> str:
    """What makes the table, in place of one that is there, in one transaction.

    settings: with at least one address.
    """
    sets = (
        ("vips4", "ipv4_addr", _elements(settings, _is_ipv4)),
        ("vips6", "ipv6_addr", _elements(settings, _is_ipv6)),
        ("vips6_link", "ipv6_addr . ifname", _elements(settings, _is_link_local)),
    )
    lines = [
        removal(settings.table),
        f"table inet {settings.table} {{",
        f'comment "{MARK}"',
        *(f"set {name} {{ type {kind}; elements = {{ {text} }}; }}" for name, kind, text in sets if text),
        *_chain("in", "input", [_NEIGHBOUR_DISCOVERY], _rules("daddr", "iifname", settings), settings),
        *_chain("out", "output", [_NEIGHBOUR_DISCOVERY, _MEMBERSHIP], _rules("saddr", "oifname", settings), settings),
        "}",
        "",
    ]
    return "\n".join(lines)


def removal(table: str) -> str:
    """What removes the table, also when there is none."""
    return f"add table inet {table}\ndelete table inet {table}\n"


def _chain(name: str, hook: str, exceptions: list[str], rules: list[str], settings: FirewallSettings) -> list[str]:
    verdict = "counter drop" if settings.counters else "drop"
    return [
        f"chain {name} {{",
        f"type filter hook {hook} priority {settings.priority}; policy accept;",
        *exceptions,
        *(f"{rule} {verdict}" for rule in rules),
        "}",
    ]


def _rules(end: str, side: str, settings: FirewallSettings) -> list[str]:
    rules = (
        (_is_ipv4, f"ip {end} @vips4"),
        (_is_ipv6, f"ip6 {end} @vips6"),
        (_is_link_local, f"ip6 {end} . {side} @vips6_link"),
    )
    return [rule for is_of, rule in rules if any(map(is_of, settings.addresses))]


def _elements(settings: FirewallSettings, is_of: Callable[[VirtualAddress], bool]) -> str:
    found = (address for address in settings.addresses if is_of(address))
    texts = (f'{each.address} . "{each.interface}"' if _is_link_local(each) else each.address for each in found)
    return ", ".join(dict.fromkeys(texts))


def _is_ipv4(address: VirtualAddress) -> bool:
    return address.family is Family.IPV4


def _is_ipv6(address: VirtualAddress) -> bool:
    return address.family is Family.IPV6 and not _is_link_local(address)


def _is_link_local(address: VirtualAddress) -> bool:
    """One that means something on its interface only; another host may have it on another one."""
    return address.family is Family.IPV6 and ipaddress.IPv6Address(address.address).is_link_local
