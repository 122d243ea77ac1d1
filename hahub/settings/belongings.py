"""What comes and goes with mastership, or stands on the host for good: addresses, routes, rules."""

from dataclasses import dataclass

from hahub.family import Family, number_of


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

    @property
    def is_group(self) -> bool:
        """Whether it is a multicast group, which no neighbour has to find."""
        return self.number >> 28 == 0xE if self.family is Family.IPV4 else self.number >> 120 == 0xFF

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix_length}"


@dataclass(frozen=True, slots=True)
class Encap:
    """What a route puts around packets."""

    type: int
    """lwtunnel type: 1 MPLS, 2 IPv4, 3 ILA, 4 IPv6."""
    id: int | None = None
    """Tunnel identifier, or the locator of ILA."""
    destination: str = ""
    source: str = ""
    tos: int | None = None
    hop_limit: int | None = None
    flags: int | None = None
    labels: tuple[int, ...] = ()
    """Of MPLS, the outermost first; at least one."""


@dataclass(frozen=True, slots=True)
class NextHop:
    """One of several ways that a route has."""

    gateway: str = ""
    interface: str = ""
    weight: int = 1
    """Its share: 1 to 256."""
    onlink: bool = False
    realms: int = 0
    encap: Encap | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One route, IPv4 or IPv6, that comes with the addresses."""

    destination: str
    """``10.0.0.0/8``, ``0.0.0.0/0``, ``2001:db8::/32``; tells the family."""
    type: int = 1
    """rtnetlink type: 1 unicast, 2 local, 3 broadcast, 4 anycast, 5 multicast, 6 blackhole, 7 unreachable,
    8 prohibit, 9 throw."""
    gateway: str = ""
    """Of the other family too: an IPv4 network may be behind an IPv6 router."""
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
    hops: tuple[NextHop, ...] = ()
    """Several ways in place of ``gateway``."""
    encap: Encap | None = None
    only_from: str = ""
    """IPv6: a network; the route is for packets from there."""
    realms: int = 0
    """IPv4: realm of the source in the upper 16 bits, of the destination in the lower ones."""
    congestion_control: str = ""
    """Name of an algorithm of TCP."""
    preference: int | None = None
    """IPv6: 1 high, 0 medium, 3 low."""
    expires: int | None = None
    """IPv6: seconds."""
    ttl_propagate: bool | None = None
    placing: str = "prepend"
    """Among others to the same network: ``prepend`` before them, ``append`` behind them, ``add`` not beside them."""
    tracked: bool = True
    """Put back when somebody else removes it."""

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Those it needs: its own, then those of its ways, as often as they come."""
        return tuple(name for name in (self.interface, *(hop.interface for hop in self.hops)) if name)

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
    suppress_group: int | None = None
    """Interface group."""
    realms: int = 0
    tunnel: int | None = None
    """Packets that came in by the tunnel with this identifier."""
    l3mdev: bool = False
    """Look in the table of the interface's VRF."""
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
