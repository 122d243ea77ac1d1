"""The one model of both configuration languages: a field per keyword of keepalived, plus channels and hub.

Each description tells the unit, the default, and where keepalived has it (its source file) when that helps.
"""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from hahub.config.grammar import Block, Grammar, Line
from hahub.config.routing import RouteLine, RuleLine
from hahub.config.schema_trackers import FileDefinition, ProcessDefinition, TrackFile, TrackInterface, TrackProcess
from hahub.config.values import (
    AbsolutePath,
    Address,
    AuthType,
    Broadcast,
    CommandText,
    Count,
    Delay,
    Flag,
    HostAddress,
    InterfaceName,
    Lifetime,
    Name,
    Period,
    Port,
    Priority,
    Repeat,
    Scope,
    Secret,
    StateWord,
    Text,
    Ttl,
    UserName,
    Version,
    Weight,
    seconds,
    whole,
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
        },
        flags={
            "noprefixroute": ("noprefixroute", True),
            "autojoin": ("autojoin", True),
            "no_track": ("no_track", True),
            "-nodad": ("dad", True),
        },
        refused=frozenset({"home", "mngtmpaddr", "use_vmac", "track_group"}),
        what="an address",
    )

    address: Address = Field(description="IPv4 or IPv6 address with prefix length; default /32, /128")
    dev: InterfaceName | None = Field(None, description="interface; default: that of the instance")
    label: Text | None = Field(None, description="interface label, ``dev:text``, at most 15 characters")
    scope: Scope = Field(0, description="global, site, link, host, nowhere or a number; default global")
    brd: Broadcast | None = Field(None, description="broadcast address, + for all ones, - for all zeros")
    peer: Address | None = Field(None, description="the other end of a point-to-point link, with its prefix length")
    preferred_lft: Lifetime | None = Field(
        None, description="seconds that it is a preferred source; default forever, IPv6 /128: 0"
    )
    noprefixroute: Flag = Field(False, description="make no route for the prefix; default no")
    autojoin: Flag = Field(False, description="join the multicast group of the address; default no")
    no_track: Flag = Field(False, description="do not put it back when somebody removes it; default no")
    dad: Flag = Field(False, description="``-nodad``: IPv6, look for duplicates before it is used; default no")


