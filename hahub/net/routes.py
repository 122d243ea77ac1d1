"""Routes into the kernel's tables and out again, by netlink messages encoded beforehand.

Source: rtnetlink(7), linux/rtnetlink.h, linux/net/ipv4/fib_frontend.c:rtm_to_fib_config.
"""

import socket
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from pyroute2.netlink.rtnl.rtmsg import rtmsg

from hahub.net.addresses import AddressBatches, chunked
from hahub.settings import Route

RTM_NEWROUTE = 24
RTM_DELROUTE = 25
_NLM_F_REQUEST = 0x1
_NLM_F_CREATE_EXCL = 0x600
_RTNH_F_ONLINK = 4
_TABLE_IN_HEADER_MAX = 255
_RTAX = {
    2: "RTAX_MTU", 3: "RTAX_WINDOW", 4: "RTAX_RTT", 5: "RTAX_RTTVAR", 6: "RTAX_SSTHRESH", 7: "RTAX_CWND",
    8: "RTAX_ADVMSS", 9: "RTAX_REORDERING", 10: "RTAX_HOPLIMIT", 11: "RTAX_INITCWND", 13: "RTAX_RTO_MIN",
    14: "RTAX_INITRWND", 15: "RTAX_QUICKACK",
}  # fmt: skip


def encode_routes(routes: Sequence[Route], index_of: Callable[[str], int | None]) -> AddressBatches:
    """Encode what adds these routes in their order, and what removes them in the opposite one.

    index_of: interface name to its index, None when there is no such interface: its routes are left out.
    """
    placed = [(route, index_of(route.interface) if route.interface else 0) for route in routes]
    there = [(route, index) for route, index in placed if index is not None]
    return AddressBatches(
        add=chunked([_encode_add(route, index) for route, index in there]),
        remove=chunked([_encode_remove(route, index) for route, index in reversed(there)]),
    )


def family_of(network: str) -> int:
    """AF_INET or AF_INET6."""
    return socket.AF_INET6 if ":" in network else socket.AF_INET


@lru_cache(maxsize=4096)
def _encode_add(route: Route, index: int) -> bytes:
    attributes = _attributes(route, index)
    if route.metrics:
        named: list[list[Any]] = [[_RTAX[number], value] for number, value in route.metrics]
        attributes.append(["RTA_METRICS", {"attrs": named}])
    return _encode(RTM_NEWROUTE, _NLM_F_REQUEST | _NLM_F_CREATE_EXCL, route, attributes)


@lru_cache(maxsize=4096)
def _encode_remove(route: Route, index: int) -> bytes:
    return _encode(RTM_DELROUTE, _NLM_F_REQUEST, route, _attributes(route, index))


def _attributes(route: Route, index: int) -> list[list[Any]]:
    network, _, length = route.destination.partition("/")
    attributes: list[list[Any]] = [["RTA_TABLE", route.table]]
    if length != "0":
        attributes.append(["RTA_DST", network])
    if route.gateway:
        attributes.append(["RTA_GATEWAY", route.gateway])
    if index:
        attributes.append(["RTA_OIF", index])
    if route.source:
        attributes.append(["RTA_PREFSRC", route.source])
    if route.metric is not None:
        attributes.append(["RTA_PRIORITY", route.metric])
    return attributes


def _encode(kind: int, flags: int, route: Route, attributes: list[list[Any]]) -> bytes:
    message = rtmsg()
    message["family"] = family_of(route.destination)
    message["dst_len"] = int(route.destination.partition("/")[2])
    message["tos"] = route.tos
    message["table"] = route.table if route.table <= _TABLE_IN_HEADER_MAX else 0
    message["proto"] = route.protocol
    message["scope"] = route.scope
    message["type"] = route.type
    message["flags"] = _RTNH_F_ONLINK if route.onlink else 0
    message["attrs"] = attributes
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message.encode()
    return bytes(message.data)
