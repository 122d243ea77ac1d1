"""The part of the schema about lines: the words behind a keyword."""

import re
from typing import ClassVar, Self

from pydantic import Field, model_validator

from hahub.config.grammar import Grammar, Line
from hahub.config.problems import shown
from hahub.config.route_values import Group, Scope
from hahub.config.values import (
    AbsolutePath,
    Address,
    AddressOrGroup,
    BackupPriority,
    Broadcast,
    CommandText,
    Delay,
    Flag,
    HostAddress,
    InterfaceName,
    IpvlanMode,
    Lifetime,
    Name,
    Port,
    ShortDelay,
    TableName,
    Text,
    Ttl,
    UserName,
    VirtualMac,
    Weight,
    fail,
    is_group,
)

_QUOTE_IT = "quote the command together with its arguments"


class User(Line):
    """``USER [GROUP]``."""

    grammar: ClassVar[Grammar] = Grammar(("user", "group"), what="a user and a group")

    user: UserName = Field(description="user name or number")
    group: UserName | None = Field(None, description="group name or number; default: the user's own")


class Script(Line):
    """``COMMAND [USER [GROUP]]``; a command with arguments is quoted. In YAML a text is the whole command."""

    grammar: ClassVar[Grammar] = Grammar(
        ("command", "user", "group"), what="a command, a user and a group", hint=_QUOTE_IT
    )
    whole: ClassVar[bool] = True

    command: CommandText = Field(description="program and arguments, run without a shell")
    user: UserName | None = Field(None, description="user to run it as; default: script_user")
    group: UserName | None = Field(None, description="group; default: the user's own")


class OptionalScript(Line):
    """``[COMMAND [USER [GROUP]]]``: the keyword alone means something."""

    grammar: ClassVar[Grammar] = Grammar(
        ("command", "user", "group"), required=0, what="a command, a user and a group", hint=_QUOTE_IT
    )
    whole: ClassVar[bool] = True

    command: CommandText | None = Field(None, description="program and arguments, run without a shell")
    user: UserName | None = Field(None, description="user to run it as; default: script_user")
    group: UserName | None = Field(None, description="group; default: the user's own")


class Fifo(Line):
    """``PATH [USER [GROUP]]``."""

    grammar: ClassVar[Grammar] = Grammar(("path", "user", "group"), what="a path, a user and a group")

    path: AbsolutePath = Field(description="the FIFO; made with mode 0600 when it does not exist")
    user: UserName | None = Field(None, description="owner; default: script_user")
    group: UserName | None = Field(None, description="group; default: the user's own")


class SmtpServer(Line):
    """``HOST [PORT]``."""

    grammar: ClassVar[Grammar] = Grammar(("host", "port"), what="a host and a port")

    host: Text = Field(description="name or address of the mail server")
    port: Port = Field(25, description="TCP port; default 25")


class ScriptWeight(Line):
    """``WEIGHT [reverse|noreverse]``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("weight",), flags={"reverse": ("reverse", True), "noreverse": ("reverse", False)}, what="a weight"
    )

    weight: Weight = Field(description="-253 to 253; 0: failure means FAULT")
    reverse: Flag = Field(False, description="the other sign; with weight 0: success means FAULT")


class TrackScript(Line):
    """``NAME [weight WEIGHT [reverse|noreverse]]``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("name",),
        options={"weight": "weight"},
        flags={"reverse": ("reverse", True), "noreverse": ("reverse", False)},
        what="the name of a vrrp_script",
    )

    name: Name = Field(description="name of a vrrp_script")
    weight: Weight | None = Field(None, description="-253 to 253; default: the weight of the vrrp_script")
    reverse: Flag | None = Field(None, description="default: as the vrrp_script says")


class VirtualIp(Line):
    """``ADDRESS[/PREFIX] [dev IF] [label LABEL] [scope SCOPE] [brd ADDRESS|+|-] [peer ADDRESS[/PREFIX]] ...``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("address",),
        options={
            "dev": "dev",
            "label": "label",
            "scope": "scope",
            "brd": "brd",
            "broadcast": "brd",
            "peer": "peer",
            "preferred_lft": "preferred_lft",
            "track_group": "track_group",
        },
        flags={
            "noprefixroute": ("noprefixroute", True),
            "autojoin": ("autojoin", True),
            "no_track": ("no_track", True),
            "-nodad": ("dad", True),
            "home": ("home", True),
            "mngtmpaddr": ("mngtmpaddr", True),
            "use_vmac": ("use_vmac", True),
        },
        what="an address",
    )

    address: AddressOrGroup = Field(description="IPv4 or IPv6 address with prefix length; default /32, /128")
    dev: InterfaceName | None = Field(None, description="interface; default: that of the instance")
    label: Text | None = Field(None, description="interface label, ``dev:text``, at most 15 characters")
    scope: Scope = Field(0, description="global, site, link, host, nowhere or a number; default global")
    brd: Broadcast | None = Field(None, description="broadcast address, + for all ones, - for all zeros")
    peer: Address | None = Field(None, description="the other end of a point-to-point link, with its prefix length")
    preferred_lft: Lifetime | None = Field(
        None, description="seconds that it is a preferred source; default forever, IPv6 /128: 0"
    )
    noprefixroute: Flag = Field(False, description="make no route for the prefix; default no")
    autojoin: Flag = Field(False, description="the address is a multicast group, join it; default no")
    no_track: Flag = Field(False, description="do not put it back when somebody removes it; default no")
    track_group: Name | None = Field(None, description="static only: instances that need its interface")
    dad: Flag = Field(False, description="``-nodad``: IPv6, look for duplicates before it is used; default no")
    home: Flag = Field(False, description="IPv6, the home address of a mobile node; default no")
    mngtmpaddr: Flag = Field(False, description="IPv6 with /64, make temporary addresses of its network; default no")
    use_vmac: Flag = Field(False, description="on a virtual MAC of its own on that interface; default no")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if is_group(self.address) and not self.autojoin:
            raise fail(f"{shown(self.address)} is a multicast group, expected autojoin behind it")
        if self.autojoin and not is_group(self.address):
            raise fail(f"autojoin is for multicast groups, and {shown(self.address)} is none")
        return self


class Nftables(Line):
    """``[TABLE]``: the keyword alone is the default."""

    grammar: ClassVar[Grammar] = Grammar(("table",), required=0, what="the name of a table")

    table: TableName | None = Field(None, description="name of the nftables table for no_accept; default hahub")


class GarpExtraIf(Line):
    """``[all] SECONDS``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("interval",), required=0, flags={"all": ("all", True)}, what="all and a number of seconds"
    )

    interval: Delay = Field(description="seconds between two announcements, 0: none")
    all: Flag = Field(False, description="on every such interface; default: on VMAC interfaces only")


