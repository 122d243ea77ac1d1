"""What the processes are told to do: configuration, checked and complete, without any syntax.

Made by ``hahub.config`` from either language; read by core, parent and hub. Frozen, and convertible to JSON
by ``hahub.messages``. Seconds are floats.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from hahub.family import Family, number_of
from hahub.model import Kind


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """One virtual address as it stands on an interface of the master."""

    address: str
    prefix_length: int
    interface: str
    label: str = ""
    """Interface label, at most 15 characters, ``eth0:x``."""
    scope: int = 0
    """rtnetlink scope: 0 global, 200 site, 253 link, 254 host."""
    broadcast: str = ""
    peer: str = ""
    """The other end of a point-to-point link, which the prefix length then belongs to."""
    flags: int = 0
    """``IFA_F_`` flags; 0x200: make no route for the prefix."""
    preferred_lft: int | None = None
    """Seconds that it is preferred as a source; 0: never; None: always."""
    tracked: bool = True
    """Put back when somebody else removes it."""

    @property
    def family(self) -> Family:
        return Family.of(self.address)

    @property
    def number(self) -> int:
        """The address as an unsigned integer."""
        return number_of(self.address)

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix_length}"


@dataclass(frozen=True, slots=True)
class UnicastPeer:
    """One of the other routers of a virtual router that does without multicast."""

    address: str
    min_ttl: int = 0
    """Its packets with a smaller TTL or hop limit are not accepted, nor those with one above ``max_ttl``."""
    max_ttl: int = 255


@dataclass(frozen=True, slots=True)
class Route:
    """One route, IPv4 or IPv6, that comes with the addresses."""

    destination: str
    """``10.0.0.0/8``, ``0.0.0.0/0``, ``2001:db8::/32``; tells the family."""
    type: int = 1
    """rtnetlink type: 1 unicast, 2 local, 6 blackhole, 7 unreachable, 8 prohibit, 9 throw."""
    gateway: str = ""
    interface: str = ""
    source: str = ""
    """The source address of packets that take it."""
    table: int = 254
    metric: int | None = None
    scope: int = 0
    protocol: int = 18
    tos: int = 0
    onlink: bool = False
    metrics: tuple[tuple[int, int], ...] = ()
    """Pairs of an ``RTAX_`` number and its value, such as (2, 1400) for an MTU."""
    tracked: bool = True
    """Put back when somebody else removes it."""

    def __str__(self) -> str:
        via = f" via {self.gateway}" if self.gateway else ""
        return f"route {self.destination}{via}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy routing rule that comes with the addresses."""

    family: int
    """AF_INET or AF_INET6."""
    preference: int
    table: int = 0
    """0 for a rule that looks nothing up."""
    action: int = 1
    """rtnetlink action: 1 look up, 2 goto, 3 nop, 6 blackhole, 7 unreachable, 8 prohibit."""
    source: str = ""
    """A network; empty for all."""
    destination: str = ""
    incoming: str = ""
    """Interface name."""
    outgoing: str = ""
    tos: int = 0
    mark: int | None = None
    mask: int | None = None
    goto: int | None = None
    """Preference of the rule to go on with."""
    suppress_prefix_length: int | None = None
    ip_protocol: int | None = None
    source_ports: tuple[int, int] | None = None
    destination_ports: tuple[int, int] | None = None
    users: tuple[int, int] | None = None
    inverted: bool = False
    """Applies to what does not match."""
    protocol: int = 18
    tracked: bool = True
    """Put back when somebody else removes it."""

    def __str__(self) -> str:
        return f"rule {self.preference}"


class TrackerKind(StrEnum):
    """What a tracker looks at."""

    SCRIPT = "script"
    INTERFACE = "interface"
    PROCESS = "process"
    FILE = "file"


TrackerKey = tuple[TrackerKind, str]
"""A tracker and its name, which is unique among those of its kind."""


@dataclass(frozen=True, slots=True)
class TrackedScript:
    """How one instance reacts to one ``vrrp_script``."""

    name: str
    weight: int = 0
    """0: failure means FAULT; else added to the priority (positive: while ok, negative: while failed)."""
    reverse: bool = False

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.SCRIPT, self.name)


@dataclass(frozen=True, slots=True)
class TrackedInterface:
    """How one instance reacts to an interface that is not its own; ``ok`` is up and running."""

    name: str
    weight: int = 0
    """0: down means FAULT; else as for a script."""
    reverse: bool = False

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.INTERFACE, self.name)


@dataclass(frozen=True, slots=True)
class TrackedProcess:
    """How one instance reacts to one ``vrrp_track_process``; ``ok`` is a number of processes within the quorum."""

    name: str
    weight: int = 1
    """0: not enough or too many mean FAULT; else as for a script."""
    reverse: bool = False

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.PROCESS, self.name)


