"""Lines of routes, in the words of keepalived, which are those of ip(8) but for a few.

ip line:    10.0.0.0/8 mtu lock 1400 nexthop via 10.9.0.7 weight 2 nexthop via 10.9.0.8 dev eth1
            \\________/ \\___________/ \\____________________________________________________/
           destination    option                           one item each

Source: keepalived vrrp/vrrp_iproute.c.
"""

import re
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from hahub.config.grammar import Clause, Grammar, Line
from hahub.config.problems import shown
from hahub.config.route_values import (
    Bit,
    Byte,
    Gateway,
    Host,
    Metric,
    Network,
    Number,
    Protocol,
    Realms,
    Scope,
    Table,
    Tos,
    is_ipv6,
    lockable_time,
    one_of,
)
from hahub.config.values import Flag, InterfaceName, Name, fail, matching, whole

ROUTE_TYPES = {
    "unicast": 1, "local": 2, "broadcast": 3, "anycast": 4, "multicast": 5, "blackhole": 6, "unreachable": 7,
    "prohibit": 8, "throw": 9,
}  # fmt: skip
_WITHOUT_WAY = ("blackhole", "unreachable", "prohibit", "throw")
ENCAP_TYPES = {"mpls": 1, "ip": 2, "ila": 3, "ip6": 4}
_ENCAP = Clause(
    "encap",
    lengths={"mpls": 1, "ila": 1},
    pairs=frozenset({"id", "dst", "src", "tos", "tc", "ttl", "hoplimit", "flags"}),
)
_LOCK = frozenset({"lock"})
_FAMILY = frozenset({"inet", "inet6"})
_LABEL_MAX = 0xFFFFF
_FEATURES = {"ecn": 1}
_PREFERENCES = {"medium": 0, "high": 1, "low": 3}
_PROPAGATION = {"disabled": 0, "enabled": 1}


def _parse_labels(value: object) -> str:
    """Read ``LABEL[/LABEL...]``, the outermost first, or the locator of ILA, ``16:bits:in:hex``."""
    text = str(value)
    if re.fullmatch(r"[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){3}", text):
        return text
    labels = text.split("/") if re.fullmatch(r"[0-9]{1,7}(/[0-9]{1,7}){0,15}", text) else []
    if not labels or any(int(label) > _LABEL_MAX for label in labels):
        raise fail(f"{shown(text)} is neither labels, LABEL/LABEL up to {_LABEL_MAX}, nor a locator, X:X:X:X")
    return text


