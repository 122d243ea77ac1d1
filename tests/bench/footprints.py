"""What a daemon costs while nothing happens, how even its adverts are, and how soon it is there."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from tests.bench.arena import PATIENCE, Arena, MeasureError
from tests.bench.arithmetic import Seen, interval_errors
from tests.bench.contenders import PlainKeepalived, cpu_time, private_memory, vrrp_process
from tests.bench.plan import RIVAL_PRIORITY, configuration, virtual_routers
from tests.bench.takeovers import Samples
from tests.lab.recorder import in_namespace

_QUIET = 6.0
"""Seconds after which the second burst of gratuitous ARP is over as well."""
_GROUP = "120000E0"
"""224.0.0.18 as the kernel writes it."""


def cpu_of_master(contender: str, figure: str, *, routers: int, advert_int: float, seconds: float) -> Samples:
    """Share of a processor that the VRRP process of a master needs."""
    with Arena(contender, virtual_routers(routers, advert_int=advert_int)) as arena:
        arena.start_as_master()
        arena.observer.close()
        time.sleep(_QUIET)
        return {figure: [_cpu_share(vrrp_process(arena.daemon), seconds)]}


def cpu_of_backup(contender: str, figure: str, *, routers: int, advert_int: float, seconds: float) -> Samples:
    """The same of a backup; the master is keepalived, whoever is measured."""
    plan = virtual_routers(routers, advert_int=advert_int)
    with Arena(contender, plan) as arena:
        master = PlainKeepalived(arena.rival_host, configuration(plan, priority=RIVAL_PRIORITY))
        master.start()
        arena.look_until(_adverts_of_all(routers, "a"), "master to listen to", PATIENCE)
        arena.start()
        arena.wait_for_state("BACKUP", PATIENCE)
        arena.observer.close()
        time.sleep(_QUIET)
        return {figure: [_cpu_share(vrrp_process(arena.daemon), seconds)]}


def _adverts_of_all(routers: int, host: str) -> Callable[[Seen], bool]:
    def heard(seen: Seen) -> bool:
        return len({advert.virtual_router_id for advert in seen.adverts if advert.host == host}) == routers

    return heard


def _cpu_share(process: int, seconds: float) -> float:
    before, began = cpu_time(process), time.monotonic()
    time.sleep(seconds)
    return (cpu_time(process) - before) / (time.monotonic() - began)


def advert_interval(contender: str, figure: str, *, routers: int, advert_int: float, seconds: float) -> Samples:
    """How far from advert_int the intervals of a master are."""
    with Arena(contender, virtual_routers(routers, advert_int=advert_int)) as arena:
        arena.start_as_master()
        time.sleep(_QUIET)
        arena.observer.take()
        time.sleep(seconds)
        adverts = arena.observer.take().adverts
    return {figure: interval_errors(adverts, host="b", advert_int=advert_int)}


def memory(contender: str, figure: str, *, routers: int) -> Samples:
    """Private memory of the VRRP process, and of all processes."""
    with Arena(contender, virtual_routers(routers)) as arena:
        arena.start_as_master()
        time.sleep(1.0)
        return {
            f"{figure} vrrp": [float(private_memory(vrrp_process(arena.daemon)))],
            f"{figure} all": [float(sum(private_memory(process) for process in arena.host.processes()))],
        }


def start(contender: str, figure: str, *, routers: int) -> Samples:
    """From the start of the command to the first moment at which it hears, and to MASTER of all.

    Master_Down_Interval is taken off from the latter, as nobody can be faster than that.
    """
    with Arena(contender, virtual_routers(routers)) as arena:
        memberships = in_namespace(arena.host.namespace, _open_memberships)
        with memberships:
            arena.start()
            while _GROUP.encode() not in memberships.read():
                if time.monotonic() > arena.started_at + PATIENCE:
                    raise MeasureError(f"{contender} does not listen")
                time.sleep(0.001)
                memberships.seek(0)
            listening_at = time.monotonic()
        seen = arena.wait_for_state("MASTER", PATIENCE)
        firsts: dict[int, float] = {}
        for advert in seen.adverts:
            firsts.setdefault(advert.virtual_router_id, advert.at)
        wait = arena.started_at + max(router.master_down_interval for router in arena.routers)
    return {
        f"{figure} listening": [listening_at - arena.started_at],
        f"{figure} master": [max(firsts.values()) - wait],
    }


def _open_memberships() -> BinaryIO:
    """What multicast groups are joined in the network namespace of this thread; read again from its start."""
    return Path("/proc/thread-self/net/igmp").open("rb")
