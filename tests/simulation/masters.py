"""What has to hold of all nodes together: how many masters there are.

Two masters, S the stronger and W the weaker: S advertises at least once in its advert_int, and W yields as soon as it
hears that. So when S and W are awake, no setting of theirs has changed, and every packet from S reaches W, both are
master together for at most

    advert_int of S + how late S's timer may be + how long the packet may take, and wait to be read

counted from the last moment when one of these was not so. If W is an owner that takes no advice, S, an owner too, gives
in after it has heard W, sent two adverts and heard W once more: two intervals of each. As long it may be with
authentication headers, if the number of S is not above that of W, who has not heard it: S has to hear W first.

A packet that takes longer than a sound path allows was sent before that moment, and makes at most another backup take
over: a new pair of masters.

At rest, that is when nothing has gone wrong since a time T, no late packet is on its way, and all interfaces are up:

    T + startup_delay + Master_Down_Interval            there is a master: every backup waits for one that long at most
      + preempt_delay + Master_Down_Interval            the strongest that may preempt has done so
      + 3 * (advert_int + what S and W may be late)     and all others have heard it: there is one master, for ever
        (7 times with an owner that takes no advice)

where Master_Down_Interval is the longest of any node: with the longest advert_int that anybody has had, as it may have
been learned, and the lowest priority.
"""

from typing import TYPE_CHECKING

from hahub.core.bursts import PAUSE_MAX
from hahub.core.turns import TICK
from hahub.model import Cause, State
from hahub.settings import InstanceSettings
from tests.simulation.checks import ROUNDING
from tests.simulation.laws import BrokenLawError, Law
from tests.simulation.router import Router

if TYPE_CHECKING:
    from tests.simulation.host import Host
    from tests.simulation.world import World

Pair = tuple["Host", Router]


