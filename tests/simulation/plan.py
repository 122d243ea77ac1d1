"""What a seed stands for: a cluster, how its nodes are configured, and what goes wrong when.

Everything is drawn here, beforehand, so that a part of it can be left out and the rest stays what it was.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hahub.family import Family
from hahub.settings import (
    HmacKey,
    HmacSettings,
    InstanceSettings,
    SyncGroupSettings,
    TrackedInterface,
    TrackedScript,
    UnicastPeer,
    VirtualAddress,
)
from tests.simulation.faults import Fault
from tests.simulation.mishaps import Mishaps

NETWORKS = {Family.IPV4: 0x0A090000, Family.IPV6: 0xFE80 << 112 | 0x900}
HOSTS_MAX = 5


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One host."""

    name: str
    number: int
    """Of its addresses: the higher, the stronger among equals."""
    settings: tuple[InstanceSettings, ...]
    groups: tuple[SyncGroupSettings, ...]
    startup_delay: float
    starts_at: float
    lateness: float
    """How late its timers may be, seconds."""
    monotonic: float
    """What its monotonic clock says at the world's time 0."""
    wall: float

    def source(self, settings: InstanceSettings) -> int:
        """Where the adverts of a virtual router come from."""
        return source_number(settings.interface, settings.family, self.number)

    @property
    def addresses(self) -> tuple[int, ...]:
        """Its own ones, for which somebody may send to it alone."""
        return tuple(dict.fromkeys(self.source(settings) for settings in self.settings))


@dataclass(frozen=True, slots=True)
class Round:
    """Faults, and a time of rest."""

    lasts: float
    """Seconds until everything heals."""
    rest: float
    """Seconds, once all has settled, in which nothing may happen."""
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one seed stands for, but for the fate of each packet and timer."""

    seed: int
    wires: tuple[str, ...]
    delay: tuple[float, float]
    """The shortest and the longest time that a packet takes, seconds."""
    hosts: tuple[HostPlan, ...]
    rounds: tuple[Round, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(fault for each in self.rounds for fault in each.faults)

    def with_faults(self, numbers: Sequence[int]) -> "Plan":
        """The same without all other faults."""
        kept = [replace(r, faults=tuple(f for f in r.faults if f.number in numbers)) for r in self.rounds]
        return replace(self, rounds=tuple(kept))


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sync group or a single virtual router: what is configured alike."""

    group: SyncGroupSettings | None
    members: tuple[InstanceSettings, ...]


def source_number(interface: str, family: Family, number: int) -> int:
    """The address of a host on a wire."""
    return NETWORKS[family] + (int(interface[-1]) << 8) + number


def draw(seed: int) -> Plan:
    """The plan of a seed, always the same."""
    return _Draw(seed).plan()


