"""How long nobody was master, and how long two were: computed from what was seen, never from what a daemon says.

A host reigns from its first advertisement with a priority above 0 until one of: its advertisement with priority 0,
the loss of its virtual address, or an incident that we caused ourselves (killed, cable out)::

    a   ########------------#######      # reigns
    b   ------------###########----
                ^^^^        ^^^
                nobody      two masters
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.lab.frames import Advert, GratuitousArp, NeighbourAdvert


@dataclass(frozen=True, slots=True)
class AddressChange:
    """The kernel of a host says that an address came or went."""

    at: float
    host: str
    address: str
    present: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that the test did to a host."""

    at: float
    host: str
    what: str
    ends_reign: bool = False
    """True when the host cannot be master any more from this moment on, whatever it thinks."""


Record = Advert | GratuitousArp | NeighbourAdvert | AddressChange | Incident


@dataclass(frozen=True, slots=True)
class Mastership:
    """What a span of time looked like from outside; seconds."""

    without_master: float
    two_masters: float

    def __str__(self) -> str:
        return f"{self.without_master * 1000:.0f} ms without, {self.two_masters * 1000:.0f} ms with two masters"


@dataclass(frozen=True, slots=True)
class Reign:
    """One host as master, from ``start`` to ``end``."""

    host: str
    start: float
    end: float


def reigns(records: Iterable[Record], *, virtual_router_id: int, address: str, until: float) -> list[Reign]:
    """Return every reign that began before ``until``, in order of its end; unfinished ones end there."""
    started: dict[str, float] = {}
    ended: list[Reign] = []
    for record in sorted(records, key=lambda record: record.at):
        if record.at > until:
            break
        if isinstance(record, Advert) and record.virtual_router_id == virtual_router_id and record.priority:
            started.setdefault(record.host, record.at)
        elif _ends_reign(record, virtual_router_id, address) and record.host in started:
            ended.append(Reign(record.host, started.pop(record.host), record.at))
    return ended + [Reign(host, start, until) for host, start in started.items()]


def _ends_reign(record: Record, virtual_router_id: int, address: str) -> bool:
    match record:
        case Advert():
            return record.virtual_router_id == virtual_router_id and record.priority == 0
        case AddressChange():
            return record.address == address and not record.present
        case Incident():
            return record.ends_reign
        case _:
            return False


def measure(
    records: Sequence[Record], *, since: float, until: float, virtual_router_id: int, address: str
) -> Mastership:
    """Add up the time without a master and the time with more than one, between two moments."""
    spans = reigns(records, virtual_router_id=virtual_router_id, address=address, until=until)
    clipped = [(max(span.start, since), min(span.end, until)) for span in spans if span.end > since]
    moments = sorted({since, until, *(moment for span in clipped for moment in span)})
    without = two = 0.0
    for begin, end in itertools.pairwise(moments):
        masters = sum(1 for start, stop in clipped if start <= begin and stop >= end)
        if masters == 0:
            without += end - begin
        elif masters > 1:
            two += end - begin
    return Mastership(without, two)
