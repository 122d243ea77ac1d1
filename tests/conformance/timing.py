"""How exact times have to be: adverts have the kernel's stamp, but machines that run tests are busy."""

from tests.conformance.frames import Advert
from tests.conformance.seen import Recording

EARLY = 0.002
"""Seconds: stamps of two frames, and a timer that ends within the same millisecond."""
LATE = 0.1
"""Seconds that a daemon may need to get the processor and take over."""


def skew_time(seen: Recording, *, interval: float | None = None) -> float:
    """Return Skew_Time of the first router of a situation; RFC 3768 and RFC 9568, section 6.1.

    interval: of the master, when it is not the router's own.
    """
    router = seen.situation.routers[0]
    unit = 1.0 if router.version == 2 else interval or router.advert_int
    return (256 - (router.priority or 100)) / 256 * unit


def master_down_interval(seen: Recording, *, interval: float | None = None, adverts: int = 3) -> float:
    """Return Master_Down_Interval, the same way."""
    return adverts * (interval or seen.situation.routers[0].advert_int) + skew_time(seen, interval=interval)


def first_advert(seen: Recording, since: float, *, vrid: int = 51, cable: int = 0) -> Advert:
    """Return the router's first advert after a moment."""
    sent = seen.adverts(since=since, vrid=vrid, cable=cable)
    assert sent, "no advert after it"
    return sent[0]


def takes(measured: float, expected: float, *, early: float = EARLY, late: float = LATE) -> None:
    """Raise AssertionError when a time is not what is expected."""
    assert expected - early <= measured <= expected + late, f"after {measured:.3f} s, expected {expected:.3f} s"


def takes_over(seen: Recording, mark: str, expected: float, *, early: float = EARLY, late: float = LATE) -> None:
    """Raise AssertionError unless the router's first advert comes that long after a moment."""
    since = seen.marks[mark]
    takes(first_advert(seen, since).at - since, expected, early=early, late=late)