class UnicastPeerLine(Line):
    """``ADDRESS [min_ttl TTL] [max_ttl TTL]``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("address",), options={"min_ttl": "min_ttl", "max_ttl": "max_ttl"}, what="an address"
    )

    address: HostAddress = Field(description="address of another router; a prefix length is left out")
    min_ttl: Ttl = Field(0, description="its packets with a smaller TTL or hop limit are dropped; default 0")
    max_ttl: Ttl = Field(255, description="its packets with a greater one are dropped; default 255")


class Authentication(Block):
    """VRRP version 2 only."""

    auth_type: AuthType = Field(description="PASS: a password in clear")
    auth_pass: Secret = Field(description="1 to 8 bytes; more are cut")


class GlobalDefs(Block):
    """What holds for all instances."""

    router_id: Text | None = Field(None, description="name of this node in messages; default: the host name")
    notification_email: tuple[Text, ...] = Field((), description="recipients of mail")
    notification_email_from: Text | None = Field(None, description="sender; default root@ the host name")
    smtp_server: SmtpServer | None = Field(None, description="mail server; without it no mail")
    smtp_helo_name: Text | None = Field(None, description="name in HELO; default: the host name")
    smtp_connect_timeout: Period = Field(30.0, description="seconds for each step of sending mail; default 30")
    smtp_alert: Flag | None = Field(None, description="mail for all instances; default no")
    smtp_alert_vrrp: Flag | None = Field(None, description="as smtp_alert, and stronger")
    script_user: User | None = Field(None, description="user of scripts; default: the user hahub runs as")
    enable_script_security: Flag = Field(False, description="accepted; not checked yet")
    notify_fifo: Fifo | None = Field(None, description="FIFO that gets a line per transition")
    notify_fifo_script: Script | None = Field(None, description="reads notify_fifo, named in its last argument")
    vrrp_notify_fifo: Fifo | None = Field(None, description="second FIFO, written after notify_fifo")
    vrrp_notify_fifo_script: Script | None = Field(None, description="reads vrrp_notify_fifo")
    vrrp_notify_priority_changes: Flag = Field(False, description="report changed priorities; default no")
    vrrp_version: Version = Field(2, description="2 or 3; default 2")
    vrrp_garp_master_delay: Delay = Field(5.0, description="seconds to the second burst; default 5")
    vrrp_garp_master_repeat: Repeat = Field(5, description="gratuitous ARP per burst and address; default 5")
    vrrp_garp_master_refresh: Delay = Field(0.0, description="seconds between refreshing bursts; default 0: none")
    vrrp_garp_master_refresh_repeat: Repeat = Field(1, description="gratuitous ARP per refresh; default 1")
    vrrp_garp_interval: Delay = Field(0.0, description="seconds between two gratuitous ARP; only 0 has an effect")
    vrrp_gna_interval: Delay = Field(0.0, description="seconds between two neighbour advertisements")
    vrrp_min_garp: Flag = Field(False, description="one gratuitous ARP and no second burst; default no")
    vrrp_skip_check_adv_addr: Flag = Field(False, description="trust the address list of the known master")
    vrrp_check_unicast_src: Flag = Field(False, description="accept adverts from the unicast_peer only; default no")
    vrrp_lower_prio_no_advert: Flag = Field(False, description="do not answer adverts of lower priority")
    vrrp_startup_delay: Delay = Field(0.0, description="seconds before the first election; default 0")
    vrrp_rt_priority: Annotated[int, whole(0, 99)] = Field(
        50, description="SCHED_FIFO priority of the core, 0: none; default 50"
    )


class VrrpScript(Block):
    """A command whose exit status decides."""

    script: CommandText = Field(description="program and arguments, run without a shell")
    interval: Period = Field(1.0, description="seconds between two starts; default 1")
    timeout: Delay = Field(0.0, description="seconds it may take; default 0: the interval")
    rise: Count = Field(1, description="successes in a row to become ok; default 1")
    fall: Count = Field(1, description="failures in a row to become bad; default 1")
    weight: ScriptWeight | None = Field(None, description="added to the priority; default 0: failure is FAULT")
    user: User | None = Field(None, description="default: script_user")
    init_fail: Flag = Field(False, description="it has failed until rise runs succeeded; default: the first decides")


class VrrpInstance(Block):
    """One virtual router."""

    state: StateWord = Field("BACKUP", description="MASTER or BACKUP; default BACKUP")
    interface: InterfaceName = Field(description="where adverts are sent and heard")
    virtual_router_id: Annotated[int, whole(1, 255)] = Field(description="1 to 255, one per interface")
    priority: Priority | None = Field(None, description="1 to 255; default 100, and 255 with state MASTER")
    advert_int: Annotated[float, seconds(0.01, 255)] = Field(
        1.0, description="seconds between adverts; version 2: whole, version 3: 0.01 to 40.95; default 1"
    )
    version: Version | None = Field(None, description="2 or 3; default vrrp_version")
    nopreempt: Flag = Field(False, description="a better backup does not take over from a living master")
    preempt: Flag = Field(False, description="the default, in a word")
    preempt_delay: Annotated[float, seconds(0, 1000)] = Field(0.0, description="seconds; default 0")
    authentication: Authentication | None = Field(None, description="version 2 only; default none")
    mcast_src_ip: HostAddress | None = Field(None, description="source of adverts; default: the interface's")
    unicast_src_ip: HostAddress | None = Field(None, description="source of adverts to peers; default: the interface's")
    unicast_peer: tuple[UnicastPeerLine, ...] = Field((), description="who gets the adverts; default: multicast")
    check_unicast_src: Flag | None = Field(None, description="default vrrp_check_unicast_src")
    virtual_ipaddress: tuple[VirtualIp, ...] = Field((), description="addresses of the master")
    virtual_ipaddress_excluded: tuple[VirtualIp, ...] = Field((), description="more of them, not named in adverts")
    virtual_routes: tuple[RouteLine, ...] = Field((), description="routes of the master")
    virtual_rules: tuple[RuleLine, ...] = Field((), description="policy routing rules of the master")
    no_virtual_ipaddress: Flag = Field(False, description="there are none, on purpose")
    track_script: tuple[TrackScript, ...] = Field((), description="scripts that the state depends on")
    track_interface: tuple[TrackInterface, ...] = Field((), description="other interfaces that it depends on")
    track_process: tuple[TrackProcess, ...] = Field((), description="processes that it depends on")
    track_file: tuple[TrackFile, ...] = Field((), description="files whose numbers it depends on")
    dont_track_primary: Flag = Field(False, description="an interface that is down is no FAULT")
    garp_master_delay: Delay | None = Field(None, description="seconds; default vrrp_garp_master_delay")
    garp_master_repeat: Repeat | None = Field(None, description="default vrrp_garp_master_repeat")
    garp_master_refresh: Delay | None = Field(None, description="seconds; default vrrp_garp_master_refresh")
    garp_master_refresh_repeat: Repeat | None = Field(None, description="default: the global one")
    notify_master: Script | None = Field(None, description="run on becoming MASTER")
    notify_backup: Script | None = Field(None, description="run on becoming BACKUP")
    notify_fault: Script | None = Field(None, description="run on entering FAULT")
    notify_stop: Script | None = Field(None, description="run on stopping")
    notify_deleted: OptionalScript | None = Field(None, description="say DELETED instead of FAULT on removal")
    notify_master_rx_lower_pri: Script | None = Field(None, description="run when a master hears a weaker one")
    notify: Script | None = Field(None, description="run for each, with kind, name, state and priority")
    notify_priority_changes: Flag | None = Field(None, description="default vrrp_notify_priority_changes")
    smtp_alert: Flag | None = Field(None, description="mail each transition; default the global smtp_alert")
    lower_prio_no_advert: Flag | None = Field(None, description="default vrrp_lower_prio_no_advert")
    skip_check_adv_addr: Flag | None = Field(None, description="default vrrp_skip_check_adv_addr")
    accept: Flag = Field(True, description="the default, in a word")
    debug: Annotated[int, whole(0, 4)] = Field(0, description="accepted, without effect, as in keepalived")


class VrrpSyncGroup(Block):
    """Instances that are master together or not at all."""

    group: tuple[Name, ...] = Field((), description="names of the instances, one or more per line")
    track_script: tuple[TrackScript, ...] = Field((), description="scripts that every member depends on")
    track_interface: tuple[TrackInterface, ...] = Field((), description="interfaces that every member depends on")
    track_process: tuple[TrackProcess, ...] = Field((), description="processes that every member depends on")
    track_file: tuple[TrackFile, ...] = Field((), description="files that every member depends on")
    notify_master: Script | None = Field(None, description="run when all have become MASTER")
    notify_backup: Script | None = Field(None, description="run when all have become BACKUP")
    notify_fault: Script | None = Field(None, description="run when all have entered FAULT")
    notify_stop: Script | None = Field(None, description="run on stopping")
    notify: Script | None = Field(None, description="run for each, with GROUP, name, state and 0")
    smtp_alert: Flag | None = Field(None, description="mail each transition; default the global smtp_alert")
    notify_priority_changes: Flag | None = Field(None, description="for members that do not say it themselves")
    sync_group_tracking_weight: Flag = Field(False, description="members may have weighted checks of their own")
    global_tracking: Flag = Field(False, description="deprecated, as sync_group_tracking_weight")


class ChannelBlock(Block):
    """One channel; what is not named here belongs to its plugin."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    type: Name = Field(description="the plugin: smtp, dingtalk, webhook, or one installed")
    instances: tuple[Name, ...] | None = Field(None, description="only these instances, and groups; default all")
    groups: tuple[Name, ...] | None = Field(None, description="only these sync groups, and instances; default all")


