"""What was seen in a situation: immutable, all times on the kernel's monotonic clock, in seconds."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tests.conformance.frames import Advert, Arp, Frame, Neighbour
from tests.conformance.situation import Cable, Situation

F = TypeVar("F", bound=Frame)

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the notify FIFO about one instance or group."""

    at: float
    """When it was read: a busy machine reads late."""
    name: str
    state: str
    priority: int


@dataclass(frozen=True, slots=True)
class AddressChange:
    """An address that came to, or went from, an interface of the router."""

    at: float
    address: str
    present: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """One situation, as it went."""

    situation: Situation
    daemon: str
    """hahub or keepalived."""
    cables: tuple[Cable, ...]
    frames: tuple[tuple[Frame, ...], ...]
    """By cable."""
    lines: tuple[Line, ...]
    changes: tuple[AddressChange, ...]
    marks: Mapping[str, float]
    """Moments that the play gave a name; those of frames are the kernel's."""
    notes: Mapping[str, object]
    """What the play found out itself."""
    log: str = field(repr=False)
    failed: str = ""
    """Why the play did not come to its end."""

    @property
    def cable(self) -> Cable:
        return self.cables[0]

    def heard(self, kind: type[F], *, since: float = 0.0, until: float = FOREVER, cable: int = 0) -> list[F]:
        """Return the frames of one kind that the router sent."""
        return [
            frame
            for frame in self.frames[cable]
            if isinstance(frame, kind) and not frame.sent and since < frame.at < until
        ]

    def adverts(
        self, *, since: float = 0.0, until: float = FOREVER, vrid: int = 51, cable: int = 0, family: int | None = None
    ) -> list[Advert]:
        """Return the advertisements that the router sent."""
        return [
            advert
            for advert in self.heard(Advert, since=since, until=until, cable=cable)
            if advert.vrid == vrid and family in (None, advert.family)
        ]

    def announcements(self, *, since: float = 0.0, until: float = FOREVER, cable: int = 0) -> list[Arp]:
        """Return the gratuitous ARP that the router sent."""
        return [arp for arp in self.heard(Arp, since=since, until=until, cable=cable) if arp.sender == arp.target]

    def neighbours(self, kind: int, *, since: float = 0.0, until: float = FOREVER, cable: int = 0) -> list[Neighbour]:
        """Return the router's neighbour solicitations (135) or advertisements (136)."""
        return [each for each in self.heard(Neighbour, since=since, until=until, cable=cable) if each.kind == kind]

    def states(self, router: int = 0) -> list[str]:
        """Return what the FIFO said of one instance."""
        name = self.situation.instance(router)
        return [line.state for line in self.lines if line.name == name]

    def went(self, router: int = 0) -> str:
        """Return the same as a text."""
        return " ".join(self.states(router))

    def when(self, state: str, *, router: int = 0, count: int = 1) -> float:
        """Return when the FIFO said it for the ``count``-th time."""
        name = self.situation.instance(router)
        moments = [line.at for line in self.lines if (line.name, line.state) == (name, state)]
        assert len(moments) >= count, f"{name} was {state} {len(moments)} times: {self.states(router)}"
        return moments[count - 1]

    def held(self, address: str) -> list[bool]:
        """Return the comings (True) and goings of an address."""
        return [change.present for change in self.changes if change.address == address]

    def log_lines(self, *words: str) -> list[str]:
        """Return the lines of the log that hold all these words."""
        return [line for line in self.log.splitlines() if all(word in line for word in words)]


def gaps(adverts: list[Advert]) -> list[float]:
    """Return the seconds between each and the next."""
    return [later.at - earlier.at for earlier, later in itertools.pairwise(adverts)]
