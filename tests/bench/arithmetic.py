"""From what was seen on the wire, in the kernel and in the FIFO to numbers: pure, and tested."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.bench.plan import VirtualRouter
from tests.lab.frames import Advert, GratuitousArp
from tests.lab.mastership import AddressChange


@dataclass(frozen=True, slots=True)
class FifoLine:
    """One line of the notify FIFO."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that was observed in a span of time, each kind in the order of its coming."""

    adverts: tuple[Advert, ...] = ()
    arps: tuple[GratuitousArp, ...] = ()
    addresses: tuple[AddressChange, ...] = ()
    lines: tuple[FifoLine, ...] = ()

    def __add__(self, later: "Seen") -> "Seen":
        return Seen(
            self.adverts + later.adverts,
            self.arps + later.arps,
            self.addresses + later.addresses,
            self.lines + later.lines,
        )


@dataclass(frozen=True, slots=True)
class Takeover:
    """How one virtual router became master after its rival fell silent or resigned; CLOCK_MONOTONIC, seconds."""

    allowed_at: float
    """When the protocol lets it send: the rival's last advert and Master_Down_Interval, or priority 0 and skew."""
    advert_at: float
    """Its first advert."""
    address_at: float
    """The kernel has told of its last address."""
    arp_at: float
    """The first announcement of its last announced address."""
    line_at: float
    """The FIFO line was read."""

    @property
    def overshoot(self) -> float:
        return self.advert_at - self.allowed_at


class IncompleteError(Exception):
    """Something that belongs to a takeover was not seen."""


def takeover(seen: Seen, router: VirtualRouter, *, rival: str, host: str) -> Takeover:
    """Find the takeover of ``host`` after the last advert of ``rival``. Raises IncompleteError, saying what lacks."""
    last = _last((a for a in seen.adverts if a.host == rival and a.virtual_router_id == router.number), "rival")
    wait = router.skew_time if last.priority == 0 else router.master_down_interval
    own = (a for a in seen.adverts if a.host == host and a.virtual_router_id == router.number)
    advert_at = _first((a.at for a in own if a.priority and a.at > last.at), f"advert of {router.name}")
    added = [c for c in seen.addresses if c.host == host and c.present and c.at > last.at]
    announced = [a for a in seen.arps if a.host == host and a.at > last.at]
    line = f'INSTANCE "{router.name}" MASTER '
    return Takeover(
        allowed_at=last.at + wait,
        advert_at=advert_at,
        address_at=_all_there(((c.address, c.at) for c in added), router.addresses, "address"),
        arp_at=_all_there(((a.address, a.at) for a in announced), router.addresses, "gratuitous ARP for"),
        line_at=_first((s.at for s in seen.lines if s.text.startswith(line) and s.at > last.at), f"line {line}"),
    )


def _all_there(came: Iterable[tuple[str, float]], wanted: Sequence[str], what: str) -> float:
    """When the last of the wanted addresses came for the first time."""
    first: dict[str, float] = {}
    for address, at in came:
        first.setdefault(address, at)
    missing = [address for address in wanted if address not in first]
    if missing:
        raise IncompleteError(f"no {what} {', '.join(missing[:5])}")
    return max(first[address] for address in wanted)


def _first(moments: Iterable[float], what: str) -> float:
    found = min(moments, default=None)
    if found is None:
        raise IncompleteError(f"no {what}")
    return found


def _last(adverts: Iterable[Advert], what: str) -> Advert:
    found = max(adverts, key=lambda advert: advert.at, default=None)
    if found is None:
        raise IncompleteError(f"no advert of the {what}")
    return found


def interval_errors(adverts: Iterable[Advert], *, host: str, advert_int: float) -> list[float]:
    """How far each interval between adverts of one virtual router is from the configured one; seconds."""
    by_router: dict[int, list[float]] = {}
    for advert in adverts:
        if advert.host == host:
            by_router.setdefault(advert.virtual_router_id, []).append(advert.at)
    return [
        abs(later - earlier - advert_int)
        for moments in by_router.values()
        for earlier, later in itertools.pairwise(sorted(moments))
    ]


def quantile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share of all do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(samples: Sequence[float]) -> float:
    return quantile(samples, 0.5)


STATISTICS = {"median": 0.5, "p99": 0.99, "max": 1.0}


@dataclass(frozen=True, slots=True)
class Target:
    """What hahub has to reach: a bound on the ratio to keepalived, or on its own value, or both."""

    statistic: str
    ratio_max: float | None = None
    value_max: float | None = None
    """In the unit of the figure's samples."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One statistic of one figure, of both daemons."""

    statistic: str
    keepalived: float
    hahub: float
    target: Target | None = field(default=None)

    @property
    def ratio(self) -> float:
        """hahub divided by keepalived; infinite where keepalived has nothing."""
        return self.hahub / self.keepalived if self.keepalived else math.inf

    @property
    def met(self) -> bool:
        """True too where there is nothing to meet."""
        target = self.target
        if target is None:
            return True
        ratio_met = target.ratio_max is None or self.ratio <= target.ratio_max
        value_met = target.value_max is None or self.hahub <= target.value_max
        return ratio_met and value_met


def judge(keepalived: Sequence[float], hahub: Sequence[float], targets: Iterable[Target]) -> list[Verdict]:
    """Median and p99 of both, and every other statistic that a target is about."""
    by_statistic = {target.statistic: target for target in targets}
    return [
        Verdict(statistic, quantile(keepalived, share), quantile(hahub, share), by_statistic.get(statistic))
        for statistic, share in STATISTICS.items()
        if statistic in by_statistic or statistic != "max"
    ]
