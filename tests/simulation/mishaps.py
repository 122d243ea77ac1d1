"""Drawing what goes wrong in one round."""

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hahub.settings import InstanceSettings, SyncGroupSettings
from tests.simulation import faults
from tests.simulation.faults import Fault
from tests.simulation.wire import Impairment

if TYPE_CHECKING:
    from tests.simulation.plan import HostPlan

Drawer = Callable[[], list[Fault]]


class Mishaps:
    """Draws rounds of faults for some hosts; numbers them through."""

    def __init__(self, rng: random.Random, hosts: Sequence["HostPlan"], wires: tuple[str, ...], beat: float) -> None:
        """beat: the advert_int that things are measured by, seconds."""
        self._rng = rng
        self._hosts = hosts
        self._names = tuple(host.name for host in hosts)
        self._wires = wires
        self._beat = beat
        self._number = 0
        self._lasts = 0.0
        self._everywhere: list[int] = []
        """What is reloaded everywhere in this round."""
        self._kinds: list[tuple[Drawer, int]] = [
            (self._cut, 4),
            (self._impaired, 4),
            (self._replay, 2),
            (self._pause, 4),
            (self._succession, 3),
            (self._clocks, 2),
            (self._death, 5),
            (self._interface, 4),
            (self._address, 2),
            (self._script, 2),
            (self._maintenance, 2),
            (self._reload, 4),
            (self._reload_everywhere, 2),
            (self._junk, 2),
        ]

    def draw(self) -> tuple[float, tuple[Fault, ...]]:
        """How long until all heals, and the faults until then."""
        rng = self._rng
        self._everywhere.clear()
        self._lasts = self._beat * rng.choice((4.0, 8.0, 15.0))
        count = rng.choice((0, 1, 2, 2, 3, 4, 6, 8))
        drawers = rng.choices([kind for kind, _ in self._kinds], [weight for _, weight in self._kinds], k=count)
        numbered = []
        for drawer in drawers:
            self._number += 1
            numbered += [dataclasses.replace(fault, number=self._number) for fault in drawer()]
        return self._lasts, tuple(sorted(numbered, key=lambda fault: fault.at))

    @property
    def _counts_on_clocks(self) -> bool:
        """``anti_replay monotonic``: whose clock was ahead is not heard after its next start, until it is later."""
        hmacs = [settings.auth_hmac for host in self._hosts for settings in host.settings]
        return any(hmac is not None and not hmac.time_window for hmac in hmacs)

    # Parts

    def _when(self) -> dict[str, Any]:
        """A moment of the round, and a time that may be shorter than a packet's way or longer than any timer."""
        rng = self._rng
        lasts = self._beat * rng.choice((rng.uniform(0.0, 0.1), rng.uniform(0.1, 2.0), rng.uniform(2.0, 6.0)))
        return {"at": rng.uniform(0.0, self._lasts * 0.9), "lasts": lasts}

    def _host(self) -> dict[str, Any]:
        return {"host": self._rng.choice(self._names)}

    def _some_wires(self) -> tuple[str, ...]:
        return self._wires if self._rng.random() < 0.5 else (self._rng.choice(self._wires),)

    def _some_hosts(self) -> tuple[str, ...]:
        return tuple(self._rng.sample(self._names, self._rng.randrange(1, len(self._names))))

    def _router(self, host: str) -> InstanceSettings:
        return self._rng.choice(next(each for each in self._hosts if each.name == host).settings)

    # Kinds

    def _cut(self) -> list[Fault]:
        """A partition, or a cut in one direction."""
        some = self._some_hosts()
        others = tuple(name for name in self._names if name not in some)
        fault = faults.WireFault(
            wires=self._some_wires(), impairment=Impairment(cut=True), senders=some, receivers=others,
            both_ways=self._rng.random() < 0.6, **self._when(),
        )  # fmt: skip
        return [fault]

    def _impaired(self) -> list[Fault]:
        rng, beat = self._rng, self._beat
        impairment = rng.choice((
            Impairment(loss=rng.choice((0.1, 0.5, 0.9))),
            Impairment(slow=beat * rng.choice((0.3, 1.0, 4.0))),
            Impairment(slow=beat * rng.choice((0.3, 4.0)), duplicates=0.5),
            Impairment(corrupts=rng.choice((0.2, 1.0))),
            Impairment(loss=0.3, slow=beat, duplicates=0.3, corrupts=0.2),
        ))  # fmt: skip
        senders = self._some_hosts() if rng.random() < 0.3 else None
        return [faults.WireFault(wires=self._some_wires(), impairment=impairment, senders=senders, **self._when())]

    def _replay(self) -> list[Fault]:
        return [faults.Replay(**self._host(), at=self._when()["at"])]

    def _pause(self) -> list[Fault]:
        kind = faults.Pause if self._rng.random() < 0.7 else faults.Suspend
        return [kind(**self._host(), **self._when())]

    def _succession(self) -> list[Fault]:
        when = self._when()
        return [faults.Succession(**self._host(), at=when["at"], lasts=min(when["lasts"], 0.2 * self._beat))]

    def _clocks(self) -> list[Fault]:
        rng = self._rng
        at = self._when()["at"]
        if rng.random() < 0.3 and not self._counts_on_clocks:
            seconds = rng.choice((-10_000_000.0, -3600.0, 3600.0, 10_000_000.0))
            return [faults.WallClockSet(**self._host(), **self._when(), seconds=seconds)]
        return [faults.ClockLeap(**self._host(), at=at, seconds=self._when()["lasts"])]

    def _death(self) -> list[Fault]:
        """Often just within, or just past, the time that peers wait."""
        rng, when = self._rng, self._when()
        kind = rng.choice((faults.Crash, faults.Crash, faults.PowerLoss, faults.Stop))
        if rng.random() < 0.5:
            when["lasts"] = self._beat * rng.uniform(2.7, 4.2)
        return [kind(**self._host(), **when)]

    def _interface(self) -> list[Fault]:
        rng = self._rng
        kind = faults.LinkDown if rng.random() < 0.7 else faults.SourceGone
        return [kind(**self._host(), **self._when(), wire=rng.choice(self._wires))]

    def _address(self) -> list[Fault]:
        host = self._host()
        return [faults.AddressRemoved(**host, at=self._when()["at"], router=self._router(host["host"]).name)]

    def _script(self) -> list[Fault]:
        return [faults.ScriptFails(**self._host(), **self._when(), recovers=self._rng.random() < 0.8)]

    def _maintenance(self) -> list[Fault]:
        return [faults.InMaintenance(**self._host(), **self._when(), recovers=self._rng.random() < 0.8)]

    def _junk(self) -> list[Fault]:
        host, when = self._host(), self._when()
        router = self._router(host["host"])
        every = self._beat * self._rng.choice((0.05, 0.3))
        return [faults.Junk(**host, **when, router=router.name, every=every, seed=self._rng.randrange(1 << 30))]

    # Reloads

    def _reload(self) -> list[Fault]:
        """Of one host: what need not be the same everywhere."""
        rng, host, at = self._rng, self._host(), self._when()["at"]
        router = self._router(host["host"])
        if rng.random() < 0.15:
            return [faults.Reload(**host, **self._when(), router=router.name, removed=True)]
        preempts = rng.random() < 0.5
        changes = rng.choice((
            {"preempt": preempts, "preempt_delay": rng.choice((0.0, self._beat)) if preempts else 0.0},
            {"garp_master_refresh": self._beat, "garp_master_delay": 0.0},
            {"notify_priority_changes": rng.random() < 0.5},
            {"down_timer_adverts": rng.choice((2, 3, 4))},
        ))  # fmt: skip
        drawn: list[Fault] = [faults.Reload(**host, at=at, router=router.name, changes=tuple(changes.items()))]
        if rng.random() < 0.5:
            priority = rng.choice((1, 50, 100, 120, 150, 254, 255))
            changed = (("priority", priority),)
            drawn = [faults.Reload(**host, at=at, router=router.name, changes=changed)]
        return drawn

    def _reload_everywhere(self) -> list[Fault]:
        """One host after the other, with others for a while: advert_int, addresses, or groups."""
        rng = self._rng
        start, spread = self._when()["at"], self._beat * rng.choice((0.01, 1.0, 4.0))
        router = rng.choice(self._hosts[0].settings)
        changes: dict[str, object] = {}
        groups: tuple[SyncGroupSettings, ...] | None = None
        kind = rng.randrange(3)
        if kind in self._everywhere:
            return []  # two at a time could leave hosts with different settings for ever
        self._everywhere.append(kind)
        if kind == 0:
            changes["advert_int"] = router.advert_int * (2 if router.version == 2 else rng.choice((2, 3)))
        elif kind == 1:
            changes["virtual_addresses"] = self._other_addresses(router)
        else:
            groups = self._other_groups()
        return [
            faults.Reload(host=name, at=min(start + rng.uniform(0.0, spread), self._lasts * 0.95),
                          router=router.name, changes=tuple(changes.items()), groups=groups)
            for name in self._names
        ]  # fmt: skip

    def _other_addresses(self, router: InstanceSettings) -> tuple[object, ...]:
        from tests.simulation.plan import virtual_address

        number = int(router.name.rpartition("_")[2]) - 1
        numbers = self._rng.sample(range(5), self._rng.randrange(1, 4))
        return tuple(virtual_address(router.family, router.interface, number, each) for each in numbers)

    def _other_groups(self) -> tuple[SyncGroupSettings, ...]:
        names = [settings.name for settings in self._hosts[0].settings]
        if len(names) < 2 or self._rng.random() < 0.4:
            return ()
        members = self._rng.sample(names, self._rng.randrange(2, len(names) + 1))
        return (SyncGroupSettings("G1", tuple(members)),)
