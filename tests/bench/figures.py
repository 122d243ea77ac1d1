"""What is measured, how often, and what hahub has to reach: the table behind ``make bench``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tests.bench import footprints, takeovers
from tests.bench.arithmetic import Target
from tests.bench.takeovers import Departure, Samples


@dataclass(frozen=True, slots=True)
class Unit:
    """How the samples of a figure are shown."""

    name: str
    per_base: float
    """Of these in one of the base unit: 1000 for milliseconds."""


MILLISECONDS = Unit("ms", 1000.0)
MEGABYTES = Unit("MB", 1e-6)
PERCENT = Unit("% of a core", 100.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result."""

    name: str
    title: str
    unit: Unit = MILLISECONDS
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of everything."""

    trials: int
    """Turns that each daemon has, one after the other."""
    rounds: int
    """Takeovers in one turn where they are quick; others have a share of it."""
    routers: int
    addresses: int
    seconds: float
    """That processor time and intervals are looked at."""


FULL = Counts(trials=3, rounds=20, routers=250, addresses=200, seconds=10.0)
QUICK = Counts(trials=1, rounds=6, routers=250, addresses=200, seconds=3.0)

Run = Callable[[str], Samples]
"""Contender -> samples by figure name."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One function that yields some figures; ``make`` gives it the counts."""

    name: str
    make: Callable[[Counts], Run]
    figures: tuple[Figure, ...]


def _at_most(ratio: float, statistic: str = "median") -> tuple[Target, ...]:
    return (Target(statistic, ratio_max=ratio),)


_OVERSHOOT = (Target("median", ratio_max=1.5), Target("p99", value_max=0.0015))


def _overshoot(name: str, title: str, *, version: int, advert_int: float) -> Measure:
    slow = advert_int >= 1.0

    def make(counts: Counts) -> Run:
        # Seconds of waiting are shared by several routers, a moment apart.
        routers, rounds = (10, max(1, counts.rounds // 15)) if slow else (1, counts.rounds)
        return partial(
            takeovers.overshoot, figure=name, version=version, advert_int=advert_int, routers=routers, rounds=rounds
        )

    figures = tuple(
        Figure(f"{name} {departure}", f"overshoot, {title}, master {departure}", MILLISECONDS, _OVERSHOOT)
        for departure in Departure
    )
    return Measure(name, make, figures)


def _reaction() -> Measure:
    title = "first advert to"
    return Measure(
        "reaction",
        lambda counts: partial(takeovers.reaction, figure="reaction", rounds=counts.rounds),
        (
            Figure("reaction address", f"{title} address present", MILLISECONDS, _at_most(1.5)),
            Figure("reaction arp", f"{title} gratuitous ARP", MILLISECONDS, _at_most(1.5)),
            Figure("reaction fifo", f"{title} FIFO line", MILLISECONDS, _at_most(1.5)),
        ),
    )


def _mass() -> Measure:
    title = "all routers fail over"
    return Measure(
        "mass",
        lambda counts: partial(
            takeovers.mass_failover, figure="mass", routers=counts.routers, rounds=max(2, counts.rounds // 5)
        ),
        (
            Figure("mass fifo", f"{title}: first advert to last FIFO line", MILLISECONDS, _at_most(0.5)),
            Figure("mass address", f"{title}: first advert to last address"),
            Figure("mass overshoot", f"{title}: largest overshoot", MILLISECONDS, _at_most(1.0)),
        ),
    )


def _many_addresses() -> Measure:
    title = "many addresses: first advert to"
    return Measure(
        "addresses",
        lambda counts: partial(
            takeovers.many_addresses, figure="addresses", addresses=counts.addresses, rounds=max(2, counts.rounds // 5)
        ),
        (
            Figure("addresses address", f"{title} last address", MILLISECONDS, _at_most(0.5)),
            Figure("addresses arp", f"{title} last gratuitous ARP"),
            Figure("addresses fifo", f"{title} FIFO line"),
        ),
    )


def _cpu(role: str, function: Callable[..., Samples], advert_int: float, ratio: float) -> Measure:
    name = f"cpu {role} {advert_int:g} s"

    def make(counts: Counts) -> Run:
        return partial(function, figure=name, routers=counts.routers, advert_int=advert_int, seconds=counts.seconds)

    return Measure(name, make, (Figure(name, f"CPU of {role}, {advert_int:g} s", PERCENT, _at_most(ratio)),))


def _interval() -> Measure:
    def make(counts: Counts) -> Run:
        return partial(
            footprints.advert_interval,
            figure="interval",
            routers=counts.routers,
            advert_int=0.1,
            seconds=counts.seconds,
        )

    return Measure(
        "interval", make, (Figure("interval", "advert interval error, 100 ms", MILLISECONDS, _at_most(1.0, "p99")),)
    )


def _memory(name: str, routers: Callable[[Counts], int], title: str) -> Measure:
    def make(counts: Counts) -> Run:
        return partial(footprints.memory, figure=name, routers=routers(counts))

    vrrp, everything = Target("median", value_max=35e6), Target("median", value_max=110e6)
    return Measure(
        name,
        make,
        (
            Figure(f"{name} vrrp", f"private memory of the VRRP process, {title}", MEGABYTES, (vrrp,)),
            Figure(f"{name} all", f"private memory of all processes, {title}", MEGABYTES, (everything,)),
        ),
    )


def _start(name: str, routers: Callable[[Counts], int], title: str) -> Measure:
    def make(counts: Counts) -> Run:
        return partial(footprints.start, figure=name, routers=routers(counts))

    half_a_second = (Target("median", value_max=0.5),)
    return Measure(
        name,
        make,
        (
            Figure(f"{name} listening", f"exec to listening, {title}", MILLISECONDS, half_a_second),
            Figure(f"{name} master", f"exec to MASTER less Master_Down_Interval, {title}", MILLISECONDS, half_a_second),
        ),
    )


MEASURES: Sequence[Measure] = (
    _overshoot("v3 10 ms", "v3 10 ms", version=3, advert_int=0.01),
    _overshoot("v3 100 ms", "v3 100 ms", version=3, advert_int=0.1),
    _overshoot("v3 1 s", "v3 1 s", version=3, advert_int=1.0),
    _overshoot("v2 1 s", "v2 1 s", version=2, advert_int=1.0),
    _reaction(),
    _mass(),
    _many_addresses(),
    _cpu("master", footprints.cpu_of_master, 0.1, 1.0),
    _cpu("backup", footprints.cpu_of_backup, 0.1, 4.0),
    _cpu("master", footprints.cpu_of_master, 1.0, 3.0),
    _cpu("backup", footprints.cpu_of_backup, 1.0, 10.0),
    _interval(),
    _memory("memory of one", lambda _: 1, "one router"),
    _memory("memory of many", lambda counts: counts.routers, "all routers"),
    _start("start of one", lambda _: 1, "one router"),
    _start("start of many", lambda counts: counts.routers, "all routers"),
)
