"""Takeovers: how late, and how soon everything is done. The rival speaks, falls silent or resigns, again and again."""

import time
from enum import StrEnum

from tests.bench.arena import PATIENCE, Arena
from tests.bench.arithmetic import Seen, Takeover, takeover
from tests.bench.plan import virtual_routers

Samples = dict[str, list[float]]
"""Figure name -> its samples, in seconds, bytes, or shares of a processor."""

_ADVERTS = 3
"""That the rival sends before it goes: the first takes mastership, the last counts."""
_ADVERT_PAUSE_MAX = 0.05
_STAGGER = 0.05
"""Seconds between one router and the next, where each is to be seen alone."""
_AFTERWARDS = 0.1


class Departure(StrEnum):
    """How the rival goes."""

    SILENT = "died"
    RESIGNED = "resigned"


def overshoot(contender: str, figure: str, *, version: int, advert_int: float, routers: int, rounds: int) -> Samples:
    """First advert minus the moment that the protocol allows it, one router at a time, both departures."""
    plan = virtual_routers(routers, version=version, advert_int=advert_int)
    samples: Samples = {}
    with Arena(contender, plan) as arena:
        arena.start_as_master()
        for _ in range(rounds):
            for departure in Departure:
                for seen in one_after_the_other(arena, departure):
                    samples.setdefault(f"{figure} {departure}", []).append(seen.overshoot)
    return samples


def reaction(contender: str, figure: str, *, rounds: int) -> Samples:
    """One router at 100 ms: from its first advert to the address, the announcement and the FIFO line."""
    with Arena(contender, virtual_routers(1, advert_int=0.1)) as arena:
        arena.start_as_master()
        seen = [found for _ in range(rounds) for found in one_after_the_other(arena, Departure.SILENT)]
    return {
        f"{figure} address": [max(0.0, one.address_at - one.advert_at) for one in seen],
        f"{figure} arp": [one.arp_at - one.advert_at for one in seen],
        f"{figure} fifo": [one.line_at - one.advert_at for one in seen],
    }


def mass_failover(contender: str, figure: str, *, routers: int, rounds: int) -> Samples:
    """Many routers lose their master within the same milliseconds."""
    samples: Samples = {f"{figure} fifo": [], f"{figure} address": [], f"{figure} overshoot": []}
    with Arena(contender, virtual_routers(routers, advert_int=0.1)) as arena:
        arena.start_as_master()
        for _ in range(rounds):
            seen = all_at_once(arena)
            first = min(one.advert_at for one in seen)
            samples[f"{figure} fifo"].append(max(one.line_at for one in seen) - first)
            samples[f"{figure} address"].append(max(one.address_at for one in seen) - first)
            samples[f"{figure} overshoot"].append(max(one.overshoot for one in seen))
    return samples


def many_addresses(contender: str, figure: str, *, addresses: int, rounds: int) -> Samples:
    """One router with many addresses: from its first advert to the last address, announcement, and the FIFO line."""
    with Arena(contender, virtual_routers(1, advert_int=0.1, addresses=addresses)) as arena:
        arena.start_as_master()
        seen = [found for _ in range(rounds) for found in one_after_the_other(arena, Departure.SILENT)]
    return {
        f"{figure} address": [one.address_at - one.advert_at for one in seen],
        f"{figure} arp": [one.arp_at - one.advert_at for one in seen],
        f"{figure} fifo": [one.line_at - one.advert_at for one in seen],
    }


def one_after_the_other(arena: Arena, departure: Departure) -> list[Takeover]:
    """The rival takes each router and leaves it, with a pause between them; the takeovers that follow."""
    arena.observer.take()
    for router in arena.routers:
        for _ in range(_ADVERTS):
            arena.rival.speak(router)
            time.sleep(min(router.advert_int, _ADVERT_PAUSE_MAX))
        if departure is Departure.RESIGNED:
            arena.rival.resign(router)
        time.sleep(_STAGGER)
    return _read(arena, departure)


def all_at_once(arena: Arena) -> list[Takeover]:
    """The rival takes all routers and falls silent; the takeovers that follow."""
    arena.observer.take()
    for _ in range(_ADVERTS):
        for router in arena.routers:
            arena.rival.speak(router)
        time.sleep(_ADVERT_PAUSE_MAX)
    return _read(arena, Departure.SILENT)


def _read(arena: Arena, departure: Departure) -> list[Takeover]:
    """Keep still until the takeovers should be over, then look what happened."""
    resigned = departure is Departure.RESIGNED
    time.sleep(max(r.skew_time if resigned else r.master_down_interval for r in arena.routers) + _AFTERWARDS)
    seen: Seen = arena.wait_for_state("MASTER", PATIENCE)
    time.sleep(_AFTERWARDS)
    seen += arena.observer.take()
    return [takeover(seen, router, rival="a", host="b") for router in arena.routers]
