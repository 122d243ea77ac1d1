"""Routes into the kernel's tables and out again, by netlink messages encoded beforehand.

::

    +---------------+-----------+-----------+-----------+
    | nlmsghdr, 16  | rtmsg, 12 | attribute | attribute | ...
    +---------------+-----------+-----------+-----------+
    RTA_MULTIPATH:  | rtnexthop, 8, attributes | rtnexthop ...

Source: rtnetlink(7), linux/rtnetlink.h, linux/net/ipv4/fib_frontend.c:rtm_to_fib_config,
linux/net/ipv6/route.c:rtm_to_fib6_config.
"""

import socket
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache

from hahub.net.addresses import AddressBatches, chunked
from hahub.net.attributes import NESTED, address, attribute, family_of, packed, u8, u32
from hahub.net.encap import encode_encap
from hahub.settings import NextHop, Route

RTM_NEWROUTE = 24
RTM_DELROUTE = 25
_MESSAGE = struct.Struct("=IHHII BBBBBBBBI")
_NEXT_HOP = struct.Struct("=HBBI")
_NLM_F_REQUEST = 0x1
_PLACING = {"prepend": 0x400, "add": 0x600, "append": 0xC00}
"""NLM_F_CREATE alone, with NLM_F_EXCL, or with NLM_F_APPEND."""
_RTNH_F_ONLINK = 4
_TABLE_IN_HEADER_MAX = 255
_DST, _SRC, _OIF, _GATEWAY, _PRIORITY, _PREFSRC, _METRICS, _MULTIPATH = 1, 2, 4, 5, 6, 7, 8, 9
_FLOW, _TABLE, _VIA, _PREF, _EXPIRES, _TTL_PROPAGATE = 11, 15, 18, 20, 23, 26
_CONGESTION_CONTROL = 16
"""RTAX_CC_ALGO, the only metric that is a name."""

Indices = tuple[int, ...]
"""Of the interfaces of a route, in the order of ``Route.interfaces``."""


def encode_routes(routes: Sequence[Route], index_of: Callable[[str], int | None]) -> AddressBatches:
    """Encode what adds these routes in their order, and what removes them in the opposite one.

    index_of: interface name to its index, None when there is no such interface: its routes are left out.
    """
    placed = [(route, tuple(index_of(name) for name in route.interfaces)) for route in routes]
    there = [(route, _whole(indices)) for route, indices in placed if None not in indices]
    return AddressBatches(
        add=chunked([_encode_add(route, indices) for route, indices in there]),
        remove=chunked([_encode_remove(route, indices) for route, indices in reversed(there)]),
    )


def _whole(indices: tuple[int | None, ...]) -> Indices:
    return tuple(index for index in indices if index is not None)


@lru_cache(maxsize=4096)
def _encode_add(route: Route, indices: Indices) -> bytes:
    metrics = b"".join(u32(number, value) for number, value in route.metrics)
    if route.congestion_control:
        metrics += attribute(_CONGESTION_CONTROL, route.congestion_control.encode() + b"\0")
    extra = (
        encode_encap(route.encap),
        attribute(_METRICS, metrics) if metrics else b"",
        u32(_FLOW, route.realms) if route.realms else b"",
        u32(_EXPIRES, route.expires) if route.expires is not None else b"",
        u8(_PREF, route.preference) if route.preference is not None else b"",
        u8(_TTL_PROPAGATE, route.ttl_propagate) if route.ttl_propagate is not None else b"",
        _multipath(route, indices, whole=True),
    )
    flags = _NLM_F_REQUEST | _PLACING[route.placing]
    added = _encode(RTM_NEWROUTE, flags, route, _way(route, indices) + b"".join(extra))
    if route.hops and family_of(route.destination) == socket.AF_INET6:
        # Each way of it is a route of its own, and may have gone alone: one that is left would be in the way.
        return _encode_remove(route, indices) + added
    return added


@lru_cache(maxsize=4096)
def _encode_remove(route: Route, indices: Indices) -> bytes:
    """Without what the kernel does not tell routes apart by."""
    way = _way(route, indices) + _multipath(route, indices, whole=False)
    return _encode(RTM_DELROUTE, _NLM_F_REQUEST, route, way)


def _way(route: Route, indices: Indices) -> bytes:
    network, _, length = route.destination.partition("/")
    origin = route.only_from.partition("/")[0]
    parts = (
        u32(_TABLE, route.table),
        address(_DST, network) if length != "0" else b"",
        address(_SRC, origin) if route.only_from else b"",
        _gateway(route.gateway, family_of(route.destination)),
        u32(_OIF, indices[0]) if route.interface else b"",
        address(_PREFSRC, route.source) if route.source else b"",
        u32(_PRIORITY, route.metric) if route.metric is not None else b"",
    )
    return b"".join(parts)


def _gateway(gateway: str, family: int) -> bytes:
    """One of the other family says which: an IPv4 network may be behind an IPv6 router."""
    if not gateway:
        return b""
    if family_of(gateway) == family:
        return address(_GATEWAY, gateway)
    return attribute(_VIA, struct.pack("=H", family_of(gateway)) + packed(gateway))


def _multipath(route: Route, indices: Indices, *, whole: bool) -> bytes:
    if not route.hops:
        return b""
    left = list(indices[1:] if route.interface else indices)
    family = family_of(route.destination)
    hops = [_hop(hop, left.pop(0) if hop.interface else 0, family, whole=whole) for hop in route.hops]
    return attribute(_MULTIPATH | NESTED, b"".join(hops))


def _hop(hop: NextHop, index: int, family: int, *, whole: bool) -> bytes:
    attributes = _gateway(hop.gateway, family)
    if whole:
        attributes += (u32(_FLOW, hop.realms) if hop.realms else b"") + encode_encap(hop.encap)
    flags = _RTNH_F_ONLINK if hop.onlink else 0
    return _NEXT_HOP.pack(_NEXT_HOP.size + len(attributes), flags, hop.weight - 1, index) + attributes


def _encode(kind: int, flags: int, route: Route, attributes: bytes) -> bytes:
    header = _MESSAGE.pack(
        *(_MESSAGE.size + len(attributes), kind, flags, 0, 0),
        *(family_of(route.destination), _length(route.destination), _length(route.only_from), route.tos),
        *(route.table if route.table <= _TABLE_IN_HEADER_MAX else 0, route.protocol, route.scope, route.type),
        _RTNH_F_ONLINK if route.onlink else 0,
    )
    return header + attributes


def _length(network: str) -> int:
    return int(network.partition("/")[2] or 0)
