"""What parent and hub are told to do."""

from dataclasses import dataclass, field

from hahub.model import Kind
from hahub.settings.firewall import FirewallSettings
from hahub.settings.trackers import CheckScript, Command, TrackerKey, WatchedFile, WatchedProcess


@dataclass(frozen=True, slots=True)
class NotifyScripts:
    """The scripts of one instance or sync group, by the state that runs them."""

    instance: str
    """Its name; ``kind`` says whether it is one of an instance or of a group."""
    master: Command | None = None
    backup: Command | None = None
    fault: Command | None = None
    stop: Command | None = None
    deleted: Command | None = None
    master_rx_lower_pri: Command | None = None
    any: Command | None = None
    """``notify``: gets four more arguments: INSTANCE|GROUP, name, state, priority."""
    kind: Kind = Kind.INSTANCE


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
    watched_files: tuple[WatchedFile, ...] = ()
    watched_processes: tuple[WatchedProcess, ...] = ()
    notify_scripts: tuple[NotifyScripts, ...] = ()
    fifos: tuple[FifoSettings, ...] = ()
    """Written in this order."""
    firewall: FirewallSettings = field(default_factory=FirewallSettings)
    script_timeout: float = 30.0
    """Seconds a notify script may take before its process group is ended."""
    secret_variables: tuple[str, ...] = ()
    """Environment variables that hold secrets of channels: no script gets them."""
    hub_user: str = ""
    """The unprivileged user of the hub; empty: ``hahub`` if there is one, else ``nobody``."""
    stop_grace: float = 5.0
    """Seconds for scripts and deliveries at shutdown."""

    @property
    def trackers(self) -> frozenset[TrackerKey]:
        """Everything whose verdict the core is told."""
        watched: tuple[CheckScript | WatchedFile | WatchedProcess, ...]
        watched = (*self.check_scripts, *self.watched_files, *self.watched_processes)
        return frozenset(each.tracker for each in watched)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel: which plugin, and its own settings, validated by the plugin, references resolved."""

    name: str
    type: str
    settings: dict[str, object] = field(default_factory=dict, repr=False)
    instances: tuple[str, ...] | None = None
    """Only transitions of these instances; None for all, or for none when ``groups`` names some."""
    groups: tuple[str, ...] | None = None
    """Only transitions of these sync groups; None for all, or for none when ``instances`` names some."""


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Everything the hub needs to know."""

    node: str
    channels: tuple[ChannelSettings, ...] = ()
    stop_grace: float = 5.0