class Masters:
    """Watches all nodes. Raises BrokenLawError."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._present: dict[str, list[Pair]] = {}
        """Who is master now, by virtual router."""
        self.adverts_max = 0
        """The largest down_timer_adverts that anybody has had."""
        self.longest_interval: dict[str, float] = {}
        """The longest advert_int that anybody has had, by virtual router."""

    def configured(self, settings: InstanceSettings) -> None:
        known = self.longest_interval.get(settings.name, 0.0)
        self.longest_interval[settings.name] = max(known, settings.advert_int)
        self.adverts_max = max(self.adverts_max, settings.down_timer_adverts)

    def of(self, name: str) -> list[Pair]:
        return self._present.setdefault(name, [])

    # Two masters

    def appeared(self, host: "Host", router: Router) -> None:
        for other in self.of(router.name):
            self._watch((host, router), other)
        self.of(router.name).append((host, router))

    def gone(self, host: "Host", router: Router) -> None:
        self._present[router.name] = [pair for pair in self.of(router.name) if pair[1] is not router]
        router.master_since = float("inf")

    def followed(self, host: "Host", before: Router, after: Router) -> None:
        """Another process goes on with a virtual router."""
        if before.is_master:
            since = before.master_since
            self.gone(host, before)
            after.master_since = since
            self.appeared(host, after)

    def _watch(self, one: Pair, other: Pair) -> None:
        since, bound = self._together(one, other)
        start = since if since != float("inf") else self._world.now
        self._world.at(start + bound + ROUNDING, self._look, one, other)

    def _look(self, one: Pair, other: Pair) -> None:
        """Neither may be master any more, or something happened meanwhile that gives them more time."""
        present = self.of(one[1].name)
        if one not in present or other not in present:
            return
        since, bound = self._together(one, other)
        if self._world.now - since > bound:
            names = f"{one[0].name} and {other[0].name}"
            raise BrokenLawError(
                "two masters", f"{one[1].name}: {names} for {self._world.now - since:.6f} s of {bound:.6f}"
            )
        self._watch(one, other)

    def _together(self, one: Pair, other: Pair) -> tuple[float, float]:
        """Since when the weaker of them should hear the stronger, in world time, and how long that may take."""
        (weaker_host, weaker), (stronger_host, stronger) = sorted((one, other), key=lambda pair: pair[1].strength)
        wire = self._world.wires[stronger.settings.interface]
        since = max(
            weaker.master_since,
            stronger.master_since,
            weaker.changed_at,
            stronger.changed_at,
            wire.path(stronger_host.name, weaker_host.name).sound_since,
            *(host.awake_since for host in (weaker_host, stronger_host)),
            *(host.interfaces[wire.name].sound_since for host in (weaker_host, stronger_host)),
        )
        if weaker.settings.auth_hmac is not None:
            since = max(since, weaker_host.wall_right_since, stronger_host.wall_right_since)
        if not _understand(weaker.settings, stronger.settings):
            since = float("inf")
        once = stronger.settings.advert_int + stronger_host.plan.lateness + TICK + weaker_host.plan.lateness
        if weaker.settings.auth_ah:
            since = max(since, wire.path(weaker_host.name, stronger_host.name).sound_since)
        if weaker.ignores_adverts or weaker.settings.auth_ah:
            once *= 2
            once += 2 * (weaker.settings.advert_int + weaker_host.plan.lateness + TICK + wire.delay_max + PAUSE_MAX)
        return since, once + wire.delay_max + PAUSE_MAX + ROUNDING

    # A living master

    def elected(self, host: "Host", router: Router) -> None:
        """Nobody takes over from a living master that it hears.

        Exceptions: one that preempts a weaker one, an owner, and one whose last master of several has resigned.
        """
        if router.told_cause is Cause.ADDRESS_OWNER or router.oracle.resigned:
            return
        for master_host, master in self.of(router.name):
            since, bound = self._hears(host, router, master_host, master)
            preempts = router.settings.preempt and router.instance.priority > master.instance.priority
            preempts = preempts or router.ignores_adverts
            if not preempts and self._world.now - since > bound:
                text = f"{router.name}: {host.name} takes over from {master_host.name}, which it hears"
                raise BrokenLawError(Law.LIVING_MASTER, f"{text} ({router.told_cause})")

    def _hears(self, host: "Host", router: Router, master_host: "Host", master: Router) -> tuple[float, float]:
        wire = self._world.wires[router.settings.interface]
        since = max(
            master.master_since,
            master.changed_at,
            router.changed_at,
            wire.path(master_host.name, host.name).sound_since,
            host.awake_since,
            master_host.awake_since,
            host.interfaces[wire.name].sound_since,
            master_host.interfaces[wire.name].sound_since,
        )
        if router.settings.auth_hmac is not None:
            since = max(since, host.wall_right_since, master_host.wall_right_since)
        if router.settings.auth_ah or not _understand(router.settings, master.settings):
            since = float("inf")  # who starts again with a lower number is heard when it has heard somebody
        late = master_host.plan.lateness + TICK + host.plan.lateness
        return since, master.settings.advert_int + late + wire.delay_max + PAUSE_MAX + ROUNDING

    # At rest

    def down_interval(self) -> float:
        """The longest time that any backup waits for its master."""
        return max(
            self.adverts_max * self.longest_interval[each.name]
            + max(1.0 * (each.version == 2), self.longest_interval[each.name])
            for host in self._world.hosts
            for each in host.settings.values()
        )

    def settled_after(self) -> tuple[float, float]:
        """Seconds without trouble after which there must be a master, and one only."""
        plans = [host.plan for host in self._world.hosts]
        late = 2 * max(plan.lateness for plan in plans) + TICK + 0.001
        first = max(plan.startup_delay for plan in plans) + self.down_interval() + late
        delays = [each.preempt_delay for host in self._world.hosts for each in host.settings.values()]
        travel = max(wire.delay_max for wire in self._world.wires.values())
        hearing = max(self.longest_interval.values()) + late + travel
        owner = any(
            each.owner_ignore_adverts or each.auth_ah for host in self._world.hosts for each in host.settings.values()
        )
        return first, first + max(delays) + self.down_interval() + late + (7 if owner else 3) * hearing

    def expect_one(self, *, only: bool) -> None:
        """Each virtual router that anybody may serve has a master; only: no other."""
        for name in self._world.router_names:
            able = [pair for pair in self._running(name) if not self._must_be_in_fault(*pair)]
            masters = self.of(name)
            if able and not masters:
                raise BrokenLawError(Law.ONE_MASTER, f"{name}: none, of {[host.name for host, _ in able]}")
            if only:
                self._expect_settled(name, able)

    def _running(self, name: str) -> list[Pair]:
        found = [(host, host.running.routers.get(name)) for host in self._world.hosts if host.running is not None]
        return [(host, router) for host, router in found if router is not None]

    def _expect_settled(self, name: str, able: list[Pair]) -> None:
        for host, router in self._running(name):
            faulty = self._must_be_in_fault(host, router)
            if faulty is not (router.state is State.FAULT) or (not faulty and router.state is State.INIT):
                raise BrokenLawError(Law.FAULT, f"{host.name} {name}: {router.state}")
        masters = self.of(name)
        if len(masters) > 1:
            raise BrokenLawError(Law.ONE_MASTER, f"{name}: {[host.name for host, _ in masters]}")
        for host, router in able:
            if all(self._should_preempt(member) for member in router.companions):
                raise BrokenLawError(Law.PREEMPTION, f"{name}: {host.name} is stronger than {masters[0][0].name}")

    def _should_preempt(self, router: Router) -> bool:
        masters = self.of(router.name)
        stronger = bool(masters) and router.instance.priority > masters[0][1].instance.priority
        return stronger and router.settings.preempt

    def _must_be_in_fault(self, host: "Host", router: Router) -> bool:
        """By its own facts, or those of another member of its sync group."""
        return any(self._has_fault(host, member.settings) for member in router.companions)

    def _has_fault(self, host: "Host", settings: InstanceSettings) -> bool:
        interface = host.interfaces[settings.interface]
        if settings.track_primary and not interface.up:
            return True
        if not interface.addressed and not settings.source:
            return True
        if any(not each.weight and not host.verdicts[each.name] for each in settings.track_scripts):
            return True
        return any(not each.weight and not host.interfaces[each.name].up for each in settings.track_interfaces)


def _understand(one: InstanceSettings, other: InstanceSettings) -> bool:
    """Do their adverts pass each other's checks? Different addresses are refused in version 2, as are intervals."""
    if one.version == 3:
        return True
    same = {each.address for each in one.virtual_addresses} == {each.address for each in other.virtual_addresses}
    return same and one.advert_int == other.advert_int