class _Draw:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = random.Random(f"plan {seed}")
        self._unicast: set[str] = set()
        """Names of virtual routers that do without multicast."""

    def plan(self) -> Plan:
        rng = self._rng
        wires = ("eth0", "eth1") if rng.random() < 0.4 else ("eth0",)
        count = rng.choice((2, 2, 2, 3, 3, 3, 4, 5))
        beat = rng.choice((0.05, 0.1, 0.5, 1.0, 1.0, 1.0, 2.0))
        units = self._units(wires, beat)
        shortest = min(member.advert_int for unit in units for member in unit.members)
        delay = self._delay(shortest)
        lateness = rng.choice((0.0, 0.0005, 0.002)) * min(1.0, shortest)
        numbers = rng.sample(range(1, 20), count)
        hosts = tuple(self._host(index, numbers, units, beat, lateness) for index in range(count))
        mishaps = Mishaps(rng, hosts, wires, beat)
        rounds = []
        for _ in range(rng.choice((1, 1, 2, 3))):
            lasts, faults = mishaps.draw()
            rounds.append(Round(lasts, beat * rng.uniform(1.0, 4.0), faults))
        return Plan(self._seed, wires, delay, hosts, tuple(rounds))

    def _delay(self, shortest: float) -> tuple[float, float]:
        low = shortest * self._rng.choice((0.0001, 0.001, 0.01))
        return low, low * self._rng.choice((1.0, 2.0, 20.0))

    # Virtual routers, as all hosts have them

    def _units(self, wires: tuple[str, ...], beat: float) -> list[_Unit]:
        rng = self._rng
        routers = [self._router(number, wires, beat) for number in range(rng.choice((1, 1, 2, 2, 3)))]
        if len(routers) > 1 and rng.random() < 0.6:
            size = rng.randrange(2, len(routers) + 1)
            together = rng.sample(routers, size)
            alone = [each for each in routers if each not in together]
            group = SyncGroupSettings("G1", tuple(each.name for each in together))
            return [_Unit(group, tuple(together)), *(_Unit(None, (each,)) for each in alone)]
        return [_Unit(None, (each,)) for each in routers]

    def _router(self, number: int, wires: tuple[str, ...], beat: float) -> InstanceSettings:
        rng = self._rng
        family = rng.choice((Family.IPV4, Family.IPV4, Family.IPV6))
        old = family is Family.IPV4 and beat >= 1.0 and rng.random() < 0.6
        wire, name = rng.choice(wires), f"VI_{number + 1}"
        if rng.random() < 0.15:
            self._unicast.add(name)
        return InstanceSettings(
            name,
            wire,
            51 + number,
            version=2 if old else 3,
            advert_int=beat if old else beat * rng.choice((0.5, 1.0, 1.0)) if beat >= 0.1 else beat,
            **self._authentication(old=old),
            virtual_addresses=tuple(virtual_address(family, wire, number, n) for n in range(rng.choice((1, 1, 2, 3)))),
            down_timer_adverts=rng.choice((3, 3, 3, 2, 5)),
            nopreempt_window=rng.choice((30.0, 0.0, 3 * beat)),
            timer_expired_backup=rng.choice((0, 0, 200, 254)),
            garp_master_refresh=rng.choice((0.0, 0.0, 3 * beat)),
            garp_lower_prio_delay=rng.choice((0.0, 5.0, beat)),
            garp_lower_prio_repeat=rng.choice((0, 5, 5)),
            garp_extra_if=rng.choice((0.0, 0.0, 2 * beat)),
            notify_priority_changes=rng.random() < 0.2,
            notify_deleted=rng.random() < 0.3,
        )

    def _authentication(self, *, old: bool) -> dict[str, Any]:
        """None at all, a password, an authentication header, or a trailer."""
        rng = self._rng
        if rng.random() < 0.15:
            keys = (HmacKey(1, bytes(range(32))), HmacKey(2, bytes(range(32, 64))))
            return {"auth_hmac": HmacSettings(keys, active_key=1, time_window=rng.choice((5, 5, 0)))}
        if not old or rng.random() < 0.5:
            return {}
        return {"auth_pass": "secret", "auth_ah": rng.random() < 0.3}

    # One host

    def _host(self, index: int, numbers: Sequence[int], units: list[_Unit], beat: float, lateness: float) -> HostPlan:
        rng = self._rng
        own = [self._configured(unit, index, numbers, beat) for unit in units]
        settings = sorted((each for some in own for each in some), key=lambda each: each.name)
        groups = tuple(unit.group for unit in units if unit.group is not None)
        return HostPlan(
            name="abcde"[index],
            number=numbers[index],
            settings=tuple(settings),
            groups=groups,
            startup_delay=rng.choice((0.0, 0.0, 0.0, 2 * beat)),
            starts_at=rng.choice((0.0, rng.uniform(0.0, 4 * beat))),
            lateness=lateness,
            monotonic=rng.uniform(10.0, 1e6),
            wall=1.7e9,
        )

    def _configured(self, unit: _Unit, index: int, numbers: Sequence[int], beat: float) -> list[InstanceSettings]:
        """What this host makes of a unit; its members are equally strong."""
        rng = self._rng
        priority = rng.choice((1, 50, 99, 100, 100, 101, 150, 200, 254, 255))
        if priority == 255 and rng.random() < 0.5:
            priority = 253
        preempt = rng.random() < 0.6
        delay = rng.choice((0.0, 0.0, beat, 3 * beat)) if preempt else 0.0
        scripts = rng.choice(((), (), (TrackedScript("check"),), (TrackedScript("check", -60),),
                              (TrackedScript("check", 30),), (TrackedScript("check", -254),)))  # fmt: skip
        wires = sorted({member.interface for member in unit.members})
        interfaces: tuple[TrackedInterface, ...] = ()
        if len(wires) > 1 and rng.random() < 0.3:
            interfaces = (TrackedInterface(rng.choice(wires), rng.choice((0, -40))),)
        configured = []
        for member in unit.members:
            interval = member.advert_int
            if member.version == 3 and interval >= 0.02 and rng.random() < 0.1:
                interval *= 2
            each = replace(
                member, priority=priority, preempt=preempt, preempt_delay=delay, advert_int=interval,
                track_scripts=scripts, track_interfaces=interfaces, track_primary=rng.random() > 0.05,
                owner_ignore_adverts=index == 0 and rng.random() < 0.2,
                lower_prio_no_advert=rng.random() < 0.1, higher_prio_send_advert=rng.random() < 0.2,
                skip_check_adv_addr=rng.random() < 0.1,
            )  # fmt: skip
            configured.append(self._peered(each, numbers[index], numbers))
        return configured

    def _peered(self, settings: InstanceSettings, own: int, numbers: Sequence[int]) -> InstanceSettings:
        """With the other hosts as its peers, where multicast is not used."""
        if settings.name not in self._unicast:
            return settings
        family = settings.family
        texts = {number: family.text(source_number(settings.interface, family, number)) for number in numbers}
        peers = tuple(UnicastPeer(text) for number, text in texts.items() if number != own)
        checked = self._rng.random() < 0.5
        return replace(settings, source=texts[own], unicast_peers=peers, check_unicast_src=checked)


def virtual_address(family: Family, wire: str, router: int, number: int) -> VirtualAddress:
    """One of the virtual addresses that there can be."""
    if family is Family.IPV6:
        return VirtualAddress(f"fe80::a:{wire[-1]}{router}{number}", 64, wire)
    return VirtualAddress(f"10.9.{100 + router}.{number + 1}", 24, wire)
