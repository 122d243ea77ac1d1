"""What the processes are told to do: configuration, checked and complete, without any syntax.

Made by ``hahub.config`` from either language; read by core, parent and hub. Frozen, and convertible to JSON
by ``hahub.messages``. Seconds are floats.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """One virtual IPv4 address as it stands on an interface of the master."""

    address: str
    prefix_length: int
    interface: str
    label: str = ""
    """Interface label, at most 15 characters, ``eth0:x``."""
    scope: int = 0
    """rtnetlink scope: 0 global, 200 site, 253 link, 254 host."""
    broadcast: str = ""

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix_length}"


@dataclass(frozen=True, slots=True)
class TrackedScript:
    """How one instance reacts to one ``vrrp_script``."""

    name: str
    weight: int = 0
    """0: failure means FAULT; else added to the priority (positive: while ok, negative: while failed)."""
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """One ``vrrp_instance``, defaults filled in."""

    name: str
    interface: str
    virtual_router_id: int
    priority: int = 100
    version: int = 2
    advert_int: float = 1.0
    preempt: bool = True
    preempt_delay: float = 0.0
    auth_pass: str | None = field(default=None, repr=False)
    """Version 2 only; at most 8 bytes in UTF-8; None for no authentication."""
    virtual_addresses: tuple[VirtualAddress, ...] = ()
    track_scripts: tuple[TrackedScript, ...] = ()
    track_primary: bool = True
    """False for ``dont_track_primary``: the interface may go down without a FAULT."""
    garp_master_delay: float = 5.0
    """Seconds to the second burst of gratuitous ARP; 0 for none."""
    garp_master_repeat: int = 5
    garp_master_refresh: float = 0.0
    """Seconds between refreshing bursts while master; 0 for none."""
    garp_master_refresh_repeat: int = 1
    lower_prio_no_advert: bool = False
    skip_check_adv_addr: bool = False
    notify_priority_changes: bool = False
    notify_deleted: bool = False
    """Report a removal as DELETED; otherwise, as keepalived does, as FAULT."""
    smtp_alert: bool = False

    @property
    def is_owner(self) -> bool:
        return self.priority == 255


@dataclass(frozen=True, slots=True)
class SyncGroupSettings:
    """One ``vrrp_sync_group``: instances that are master together or not at all."""

    name: str
    members: tuple[str, ...]
    """Names of instances, at least one, in configured order."""


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """Everything the VRRP core needs to know."""

    node: str
    instances: tuple[InstanceSettings, ...] = ()
    groups: tuple[SyncGroupSettings, ...] = ()
    startup_delay: float = 0.0
    realtime_priority: int = 50
    """SCHED_FIFO priority, 1-99; 0 for no real-time scheduling."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run, without a shell, as a user."""

    argv: tuple[str, ...]
    user: str = ""
    """User name; empty for the user hahub runs as."""
    group: str = ""
    """Group name; empty for the user's own."""


@dataclass(frozen=True, slots=True)
class CheckScript:
    """A ``vrrp_script``: a command whose exit status decides."""

    name: str
    command: Command
    interval: float = 1.0
    timeout: float = 0.0
    """Seconds; 0 means the interval."""
    rise: int = 1
    fall: int = 1


@dataclass(frozen=True, slots=True)
class NotifyScripts:
    """The scripts of one instance, by the state that runs them."""

    instance: str
    master: Command | None = None
    backup: Command | None = None
    fault: Command | None = None
    stop: Command | None = None
    deleted: Command | None = None
    master_rx_lower_pri: Command | None = None
    any: Command | None = None
    """``notify``: gets four more arguments: INSTANCE|GROUP, name, state, priority."""


@dataclass(frozen=True, slots=True)
class FifoSettings:
    """A notify FIFO and the script that reads it."""

    keyword: str
    """``notify_fifo`` or ``vrrp_notify_fifo``: who to name in messages."""
    path: str
    user: str = ""
    group: str = ""
    script: Command | None = None


@dataclass(frozen=True, slots=True)
class ParentSettings:
    """What the parent runs on behalf of the others."""

    check_scripts: tuple[CheckScript, ...] = ()
    notify_scripts: tuple[NotifyScripts, ...] = ()
    fifos: tuple[FifoSettings, ...] = ()
    """Written in this order."""
    script_timeout: float = 30.0
    """Seconds a notify script may take before its process group is ended."""
    hub_user: str = ""
    """The unprivileged user of the hub; empty: ``hahub`` if there is one, else ``nobody``."""
    stop_grace: float = 5.0
    """Seconds for scripts and deliveries at shutdown."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel: which plugin, and its own settings, validated by the plugin, references resolved."""

    name: str
    type: str
    settings: dict[str, object] = field(default_factory=dict, repr=False)
    instances: tuple[str, ...] | None = None
    """Only transitions of these instances; None for all."""


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Everything the hub needs to know."""

    node: str
    channels: tuple[ChannelSettings, ...] = ()
    stop_grace: float = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, one part per process."""

    core: CoreSettings
    parent: ParentSettings
    hub: HubSettings
