"""Policy routing rules into the kernel and out again, by netlink messages encoded beforehand.

Source: linux/fib_rules.h, linux/net/core/fib_rules.c.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pyroute2.netlink.rtnl.fibmsg import fibmsg

from hahub.net.addresses import AddressBatches, chunked
from hahub.settings import Rule

RTM_NEWRULE = 32
RTM_DELRULE = 33
_NLM_F_REQUEST = 0x1
_NLM_F_CREATE_EXCL = 0x600
_FIB_RULE_INVERT = 2
_TABLE_IN_HEADER_MAX = 255


def encode_rules(rules: Sequence[Rule]) -> AddressBatches:
    """Encode what adds these rules in their order, and what removes them in the opposite one."""
    return AddressBatches(
        add=chunked([_encode(RTM_NEWRULE, _NLM_F_REQUEST | _NLM_F_CREATE_EXCL, rule) for rule in rules]),
        remove=chunked([_encode(RTM_DELRULE, _NLM_F_REQUEST, rule) for rule in reversed(rules)]),
    )


@lru_cache(maxsize=4096)
def _encode(kind: int, flags: int, rule: Rule) -> bytes:
    message = fibmsg()
    message["family"] = rule.family
    message["src_len"] = int(rule.source.partition("/")[2] or 0)
    message["dst_len"] = int(rule.destination.partition("/")[2] or 0)
    message["tos"] = rule.tos
    message["table"] = rule.table if rule.table <= _TABLE_IN_HEADER_MAX else 0
    message["action"] = rule.action
    message["flags"] = _FIB_RULE_INVERT if rule.inverted else 0
    message["attrs"] = _attributes(rule)
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message.encode()
    return bytes(message.data)


def _attributes(rule: Rule) -> list[list[Any]]:
    attributes: list[list[Any]] = [["FRA_PRIORITY", rule.preference], ["FRA_PROTOCOL", rule.protocol]]
    for name, network in (("FRA_SRC", rule.source), ("FRA_DST", rule.destination)):
        if network and not network.endswith("/0"):
            attributes.append([name, network.partition("/")[0]])
    values: tuple[tuple[str, object], ...] = (
        ("FRA_TABLE", rule.table or None),
        ("FRA_IIFNAME", rule.incoming or None),
        ("FRA_OIFNAME", rule.outgoing or None),
        ("FRA_FWMARK", rule.mark),
        ("FRA_FWMASK", rule.mask),
        ("FRA_GOTO", rule.goto),
        ("FRA_SUPPRESS_PREFIXLEN", rule.suppress_prefix_length),
        ("FRA_SUPPRESS_IFGROUP", rule.suppress_group),
        ("FRA_FLOW", rule.realms or None),
        ("FRA_TUN_ID", rule.tunnel),
        ("FRA_L3MDEV", 1 if rule.l3mdev else None),
        ("FRA_IP_PROTO", rule.ip_protocol),
    )
    attributes += [[name, value] for name, value in values if value is not None]
    ranges = (
        ("FRA_SPORT_RANGE", rule.source_ports),
        ("FRA_DPORT_RANGE", rule.destination_ports),
        ("FRA_UID_RANGE", rule.users),
    )
    attributes += [[name, f"{span[0]}:{span[1]}"] for name, span in ranges if span is not None]
    return attributes
