"""Lines of routes and rules, in the words of keepalived, which are those of ip(8) but for a few.

Source: keepalived vrrp/vrrp_iproute.c, vrrp/vrrp_iprule.c.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, NetmaskValueError, ip_network
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from hahub.config.grammar import Grammar, Line
from hahub.config.problems import shown
from hahub.config.values import Flag, InterfaceName, Scope, fail, parse_text, whole

_NUMBER_MAX = 0xFFFFFFFF
TABLES = {"default": 253, "main": 254, "local": 255}
PROTOCOLS = {"kernel": 2, "boot": 3, "static": 4, "ra": 9, "bird": 12, "dhcp": 16, "keepalived": 18}
IP_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "sctp": 132}
ROUTE_TYPES = {"unicast": 1, "local": 2, "blackhole": 6, "unreachable": 7, "prohibit": 8, "throw": 9}
RULE_ACTIONS = {"lookup": 1, "goto": 2, "nop": 3, "blackhole": 6, "unreachable": 7, "prohibit": 8}
_WITHOUT_WAY = ("blackhole", "unreachable", "prohibit", "throw")


def is_ipv6(text: str) -> bool:
    """Whether an address or network in figures is IPv6."""
    return ":" in text


def _named(names: dict[str, int], high: int, what: str) -> BeforeValidator:
    """One of these names, or a number, also hexadecimal, from 0 to ``high``."""

    def parse(value: object) -> int:
        text = str(value)
        if text in names:
            return names[text]
        if re.fullmatch(r"[0-9]{1,10}|0x[0-9a-fA-F]{1,8}", text) and int(text, 0 if "x" in text else 10) <= high:
            return int(text, 0 if "x" in text else 10)
        expected = ", ".join([*names, f"a number up to {high}"])
        raise fail(f"{shown(text)} is not {what}, expected {expected}")

    return BeforeValidator(parse)


def parse_host(value: object) -> str:
    """Read an address of either family."""
    text = parse_text(value)
    try:
        return str(IPv6Address(text) if is_ipv6(text) else IPv4Address(text))
    except AddressValueError:
        raise fail(f"{shown(text)} is not an address") from None


def parse_network(value: object) -> str:
    """Read ``NETWORK[/PREFIX]`` of either family, or ``default``."""
    text = parse_text(value)
    if text in ("default", "all", "any"):
        return ""
    try:
        return str(ip_network(text))
    except (AddressValueError, NetmaskValueError, ValueError):
        pass
    try:
        expected = ip_network(text, strict=False)
    except ValueError:
        raise fail(f"{shown(text)} is not a network") from None
    raise fail(f"{shown(text)} has bits behind its prefix, expected {expected}")


def parse_mark(value: object) -> str:
    """Read ``MARK[/MASK]``, decimal or hexadecimal."""
    text = str(value)
    numbers = re.fullmatch(r"(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})(?:/(0x[0-9a-fA-F]{1,8}|[0-9]{1,10}))?", text)
    if numbers is None or any(int(each, 0) > _NUMBER_MAX for each in numbers.groups() if each):
        raise fail(f"{shown(text)} is not a mark, expected NUMBER or NUMBER/MASK")
    return text


def parse_range(high: int) -> BeforeValidator:
    """A number or ``LOW-HIGH``."""

    def parse(value: object) -> str:
        text = str(value)
        ends = [int(each) for each in text.split("-")] if re.fullmatch(r"[0-9]{1,10}(-[0-9]{1,10})?", text) else []
        if not ends or ends[-1] > high or ends[0] > ends[-1]:
            raise fail(f"{shown(text)} is not a range, expected LOW-HIGH up to {high}")
        return f"{ends[0]}-{ends[-1]}"

    return BeforeValidator(parse)


Host = Annotated[str, BeforeValidator(parse_host)]
Network = Annotated[str, BeforeValidator(parse_network)]
Mark = Annotated[str, BeforeValidator(parse_mark)]
Ports = Annotated[str, parse_range(65535)]
Users = Annotated[str, parse_range(_NUMBER_MAX - 1)]
Table = Annotated[int, _named(TABLES, _NUMBER_MAX, "a table")]
Protocol = Annotated[int, _named(PROTOCOLS, 255, "a protocol")]
IpProtocol = Annotated[int, _named(IP_PROTOCOLS, 255, "a protocol")]
Tos = Annotated[int, _named({}, 255, "a type of service")]
Number = Annotated[int, whole(0, _NUMBER_MAX)]
Metric = Annotated[int, whole(1, _NUMBER_MAX)]


class RouteLine(Line):
    """``[TYPE] NETWORK|default [via ADDRESS] [dev IF] [src ADDRESS] [table TABLE] [metric N] ...``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("destination",),
        required=0,
        options={
            "to": "destination", "via": "via", "gw": "via", "dev": "dev", "oif": "dev", "src": "src",
            "table": "table", "metric": "metric", "priority": "metric", "preference": "metric",
            "scope": "scope", "protocol": "protocol", "tos": "tos", "dsfield": "tos",
            "mtu": "mtu", "advmss": "advmss", "window": "window",
            "cwnd": "cwnd", "ssthresh": "ssthresh", "reordering": "reordering", "hoplimit": "hoplimit",
            "initcwnd": "initcwnd", "initrwnd": "initrwnd",
        },
        flags={
            **{word: ("type", word) for word in ROUTE_TYPES},
            "onlink": ("onlink", True),
            "no_track": ("no_track", True),
        },
        refused=frozenset(
            {
                "or", "from", "encap", "realms", "features", "congctl", "pref", "ttl-propagate", "fastopen_no_cookie",
                "expires", "add", "prepend", "append", "nexthop", "vrf", "track_group", "inet", "inet6", "rtt",
                "rttvar", "rto_min", "quickack", "lock", "broadcast", "multicast", "nat",
            }
        ),
        what="a route",
    )  # fmt: skip

    destination: Network = Field(description="IPv4 or IPv6 network, or default")
    type: str = Field("unicast", description="unicast, local, blackhole, unreachable, prohibit or throw")
    via: Host | None = Field(None, description="the next router")
    dev: InterfaceName | None = Field(None, description="interface; default: where the next router is")
    src: Host | None = Field(None, description="source address of what takes the route")
    table: Table = Field(254, description="routing table, a number, main, default or local; default main")
    metric: Number | None = Field(None, description="the lower, the better")
    scope: Scope | None = Field(None, description="default: host for local, else global")
    protocol: Protocol = Field(18, description="who made it, for people; default keepalived")
    tos: Tos = Field(0, description="only packets with this type of service, decimal or 0x; default any")
    onlink: Flag = Field(False, description="the next router is there, whatever the addresses say")
    mtu: Metric | None = Field(None, description="bytes")
    advmss: Metric | None = Field(None, description="bytes")
    window: Metric | None = Field(None, description="bytes")
    cwnd: Metric | None = Field(None, description="packets")
    ssthresh: Metric | None = Field(None, description="packets")
    reordering: Metric | None = Field(None, description="packets")
    hoplimit: Annotated[int, whole(1, 255)] | None = Field(None, description="routers that a packet may pass")
    initcwnd: Metric | None = Field(None, description="packets")
    initrwnd: Metric | None = Field(None, description="packets")
    no_track: Flag = Field(False, description="do not put it back when somebody removes it; default no")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        figures = [text for text in (self.destination, self.via, self.src) if text]
        if len({is_ipv6(text) for text in figures}) > 1:
            raise fail("has both IPv4 and IPv6 addresses")
        if self.type not in ROUTE_TYPES:
            raise fail(f"type {shown(self.type)} is not a type of route, expected {', '.join(ROUTE_TYPES)}")
        if self.type in _WITHOUT_WAY and (self.via or self.dev):
            raise fail(f"{self.type} leads nowhere, unexpected via or dev")
        if self.type not in _WITHOUT_WAY and not (self.via or self.dev):
            raise fail("has neither via nor dev")
        return self