class UpDownDelay(Line):
    """``INTERFACE DOWN_DELAY [UP_DELAY]``."""

    grammar: ClassVar[Grammar] = Grammar(("interface", "down", "up"), required=2, what="an interface and two delays")

    interface: InterfaceName = Field(description="the interface; virtual MACs on it go with it")
    down: ShortDelay = Field(description="seconds it has to be down before that counts, 0 to 255")
    up: ShortDelay | None = Field(None, description="seconds it has to be up before that counts; default: as down")


class TimerExpired(Line):
    """``[PRIORITY]``: the keyword alone is 254."""

    grammar: ClassVar[Grammar] = Grammar(("priority",), required=0, what="a priority")

    priority: BackupPriority = Field(254, description="the highest of the other routers, 1 to 254; default 254")


class UnicastPeerLine(Line):
    """``ADDRESS [min_ttl TTL] [max_ttl TTL]``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("address",), options={"min_ttl": "min_ttl", "max_ttl": "max_ttl"}, what="an address"
    )

    address: HostAddress = Field(description="address of another router; a prefix length is left out")
    min_ttl: Ttl = Field(0, description="its packets with a smaller TTL or hop limit are dropped; default 0")
    max_ttl: Ttl = Field(255, description="its packets with a greater one are dropped; default 255")


def _name_or_mac(word: str) -> str:
    return "mac" if ":" in word else "name"


class UseVmac(Line):
    """``[[name] INTERFACE] [MAC] [netlink_notify_msg] [group GROUP]``; the words stand in any order."""

    grammar: ClassVar[Grammar] = Grammar(
        ("name", "mac"),
        required=0,
        options={"name": "name", "group": "group"},
        flags={"netlink_notify_msg": ("netlink_notify_msg", True)},
        field_of=_name_or_mac,
        what="a name and a MAC",
    )

    name: InterfaceName | None = Field(None, description="of the macvlan; default: vmac_prefix.VRID")
    mac: VirtualMac | None = Field(
        None, description="6 bytes, or 5 and the VRID; default 00:00:5e:00:01:VRID, IPv6: 02"
    )
    netlink_notify_msg: Flag = Field(False, description="have the kernel tell of the interface below as well")
    group: Group | None = Field(
        None, description="link group, a number or a name of group; default: that of the interface below"
    )


def _name_or_address(word: str) -> str:
    return "address" if re.fullmatch(r"[0-9.]+(/.*)?|.*:.*", word) else "name"


class UseIpvlan(Line):
    """``[[name] INTERFACE] [ADDRESS] [bridge|private|vepa] [group GROUP]``; the words stand in any order."""

    grammar: ClassVar[Grammar] = Grammar(
        ("name", "address"),
        required=0,
        options={"name": "name", "group": "group"},
        flags={mode: ("mode", mode) for mode in ("bridge", "private", "vepa")},
        field_of=_name_or_address,
        what="a name and an address",
    )

    name: InterfaceName | None = Field(None, description="of the ipvlan; default: vmac_prefix.VRID")
    address: Address | None = Field(None, description="its own, where adverts come from; IPv4 needs one")
    mode: IpvlanMode = Field("bridge", description="bridge, private or vepa, the same for all on one interface")
    group: Group | None = Field(
        None, description="link group, a number or a name of group; default: that of the interface below"
    )


class DynamicInterfaces(Line):
    """``[allow_if_changes]``; in YAML also a word for true or false."""

    grammar: ClassVar[Grammar] = Grammar(
        (), required=0, flags={"allow_if_changes": ("allow_if_changes", True)}, what="allow_if_changes"
    )

    allow_if_changes: Flag = Field(False, description="accepted: an interface may always be made anew")

    @model_validator(mode="before")
    @classmethod
    def _from_flag(cls, value: object) -> object:
        return {} if isinstance(value, bool) else value