class Hub(Block):
    """The process that delivers."""

    user: UserName | None = Field(None, description="unprivileged user; default hahub, else nobody")
    stop_grace: Annotated[float, seconds(0, 3600)] = Field(5.0, description="seconds to finish at shutdown")
    script_timeout: Annotated[float, seconds(0.1, 86_400)] = Field(30.0, description="seconds a notify script may take")


class Statics(Block):
    """What the host has, master or not."""

    static_ipaddress: tuple[VirtualIp, ...] = Field((), description="addresses, each with its dev")
    static_routes: tuple[RouteLine, ...] = Field((), description="routes")
    static_rules: tuple[RuleLine, ...] = Field((), description="policy routing rules")


class Config(Statics):
    """Everything, from either language or both."""

    global_defs: GlobalDefs = GlobalDefs()
    vrrp_script: dict[Name, VrrpScript] = Field(default_factory=dict)
    vrrp_track_process: dict[Name, ProcessDefinition] = Field(default_factory=dict)
    track_file: dict[Name, FileDefinition] = Field(default_factory=dict)
    vrrp_instance: dict[Name, VrrpInstance] = Field(default_factory=dict)
    vrrp_sync_group: dict[Name, VrrpSyncGroup] = Field(default_factory=dict)
    channels: dict[Name, ChannelBlock] = Field(default_factory=dict)
    hub: Hub = Hub()