class RuleLine(Line):
    """``[from NETWORK] [to NETWORK] [iif IF] [oif IF] [fwmark N] ... table TABLE preference N``."""

    grammar: ClassVar[Grammar] = Grammar(
        (),
        required=0,
        options={
            "from": "source", "to": "destination", "table": "table", "lookup": "table",
            "preference": "preference", "priority": "preference", "order": "preference", "fwmark": "fwmark",
            "iif": "iif", "dev": "iif", "oif": "oif", "goto": "goto", "ipproto": "ipproto", "sport": "sport",
            "dport": "dport", "uidrange": "uidrange", "suppress_prefixlength": "suppress_prefixlength",
            "sup_pl": "suppress_prefixlength", "protocol": "protocol", "tos": "tos", "dsfield": "tos",
        },
        flags={
            **{word: ("type", word) for word in ("blackhole", "unreachable", "prohibit", "nop")},
            "inet": ("inet", True),
            "inet6": ("inet6", True),
            "not": ("inverted", True),
            "no_track": ("no_track", True),
        },
        refused=frozenset(
            {"realms", "suppress_ifgroup", "sup_group", "tunnel-id", "l3mdev", "track_group"}
        ),
        what="a rule",
    )  # fmt: skip

    source: Network = Field("", description="packets from this network; default all")
    destination: Network = Field("", description="packets to this network; default all")
    table: Table | None = Field(None, description="table to look in: a number, main, default or local")
    preference: Number | None = Field(None, description="rules are tried from the lowest; default: down from 16384")
    type: str | None = Field(None, description="blackhole, unreachable, prohibit or nop, in place of a table")
    goto: Number | None = Field(None, description="preference of the rule to go on with, in place of a table")
    fwmark: Mark | None = Field(None, description="packets with this mark, NUMBER or NUMBER/MASK")
    iif: InterfaceName | None = Field(None, description="packets that came in there")
    oif: InterfaceName | None = Field(None, description="packets of sockets bound to it")
    tos: Tos = Field(0, description="packets with this type of service, decimal or 0x; default any")
    ipproto: IpProtocol | None = Field(None, description="packets of this protocol")
    sport: Ports | None = Field(None, description="source port or ports, LOW-HIGH")
    dport: Ports | None = Field(None, description="destination port or ports, LOW-HIGH")
    uidrange: Users | None = Field(None, description="packets of these users, LOW-HIGH")
    suppress_prefixlength: Annotated[int, whole(0, 128)] | None = Field(
        None, description="ignore what the table says by a prefix not longer than this"
    )
    protocol: Protocol = Field(18, description="who made it, for people; default keepalived")
    inverted: Flag = Field(False, description="it is for packets that do not fit")
    inet: Flag = Field(False, description="IPv4, the default without addresses")
    inet6: Flag = Field(False, description="IPv6")
    no_track: Flag = Field(False, description="do not put it back when somebody removes it; default no")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        families = {is_ipv6(text) for text in (self.source, self.destination) if text}
        families |= {six for six, given in ((False, self.inet), (True, self.inet6)) if given}
        if len(families) > 1:
            raise fail("is for both IPv4 and IPv6")
        if self.type is not None and (self.type not in RULE_ACTIONS or self.type in ("lookup", "goto")):
            raise fail(f"type {shown(self.type)} is unknown, expected blackhole, unreachable, prohibit or nop")
        if sum(each is not None for each in (self.table, self.type, self.goto)) != 1:
            raise fail("has to do one thing, expected one of table, goto, blackhole, unreachable, prohibit, nop")
        return self

    @property
    def is_ipv6(self) -> bool:
        return self.inet6 or is_ipv6(self.source + self.destination)
