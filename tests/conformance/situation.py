"""What is set up and played: routers under test on cables, and the part of the tester at the other end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tests.conformance.tester import Tester

Play: TypeAlias = Callable[["Tester"], Awaitable[None]]

SITUATIONS: dict[str, "Situation"] = {}
"""All there are, by name; filled by the modules of ``situations``."""


@dataclass(frozen=True, slots=True)
class Cable:
    """The addresses on one cable; ``number`` tells it from all others of the same daemon."""

    number: int

    @property
    def words(self) -> dict[str, str]:
        """What ``$word`` stands for in configurations and commands."""
        return {
            "interface": self.interface,
            "net": f"10.9.{self.number}",
            "net6": f"2001:db8:{self.number:x}",
            "link6": f"fe80:0:0:0:{self.number:x}:",
            "own": self.address,
            "own6": self.address6,
            "peer": self.peer,
            "peer6": self.peer6,
            "vip": self.virtual,
            "vip6": self.virtual6,
        }

    @property
    def interface(self) -> str:
        """The router's interface."""
        return f"w{self.number}"

    @property
    def far_interface(self) -> str:
        """The tester's interface."""
        return f"t{self.number}"

    @property
    def mac(self) -> str:
        return f"02:00:00:00:{self.number:02x}:01"

    @property
    def far_mac(self) -> str:
        return f"02:00:00:00:{self.number:02x}:02"

    @property
    def address(self) -> str:
        return f"10.9.{self.number}.20"

    @property
    def address6(self) -> str:
        """Link-local, as the kernel derives it from the MAC."""
        return f"fe80::ff:fe00:{self.number:x}01"

    @property
    def peer(self) -> str:
        """The tester's address, above the router's."""
        return f"10.9.{self.number}.30"

    @property
    def peer6(self) -> str:
        return f"fe80::ff:fe00:{self.number:x}02"

    @property
    def virtual(self) -> str:
        """The first virtual address."""
        return f"10.9.{self.number}.200"

    @property
    def virtual6(self) -> str:
        return f"fe80::{self.number:x}:200"

    def fill(self, text: str) -> str:
        """Put the addresses of this cable into a text."""
        return Template(text).safe_substitute(self.words)


@dataclass(frozen=True, slots=True)
class Router:
    """One virtual router of the daemon under test."""

    version: int = 3
    priority: int | None = 100
    """None: not configured."""
    advert_int: float = 0.2
    vrid: int = 51
    family: int = 4
    addresses: tuple[str, ...] = ()
    """Lines of virtual_ipaddress; default: the first virtual address of the cable and family."""
    options: str = ""
    """More lines of the instance."""
    cable: int = 0
    """Which one of the situation's."""

    def lines(self, cable: Cable) -> tuple[str, ...]:
        """Return the lines of virtual_ipaddress."""
        default = "$vip/24" if self.family == 4 else "$vip6/64"
        return tuple(cable.fill(line) for line in self.addresses or (default,))

    def advertised(self, cable: Cable) -> tuple[str, ...]:
        """Return the virtual addresses without anything around them."""
        return tuple(line.split()[0].split("/")[0] for line in self.lines(cable))

    def text(self, name: str, cable: Cable) -> str:
        """Return its ``vrrp_instance`` block."""
        state = "" if "state " in self.options else "state BACKUP"
        priority = "" if self.priority is None else f"priority {self.priority}"
        addresses = "\n        ".join(self.lines(cable))
        return f"""
vrrp_instance {name} {{
    {state}
    interface {cable.interface}
    virtual_router_id {self.vrid}
    {priority}
    version {self.version}
    advert_int {self.advert_int:g}
    {cable.fill(self.options)}
    virtual_ipaddress {{
        {addresses}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Situation:
    """One play: what is set up, and what the tester does."""

    name: str
    play: Play
    routers: tuple[Router, ...]
    bench: str
    """Situations with the same word here share a daemon."""
    cables: int
    prepare: str
    """Commands of ip(8), one a line, in the router's namespace, before the daemon starts."""
    kernel: str
    """Settings ``path=value`` below /proc/sys, one a line, of the router's host."""
    more: str
    """Configuration outside the instances."""

    @property
    def needs_ipv6(self) -> bool:
        return any(router.family == 6 for router in self.routers) or "$net6" in self.prepare

    def instance(self, number: int) -> str:
        """Return the name of a router of it in the configuration."""
        return self.name if number == 0 else f"{self.name}_{number + 1}"


def situation(
    *routers: Router, bench: str, cables: int = 1, prepare: str = "", kernel: str = "", more: str = ""
) -> Callable[[Play], Play]:
    """Decorates what the tester does; the situation has the function's name."""

    def register(play: Play) -> Play:
        name = play.__name__
        assert name not in SITUATIONS, f"two situations are called {name}"
        SITUATIONS[name] = Situation(name, play, routers or (Router(),), bench, cables, prepare, kernel, more)
        return play

    return register