class EncapLine(Line):
    """``ip|ip6 [id N] [dst ADDRESS] [src ADDRESS] ...``, ``mpls LABELS`` or ``ila LOCATOR``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("type", "labels"),
        options={
            "id": "id", "dst": "dst", "src": "src", "tos": "tos", "tc": "tos", "ttl": "ttl", "hoplimit": "ttl",
            "flags": "flags",
        },
        what="a tunnel",
    )  # fmt: skip

    type: str = Field(description="ip, ip6, mpls or ila")
    labels: Annotated[str, BeforeValidator(_parse_labels)] | None = Field(
        None, description="mpls: labels, LABEL/LABEL; ila: locator, X:X:X:X"
    )
    id: Annotated[int, whole(0, 2**64 - 1)] | None = Field(None, description="tunnel identifier")
    dst: Host | None = Field(None, description="the other end of the tunnel")
    src: Host | None = Field(None, description="this end; default: as the routes say")
    tos: Tos | None = Field(None, description="type of service or traffic class of the outer header")
    ttl: Byte | None = Field(None, description="TTL or hop limit of the outer header")
    flags: Annotated[int, whole(0, 0xFFFF)] | None = Field(None, description="the kernel's flags of tunnels")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.type not in ENCAP_TYPES:
            raise fail(f"{shown(self.type)} is unknown, expected {', '.join(ENCAP_TYPES)}")
        if self.type in ("ip", "ip6"):
            if self.dst is None and self.id is None:
                raise fail(f"{self.type} has neither dst nor id")
            if any(is_ipv6(end) is not (self.type == "ip6") for end in (self.dst, self.src) if end):
                raise fail(f"{self.type} has an address of the other family")
        elif self.labels is None or (":" in self.labels) is not (self.type == "ila"):
            raise fail(f"{self.type} has no {'locator' if self.type == 'ila' else 'labels'}")
        return self


class NextHopLine(Line):
    """``[via ADDRESS] [dev IF] [weight N] [onlink] [realms REALMS] [encap ...]``: one way of several."""

    grammar: ClassVar[Grammar] = Grammar(
        (),
        required=0,
        options={"via": "via", "dev": "dev", "weight": "weight", "realms": "realms"},
        flags={"onlink": ("onlink", True)},
        modifiers={"via": _FAMILY},
        clauses={"encap": _ENCAP},
        what="a way",
    )

    via: Gateway | None = Field(None, description="the next router")
    dev: InterfaceName | None = Field(None, description="interface; default: that of the route")
    weight: Annotated[int, whole(1, 256)] = Field(1, description="its share, 1 to 256; default 1")
    realms: Realms = Field(0, description="realms of routing, SOURCE/DESTINATION")
    onlink: Flag = Field(False, description="the next router is there, whatever the addresses say")
    encap: EncapLine | None = Field(None, description="tunnel around the packets")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not (self.via or self.dev):
            raise fail("has neither via nor dev")
        return self


class RouteLine(Line):
    """``[TYPE] NETWORK|default [via ADDRESS] [dev IF] [src ADDRESS] [table TABLE] [metric N] ...``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("destination",),
        required=0,
        options={
            "to": "destination", "via": "via", "gw": "via", "or": "alternative", "dev": "dev", "oif": "dev",
            "src": "src", "from": "only_from", "table": "table", "metric": "metric", "priority": "metric",
            "preference": "metric", "scope": "scope", "protocol": "protocol", "tos": "tos", "dsfield": "tos",
            "mtu": "mtu", "advmss": "advmss", "window": "window", "rtt": "rtt", "rttvar": "rttvar",
            "rto_min": "rto_min", "cwnd": "cwnd", "ssthresh": "ssthresh", "reordering": "reordering",
            "hoplimit": "hoplimit", "initcwnd": "initcwnd", "initrwnd": "initrwnd", "quickack": "quickack",
            "features": "features", "congctl": "congctl", "fastopen_no_cookie": "fastopen_no_cookie",
            "realms": "realms", "pref": "pref", "expires": "expires", "ttl-propagate": "ttl_propagate",
            "track_group": "track_group",
        },
        flags={
            **{word: ("type", word) for word in ROUTE_TYPES},
            "brd": ("type", "broadcast"),
            **{word: ("placing", word) for word in ("add", "prepend", "append")},
            "inet": ("inet", True),
            "inet6": ("inet6", True),
            "onlink": ("onlink", True),
            "no_track": ("no_track", True),
        },
        modifiers={
            **dict.fromkeys(
                ("mtu", "advmss", "rtt", "rttvar", "rto_min", "cwnd", "ssthresh", "reordering", "congctl"), _LOCK
            ),
            "via": _FAMILY,
            "gw": _FAMILY,
        },
        clauses={"encap": _ENCAP},
        items={"nexthop": "nexthop"},
        refused={
            "nat": "is obsolete, the kernel has no such routes",
            "xresolve": "is obsolete, the kernel has no such routes",
            "as": "is obsolete, the kernel has no such routes",
            "vrf": "is understood, not supported yet, expected table and the number of its table",
        },
        what="a route",
    )  # fmt: skip

    destination: Network = Field(description="IPv4 or IPv6 network, or default")
    type: str = Field("unicast", description=", ".join(ROUTE_TYPES))
    inet: Flag = Field(False, description="IPv4, where no address says it")
    inet6: Flag = Field(False, description="IPv6, where no address says it")
    via: Gateway | None = Field(None, description="the next router; inet6 before it: an IPv6 one of an IPv4 network")
    alternative: Host | None = Field(None, description="``or``: a second one, of old configurations")
    dev: InterfaceName | None = Field(None, description="interface; default: where the next router is")
    nexthop: tuple[NextHopLine, ...] = Field((), description="several ways at once, the last words of the line")
    src: Host | None = Field(None, description="source address of what takes the route")
    only_from: Network = Field("", description="IPv6: only packets from this network")
    table: Table = Field(254, description="routing table: a number, or a name of rt_tables; default main")
    metric: Number | None = Field(None, description="the lower, the better")
    scope: Scope | None = Field(None, description="default: host for local, link for broadcast, else global")
    protocol: Protocol = Field(18, description="who made it, for people; default keepalived")
    tos: Tos = Field(0, description="IPv4: only packets with this type of service; default any")
    onlink: Flag = Field(False, description="the next router is there, whatever the addresses say")
    placing: str = Field("prepend", description="add, prepend or append it to others to the same network")
    encap: EncapLine | None = Field(None, description="tunnel around the packets")
    realms: Realms = Field(0, description="IPv4: realms of routing, SOURCE/DESTINATION")
    mtu: Metric | None = Field(None, description="bytes; lock before it: without discovery")
    advmss: Metric | None = Field(None, description="bytes")
    window: Metric | None = Field(None, description="bytes")
    rtt: Annotated[str, lockable_time(8)] | None = Field(None, description="round trip time; 1/8 ms, or with ms or s")
    rttvar: Annotated[str, lockable_time(4)] | None = Field(None, description="its variance; 1/4 ms, or with ms or s")
    rto_min: Annotated[str, lockable_time(1)] | None = Field(None, description="least timeout; ms, or with ms or s")
    cwnd: Metric | None = Field(None, description="packets")
    ssthresh: Metric | None = Field(None, description="packets")
    reordering: Metric | None = Field(None, description="packets")
    hoplimit: Byte | None = Field(None, description="routers that a packet may pass")
    initcwnd: Metric | None = Field(None, description="packets")
    initrwnd: Metric | None = Field(None, description="packets")
    quickack: Bit | None = Field(None, description="1: acknowledge at once")
    features: Annotated[int, one_of(_FEATURES)] | None = Field(None, description="ecn")
    congctl: Annotated[str, matching(r"(lock )?[a-z0-9_]{1,15}", "the name of an algorithm")] | None = Field(
        None, description="algorithm of TCP, such as bbr"
    )
    fastopen_no_cookie: Bit | None = Field(None, description="1: TCP fast open without cookies")
    pref: Annotated[int, one_of(_PREFERENCES, 255)] | None = Field(None, description="IPv6: low, medium or high")
    expires: Number | None = Field(None, description="IPv6: seconds until the kernel removes it; it is not put back")
    ttl_propagate: Annotated[int, one_of(_PROPAGATION)] | None = Field(None, description="MPLS: enabled or disabled")
    no_track: Flag = Field(False, description="do not put it back when somebody removes it; default no")
    track_group: Name | None = Field(None, description="static only: instances that need its interface")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        self._check_type()
        if len(self._families()) > 1:
            raise fail("has both IPv4 and IPv6 addresses")
        if not self.is_ipv6:
            for word, value in (("from", self.only_from), ("pref", self.pref), ("expires", self.expires)):
                if value not in (None, ""):
                    raise fail(f"{word} is for IPv6 routes only")
        elif self.realms:
            raise fail("realms is for IPv4 routes only")
        return self

    def _check_type(self) -> None:
        has_way = bool(self.via or self.dev or self.nexthop)
        if self.type not in ROUTE_TYPES:
            raise fail(f"type {shown(self.type)} is not a type of route, expected {', '.join(ROUTE_TYPES)}")
        if self.placing not in ("add", "prepend", "append"):
            raise fail(f"placing {shown(self.placing)} is unknown, expected add, prepend or append")
        if self.type in _WITHOUT_WAY and has_way:
            raise fail(f"{self.type} leads nowhere, unexpected via or dev")
        if self.type not in _WITHOUT_WAY and not has_way:
            raise fail("has neither via nor dev")
        if self.nexthop and (self.via or self.alternative):
            raise fail("has both via and nexthop")
        if self.alternative and not self.via:
            raise fail("has or without via")

    def _families(self) -> set[bool]:
        """IPv4 or IPv6, by all that says it; an IPv6 router behind its word may lead to an IPv4 network."""
        routers = [self.via, *(hop.via for hop in self.nexthop)]
        plain = [text for text in routers if text and not text.startswith("inet6 ")]
        figures = [self.destination, self.alternative, self.src, self.only_from, *plain]
        words = ((False, self.inet), (True, self.inet6))
        return {is_ipv6(text) for text in figures if text} | {six for six, given in words if given}

    @property
    def is_ipv6(self) -> bool:
        """Of a route that says nothing about it, as keepalived: IPv4."""
        said = self._families()
        if not said:
            return any(router is not None and is_ipv6(router) for router in (self.via, *(h.via for h in self.nexthop)))
        return True in said