@dataclass(frozen=True, slots=True)
class TrackedFile:
    """How one instance reacts to the number in one ``track_file``."""

    name: str
    weight: int = 1
    """0: any number but 0 means FAULT; else the number times the weight is added, and FAULT below -253."""
    reverse: bool = False
    """The other sign; with weight 0: the number 0 means FAULT."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.FILE, self.name)


Tracked = TrackedScript | TrackedInterface | TrackedProcess | TrackedFile
"""What an instance can react to beside its own interface."""


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
    source: str = ""
    """Where adverts come from; empty: the primary IPv4 address, or the IPv6 link-local one, of the interface."""
    unicast_peers: tuple[UnicastPeer, ...] = ()
    """Each gets the adverts; none: they go to the multicast group."""
    check_unicast_src: bool = False
    """Adverts are accepted from these peers only."""
    excluded_addresses: tuple[VirtualAddress, ...] = ()
    """They come and go with the others, but no advert names them."""
    routes: tuple[Route, ...] = ()
    """They come after the addresses and go before them."""
    rules: tuple[Rule, ...] = ()
    """They come after the routes and go before them."""
    track_scripts: tuple[TrackedScript, ...] = ()
    track_interfaces: tuple[TrackedInterface, ...] = ()
    track_processes: tuple[TrackedProcess, ...] = ()
    track_files: tuple[TrackedFile, ...] = ()
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
    def all_addresses(self) -> tuple[VirtualAddress, ...]:
        """Those that adverts name, then those that they do not."""
        return (*self.virtual_addresses, *self.excluded_addresses)

    @property
    def family(self) -> Family:
        """Of the adverts: that of the first virtual address, or else of the other routers."""
        known = [*(a.address for a in self.virtual_addresses[:1]), *(p.address for p in self.unicast_peers[:1])]
        return Family.of(known[0]) if known else Family.IPV4

    @property
    def belongings(self) -> tuple[VirtualAddress | Route | Rule, ...]:
        """Everything that comes and goes with mastership, in the order of coming."""
        return (*self.all_addresses, *self.routes, *self.rules)

    @property
    def is_owner(self) -> bool:
        return self.priority == 255

    @property
    def tracked(self) -> tuple[Tracked, ...]:
        """Everything the priority and FAULT depend on beside its own interface."""
        return (*self.track_scripts, *self.track_interfaces, *self.track_processes, *self.track_files)


@dataclass(frozen=True, slots=True)
class SyncGroupSettings:
    """One ``vrrp_sync_group``: instances that are master together or not at all."""

    name: str
    members: tuple[str, ...]
    """Names of instances, at least one, in configured order."""


@dataclass(frozen=True, slots=True)
class StaticSettings:
    """What this host has as long as hahub runs, master or not."""

    addresses: tuple[VirtualAddress, ...] = ()
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def tracked(self) -> "StaticSettings":
        """Those that are put back when somebody else removes them."""
        return StaticSettings(
            tuple(address for address in self.addresses if address.tracked),
            tuple(route for route in self.routes if route.tracked),
            tuple(rule for rule in self.rules if rule.tracked),
        )

    def without(self, other: "StaticSettings") -> "StaticSettings":
        """Those that are not among the others."""
        return StaticSettings(
            tuple(address for address in self.addresses if address not in other.addresses),
            tuple(route for route in self.routes if route not in other.routes),
            tuple(rule for rule in self.rules if rule not in other.rules),
        )


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """Everything the VRRP core needs to know."""

    node: str
    instances: tuple[InstanceSettings, ...] = ()
    groups: tuple[SyncGroupSettings, ...] = ()
    statics: StaticSettings = StaticSettings()
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
    init_fail: bool = False
    """It has failed until ``rise`` runs succeeded; otherwise its first run decides."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.SCRIPT, self.name)


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """A ``track_file``: a file with a number in it."""

    name: str
    path: str
    initial: int | None = None
    """Written into a file that does not exist; None: nothing is."""
    overwrite: bool = False
    """Written into one that exists, too."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.FILE, self.name)


class ParamMatch(StrEnum):
    """Which arguments a process may have to be counted."""

    ANY = "any"
    EXACT = "exact"
    PARTIAL = "partial"
    """The first ones, exactly, and any more."""
    INITIAL = "initial"
    """The first ones, of which the last may go on, and any more."""


@dataclass(frozen=True, slots=True)
class WatchedProcess:
    """A ``vrrp_track_process``: how many processes of a kind there have to be."""

    name: str
    command: str
    """The name of the process; where arguments count, or with ``full_command``, the first word of its command line."""
    arguments: tuple[str, ...] = ()
    match: ParamMatch = ParamMatch.ANY
    full_command: bool = False
    quorum: int = 1
    quorum_max: int | None = None
    """More than these are as bad as too few; None: any number will do."""
    fork_delay: float = 0.0
    """Seconds within the quorum until that is believed."""
    terminate_delay: float = 0.0
    """Seconds outside the quorum until that is believed."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.PROCESS, self.name)


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


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, one part per process."""

    core: CoreSettings
    parent: ParentSettings
    hub: HubSettings
