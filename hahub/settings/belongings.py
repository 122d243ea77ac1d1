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
