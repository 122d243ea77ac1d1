"""The one model of both configuration languages: a field per keyword of keepalived, plus channels and hub.

Each description tells the unit, the default, and where keepalived has it (its source file) when that helps.
"""

from typing import Annotated

from pydantic import ConfigDict, Field

from hahub.config.grammar import Block
from hahub.config.route_lines import RouteLine
from hahub.config.rule_lines import RuleLine
from hahub.config.schema_globals import GarpGroup, GlobalDefs
from hahub.config.schema_instance import Authentication, TrackGroup, VrrpInstance, VrrpSyncGroup
from hahub.config.schema_lines import (
    Fifo,
    OptionalScript,
    Script,
    ScriptWeight,
    SmtpServer,
    TrackScript,
    UnicastPeerLine,
    UpDownDelay,
    UseIpvlan,
    User,
    UseVmac,
    VirtualIp,
)
from hahub.config.schema_trackers import FileDefinition, ProcessDefinition
from hahub.config.values import CommandText, Count, Delay, Flag, Name, Period, UserName, seconds

__all__ = [
    "Authentication",
    "ChannelBlock",
    "Config",
    "Fifo",
    "GarpGroup",
    "GlobalDefs",
    "Hub",
    "OptionalScript",
    "RootLines",
    "Script",
    "ScriptWeight",
    "SmtpServer",
    "Statics",
    "TrackGroup",
    "TrackScript",
    "UnicastPeerLine",
    "UpDownDelay",
    "UseIpvlan",
    "UseVmac",
    "User",
    "VirtualIp",
    "VrrpInstance",
    "VrrpScript",
    "VrrpSyncGroup",
]


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


class RootLines(Statics):
    """Lines that stand in no block but their own."""

    interface_up_down_delays: tuple[UpDownDelay, ...] = Field((), description="when interfaces count as down and up")


class Config(RootLines):
    """Everything, from either language or both."""

    global_defs: GlobalDefs = GlobalDefs()
    garp_group: tuple[GarpGroup, ...] = Field((), description="distances of announcements on some interfaces")
    vrrp_script: dict[Name, VrrpScript] = Field(default_factory=dict)
    vrrp_track_process: dict[Name, ProcessDefinition] = Field(default_factory=dict)
    track_file: dict[Name, FileDefinition] = Field(default_factory=dict)
    track_group: dict[Name, TrackGroup] = Field(default_factory=dict)
    vrrp_instance: dict[Name, VrrpInstance] = Field(default_factory=dict)
    vrrp_sync_group: dict[Name, VrrpSyncGroup] = Field(default_factory=dict)
    channels: dict[Name, ChannelBlock] = Field(default_factory=dict)
    hub: Hub = Hub()
