"""Lines of policy routing rules, in the words of keepalived, which are those of ip(8) but for a few.

Source: keepalived vrrp/vrrp_iprule.c.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hahub.config.grammar import Grammar, Line
from hahub.config.problems import shown
from hahub.config.route_values import (
    Group,
    IpProtocol,
    Mark,
    Number,
    Ports,
    Protocol,
    Realms,
    Selector,
    Table,
    Tos,
    Users,
    is_ipv6,
    parse_selector,
)
from hahub.config.values import Flag, InterfaceName, Name, fail, whole

RULE_ACTIONS = {"lookup": 1, "goto": 2, "nop": 3, "blackhole": 6, "unreachable": 7, "prohibit": 8}
_ACTIONS_WITHOUT_VALUE = ("blackhole", "unreachable", "prohibit", "nop")


class RuleLine(Line):
    """``[from NETWORK] [to NETWORK] [iif IF] [oif IF] [fwmark N] ... table TABLE preference N``."""

    grammar: ClassVar[Grammar] = Grammar(
        (),
        required=0,
        options={
            "from": "source", "to": "destination", "table": "table", "lookup": "table", "type": "type",
            "preference": "preference", "priority": "preference", "order": "preference", "fwmark": "fwmark",
            "iif": "iif", "dev": "iif", "oif": "oif", "goto": "goto", "ipproto": "ipproto", "sport": "sport",
            "dport": "dport", "uidrange": "uidrange", "suppress_prefixlength": "suppress_prefixlength",
            "sup_pl": "suppress_prefixlength", "suppress_ifgroup": "suppress_ifgroup", "sup_group": "suppress_ifgroup",
            "realms": "realms", "tunnel-id": "tunnel", "protocol": "protocol", "tos": "tos", "dsfield": "tos",
            "track_group": "track_group",
        },
        flags={
            **{word: ("type", word) for word in _ACTIONS_WITHOUT_VALUE},
            "l3mdev": ("l3mdev", True),
            "inet": ("inet", True),
            "inet6": ("inet6", True),
            "not": ("inverted", True),
            "no_track": ("no_track", True),
        },
        what="a rule",
    )  # fmt: skip

    source: Selector = Field("", description="packets from this network; default all")
    destination: Selector = Field("", description="packets to this network; default all")
    table: Table | None = Field(None, description="table to look in: a number, or a name of rt_tables")
    l3mdev: Flag = Field(False, description="look in the table of the VRF that the packet belongs to")
    preference: Number | None = Field(None, description="rules are tried from the lowest; default: down from 16384")
    type: str | None = Field(None, description="blackhole, unreachable, prohibit or nop, in place of a table")
    goto: Number | None = Field(None, description="preference of the rule to go on with, in place of a table")
    fwmark: Mark | None = Field(None, description="packets with this mark, NUMBER or NUMBER/MASK")
    iif: InterfaceName | None = Field(None, description="packets that came in there")
    oif: InterfaceName | None = Field(None, description="packets of sockets bound to it")
    tos: Tos = Field(0, description="packets with this type of service; default any")
    ipproto: IpProtocol | None = Field(None, description="packets of this protocol")
    sport: Ports | None = Field(None, description="source port or ports, LOW-HIGH")
    dport: Ports | None = Field(None, description="destination port or ports, LOW-HIGH")
    uidrange: Users | None = Field(None, description="packets of these users, LOW-HIGH")
    tunnel: Annotated[int, whole(1, 2**64 - 1)] | None = Field(None, description="packets of the tunnel with this id")
    realms: Realms = Field(0, description="IPv4: realms of routing that packets get, SOURCE/DESTINATION")
    suppress_prefixlength: Annotated[int, whole(0, 128)] | None = Field(
        None, description="ignore what the table says by a prefix not longer than this"
    )
    suppress_ifgroup: Group | None = Field(
        None, description="ignore what the table says by interfaces of this group, a number or a name of group"
    )
    protocol: Protocol = Field(18, description="who made it, for people; default keepalived")
    inverted: Flag = Field(False, description="it is for packets that do not fit")
    inet: Flag = Field(False, description="IPv4, the default without addresses")
    inet6: Flag = Field(False, description="IPv6")
    no_track: Flag = Field(False, description="do not put it back when somebody removes it; default no")
    track_group: Name | None = Field(None, description="static only: instances that need its interface")

    @classmethod
    def left_out(cls, values: Mapping[str, object]) -> tuple[str, str] | None:
        """A network that is none: a sample that comes with keepalived has such rules."""
        for name in ("source", "destination"):
            try:
                parse_selector(values.get(name, "all"))
            except PydanticCustomError as error:
                return name, error.message()
        return None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        families = {is_ipv6(text) for text in (self.source, self.destination) if text}
        families |= {six for six, given in ((False, self.inet), (True, self.inet6)) if given}
        if len(families) > 1:
            raise fail("is for both IPv4 and IPv6")
        if self.realms and True in families:
            raise fail("realms is for IPv4 rules only")
        self._check_action()
        return self

    def _check_action(self) -> None:
        expected = ", ".join(("table", "l3mdev", "goto", *_ACTIONS_WITHOUT_VALUE))
        if self.type is not None and self.type not in _ACTIONS_WITHOUT_VALUE:
            raise fail(f"type {shown(self.type)} is unknown, expected blackhole, unreachable, prohibit or nop")
        if sum((self.table is not None, self.type is not None, self.goto is not None, self.l3mdev)) != 1:
            raise fail(f"has to do one thing, expected one of {expected}")
        if self.table == 0:
            raise fail("table 0 is not a table")
        given = (("realms", self.realms or None), ("suppress_prefixlength", self.suppress_prefixlength),
                 ("suppress_ifgroup", self.suppress_ifgroup))  # fmt: skip
        for word, value in given:
            if value is not None and self.table is None and not self.l3mdev:
                raise fail(f"{word} needs a table")
        if self.goto is not None and (self.preference is None or self.preference >= self.goto):
            raise fail(f"goto {self.goto} is not behind the preference of the rule")

    @property
    def is_ipv6(self) -> bool:
        return self.inet6 or is_ipv6(self.source + self.destination)
