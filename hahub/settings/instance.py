"""Virtual routers and their sync groups."""

from dataclasses import dataclass, field

from hahub.family import Family
from hahub.settings.belongings import Route, Rule, StaticSettings, VirtualAddress
from hahub.settings.trackers import Tracked, TrackedFile, TrackedInterface, TrackedProcess, TrackedScript
from hahub.settings.virtual_interfaces import VirtualInterface
from hahub.settings.wire import HmacSettings, WireSettings


@dataclass(frozen=True, slots=True)
class UnicastPeer:
    """One of the other routers of a virtual router that does without multicast."""

    address: str
    min_ttl: int = 0
    """Its packets with a smaller TTL or hop limit are not accepted, nor those with one above ``max_ttl``."""
    max_ttl: int = 255


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
    nopreempt_window: float = 30.0
    """Seconds after a takeover in which one that does not preempt leaves its place to a weaker master it hears."""
    down_timer_adverts: int = 3
    """Adverts that may be missed before a master counts as down; every router of the group should have the same."""
    auth_pass: str | None = field(default=None, repr=False)
    """Version 2 only; at most 8 bytes in UTF-8; None for no authentication."""
    auth_ah: bool = False
    """It is the key of an authentication header, which stays secret: ``auth_type AH``. IPv4 only."""
    auth_hmac: HmacSettings | None = None
    """Instead of a password, and for all versions."""
    virtual_addresses: tuple[VirtualAddress, ...] = ()
    source: str = ""
    """Where adverts come from; empty: the primary IPv4 address, or the IPv6 link-local one, of the interface."""
    unicast_peers: tuple[UnicastPeer, ...] = ()
    """Each gets the adverts; none: they go to the multicast group."""
    check_unicast_src: bool = False
    """Adverts are accepted from these peers only."""
    wire: WireSettings = field(default_factory=WireSettings)
    excluded_addresses: tuple[VirtualAddress, ...] = ()
    """They come and go with the others, but no advert names them."""
    routes: tuple[Route, ...] = ()
    """They come after the addresses and go before them."""
    rules: tuple[Rule, ...] = ()
    """They come after the routes and go before them."""
    promote_secondaries: bool = False
    """The kernel keeps the other addresses of a subnet when the first one goes."""
    virtual_interface: VirtualInterface | None = None
    """Of its own: ``use_vmac``, ``use_ipvlan``. Its addresses name the interface they are on."""
    address_interfaces: tuple[VirtualInterface, ...] = ()
    """Those of addresses elsewhere: ``use_vmac_addr``, and ``use_vmac`` of an address."""
    vmac_xmit_base: bool = False
    """Adverts leave by ``interface`` all the same."""
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
    accept: bool = True
    """Packets to the addresses are accepted; False for ``no_accept``, and for ``strict_mode`` unless it says accept."""
    garp_lower_prio_delay: float = 5.0
    """Seconds from the burst that answers a weaker master to another; 0 for none."""
    garp_lower_prio_repeat: int = 5
    """Gratuitous ARP of each of them; 0 for no bursts."""
    garp_extra_if: float = 0.0
    """Seconds between announcements on interfaces of addresses that are not the instance's own; 0 for none."""
    garp_extra_all: bool = True
    """On all of these; False: on virtual MACs only."""
    lower_prio_no_advert: bool = False
    owner_ignore_adverts: bool = False
    """With priority 255: nobody can make it yield."""
    timer_expired_backup: int = 0
    """The highest priority of the others, by which they take over when we stood still; 0: our own."""
    higher_prio_send_advert: bool = False
    """A master that yields to a stronger one sends one advert more."""
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
    def virtual_interfaces(self) -> tuple[VirtualInterface, ...]:
        """All that is made for it, its own first."""
        own = () if self.virtual_interface is None else (self.virtual_interface,)
        return (*own, *self.address_interfaces)

    @property
    def address_interface(self) -> str:
        """The interface that its own addresses are on, those without ``dev``."""
        own = self.virtual_interface
        return own.name if own is not None and own.mac else self.interface

    @property
    def advert_interface(self) -> str:
        """The interface that adverts leave by."""
        own = self.virtual_interface
        return self.interface if own is None or self.vmac_xmit_base else own.name

    @property
    def family(self) -> Family:
        """Of the adverts: that of the first virtual address, or else of the other routers."""
        known = [*(a.address for a in self.virtual_addresses[:1]), *(p.address for p in self.unicast_peers[:1])]
        if known:
            return Family.of(known[0])
        return Family.IPV6 if self.wire.native_ipv6 else Family.IPV4

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
class LinkDelay:
    """How long an interface has to be down, or up, before that is believed; seconds, 0 for at once."""

    interface: str
    down: float = 0.0
    up: float = 0.0


@dataclass(frozen=True, slots=True)
class Pacing:
    """The least distance of two announcements on a wire, in seconds; 0 for none."""

    interfaces: tuple[str, ...] = ()
    """They count as one wire; empty: each interface that is not named elsewhere, by itself."""
    arp: float = 0.0
    """Of gratuitous ARP."""
    neighbour: float = 0.0
    """Of unsolicited neighbour advertisements."""


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
    statics: StaticSettings = field(default_factory=StaticSettings)
    pacing: tuple[Pacing, ...] = ()
    """The first that holds for an interface counts; without one its announcements keep no distance."""
    link_delays: tuple[LinkDelay, ...] = ()
    startup_delay: float = 0.0
    """Seconds after the start in which adverts are not heard; the waiting for a master begins after them."""
    delay_after_boot: float = 0.0
    """The same, counted from the start of the machine; the later of the two ends counts."""
    log_unknown_vrids: bool = False
    """Adverts for virtual routers that are not configured are heard, to be named in the log."""
    realtime_priority: int = 50
    """SCHED_FIFO priority, 1-99; 0 for no real-time scheduling."""
    states_on_reload: bool = False
    """At a reload, the FIFOs get the state of everything that had nothing to report."""
