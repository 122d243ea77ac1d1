"""Policy routing rules into the kernel and out again, by netlink messages encoded beforehand.

::

    +--------------+----------------------+-----------+-----------+
    | nlmsghdr, 16 | fib_rule_hdr, 12     | attribute | attribute | ...
    +--------------+----------------------+-----------+-----------+

Source: linux/fib_rules.h, linux/net/core/fib_rules.c.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache

from hahub.net.addresses import AddressBatches, chunked
from hahub.net.attributes import address, attribute, u8, u32
from hahub.settings import Rule

RTM_NEWRULE = 32
RTM_DELRULE = 33
_NLM_F_REQUEST = 0x1
_NLM_F_CREATE_EXCL = 0x600
_FIB_RULE_INVERT = 2
_TABLE_IN_HEADER_MAX = 255
_MESSAGE = struct.Struct("=IHHII BBBBBxxBI")
"""Length, type, flags, sequence, port; family, lengths of destination and source, TOS, table, action, flags."""
_DST, _SRC, _IIFNAME, _GOTO, _PRIORITY, _FWMARK, _FLOW, _TUN_ID = 1, 2, 3, 4, 6, 10, 11, 12
_SUPPRESS_IFGROUP, _SUPPRESS_PREFIXLEN, _TABLE, _FWMASK, _OIFNAME, _L3MDEV, _UID_RANGE = 13, 14, 15, 16, 17, 19, 20
_PROTOCOL, _IP_PROTO, _SPORT_RANGE, _DPORT_RANGE = 21, 22, 23, 24


def encode_rules(rules: Sequence[Rule]) -> AddressBatches:
    """Encode what adds these rules in their order, and what removes them in the opposite one."""
    return AddressBatches(
        add=chunked([_encode(RTM_NEWRULE, _NLM_F_REQUEST | _NLM_F_CREATE_EXCL, rule) for rule in rules]),
        remove=chunked([_encode(RTM_DELRULE, _NLM_F_REQUEST, rule) for rule in reversed(rules)]),
    )


@lru_cache(maxsize=4096)
def _encode(kind: int, flags: int, rule: Rule) -> bytes:
    attributes = _attributes(rule)
    header = _MESSAGE.pack(
        *(_MESSAGE.size + len(attributes), kind, flags, 0, 0),
        *(rule.family, _length(rule.destination), _length(rule.source), rule.tos),
        *(rule.table if rule.table <= _TABLE_IN_HEADER_MAX else 0, rule.action),
        _FIB_RULE_INVERT if rule.inverted else 0,
    )
    return header + attributes


def _length(network: str) -> int:
    return int(network.partition("/")[2] or 0)


def _attributes(rule: Rule) -> bytes:
    numbers: tuple[tuple[int, int | None], ...] = (
        (_PRIORITY, rule.preference),
        (_TABLE, rule.table or None),
        (_FWMARK, rule.mark),
        (_FWMASK, rule.mask),
        (_GOTO, rule.goto),
        (_SUPPRESS_PREFIXLEN, rule.suppress_prefix_length),
        (_SUPPRESS_IFGROUP, rule.suppress_group),
        (_FLOW, rule.realms or None),
    )
    parts = (
        u8(_PROTOCOL, rule.protocol),
        *(address(number, network.partition("/")[0]) for number, network in _networks(rule)),
        *(u32(number, value) for number, value in numbers if value is not None),
        *(attribute(number, name.encode() + b"\0") for number, name in _names(rule)),
        attribute(_TUN_ID, struct.pack("!Q", rule.tunnel)) if rule.tunnel is not None else b"",
        u8(_L3MDEV, 1) if rule.l3mdev else b"",
        u8(_IP_PROTO, rule.ip_protocol) if rule.ip_protocol is not None else b"",
        attribute(_SPORT_RANGE, struct.pack("=HH", *rule.source_ports)) if rule.source_ports else b"",
        attribute(_DPORT_RANGE, struct.pack("=HH", *rule.destination_ports)) if rule.destination_ports else b"",
        attribute(_UID_RANGE, struct.pack("=II", *rule.users)) if rule.users else b"",
    )
    return b"".join(parts)


def _networks(rule: Rule) -> list[tuple[int, str]]:
    both = ((_SRC, rule.source), (_DST, rule.destination))
    return [(number, network) for number, network in both if network and not network.endswith("/0")]


def _names(rule: Rule) -> list[tuple[int, str]]:
    return [(number, name) for number, name in ((_IIFNAME, rule.incoming), (_OIFNAME, rule.outgoing)) if name]
