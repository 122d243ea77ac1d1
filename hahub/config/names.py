"""Numbers that have names: routing tables, protocols, scopes, realms, types of service, interface groups.

iproute2 and keepalived read them from files such as /etc/iproute2/rt_tables; the kernel knows numbers only. Pure.

Source: keepalived lib/rttables.c, linux/rtnetlink.h.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

FILES = {
    "tables": "rt_tables", "protocols": "rt_protos", "scopes": "rt_scopes", "realms": "rt_realms",
    "dsfields": "rt_dsfield", "groups": "group",
}  # fmt: skip
"""Kind of number -> name of its file."""
_ENTRY = re.compile(r"\s*(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})[ \t]+(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Names:
    """Name -> number, of each kind."""

    tables: Mapping[str, int] = field(default_factory=dict)
    protocols: Mapping[str, int] = field(default_factory=dict)
    scopes: Mapping[str, int] = field(default_factory=dict)
    realms: Mapping[str, int] = field(default_factory=dict)
    dsfields: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)


DEFAULT = Names(
    tables={"default": 253, "main": 254, "local": 255},
    protocols={
        "redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9, "mrt": 10, "zebra": 11, "bird": 12,
        "dnrouted": 13, "xorp": 14, "ntk": 15, "dhcp": 16, "keepalived": 18, "babel": 42,
    },
    scopes={"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255},
)  # fmt: skip
"""Those that need no file."""


def parse_names(text: str) -> dict[str, int]:
    """Read lines of a number and a name; what is no such line is left out."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        entry = _ENTRY.fullmatch(line.partition("#")[0])
        if entry is not None:
            number, name = entry.groups()
            found.setdefault(name, int(number, 16 if "x" in number else 10))
    return found


def with_defaults(found: Mapping[str, Mapping[str, int]]) -> Names:
    """Names by kind, those of files before the ones that need none."""
    return Names(**{kind: {**getattr(DEFAULT, kind), **found.get(kind, {})} for kind in FILES})
