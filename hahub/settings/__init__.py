"""What the processes are told to do: configuration, checked and complete, without any syntax.

Made by ``hahub.config`` from either language; read by core, parent and hub. Frozen, and convertible to JSON
by ``hahub.messages``. Seconds are floats.
"""

from dataclasses import dataclass

from hahub.settings.belongings import Encap, NextHop, Route, Rule, StaticSettings, VirtualAddress
from hahub.settings.firewall import FirewallSettings
from hahub.settings.instance import CoreSettings, InstanceSettings, LinkDelay, Pacing, SyncGroupSettings, UnicastPeer
from hahub.settings.processes import ChannelSettings, FifoSettings, HubSettings, NotifyScripts, ParentSettings
from hahub.settings.trackers import (
    CheckScript,
    Command,
    ParamMatch,
    Tracked,
    TrackedFile,
    TrackedInterface,
    TrackedProcess,
    TrackedScript,
    TrackerKey,
    TrackerKind,
    WatchedFile,
    WatchedProcess,
)
from hahub.settings.virtual_interfaces import VirtualInterface
from hahub.settings.wire import HmacKey, HmacSettings, WireSettings

__all__ = [
    "ChannelSettings",
    "CheckScript",
    "Command",
    "CoreSettings",
    "Encap",
    "FifoSettings",
    "FirewallSettings",
    "HmacKey",
    "HmacSettings",
    "HubSettings",
    "InstanceSettings",
    "LinkDelay",
    "NextHop",
    "NotifyScripts",
    "Pacing",
    "ParamMatch",
    "ParentSettings",
    "Route",
    "Rule",
    "Settings",
    "StaticSettings",
    "SyncGroupSettings",
    "Tracked",
    "TrackedFile",
    "TrackedInterface",
    "TrackedProcess",
    "TrackedScript",
    "TrackerKey",
    "TrackerKind",
    "UnicastPeer",
    "VirtualAddress",
    "VirtualInterface",
    "WatchedFile",
    "WatchedProcess",
    "WireSettings",
]


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, one part per process."""

    core: CoreSettings
    parent: ParentSettings
    hub: HubSettings
