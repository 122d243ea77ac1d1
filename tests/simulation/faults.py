"""Everything that can go wrong, or be changed, while a cluster runs."""

import dataclasses
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hahub.settings import SyncGroupSettings
from tests.simulation.junk import junk
from tests.simulation.wire import Impairment, Path

if TYPE_CHECKING:
    from tests.simulation.host import Host
    from tests.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that begins, and ends after a while, or when all heals."""

    number: int = 0
    """In its plan; shared by those that belong together, such as the same reload of every host."""
    at: float
    """Seconds after the begin of its round."""
    lasts: float | None = None
    """Seconds; None: until all heals."""

    def begin(self, world: "World") -> None:
        raise NotImplementedError

    def end(self, world: "World") -> None:
        """Nothing, where what was changed stays so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireFault(Fault):
    """Paths between some hosts and some others are not what they should be; None: all hosts."""

    wires: tuple[str, ...]
    impairment: Impairment
    senders: tuple[str, ...] | None = None
    receivers: tuple[str, ...] | None = None
    both_ways: bool = False

    def __str__(self) -> str:
        changed = dataclasses.asdict(self.impairment).items()
        what = ", ".join(f"{name}={value:.3g}" for name, value in changed if value)
        who = f"{','.join(self.senders or ('all',))} {'<' * self.both_ways}-> {','.join(self.receivers or ('all',))}"
        return f"{'+'.join(self.wires)} {who}: {what}"

    def begin(self, world: "World") -> None:
        for name in self.wires:
            for path in self._paths(world, name):
                path.impair(self.impairment)

    def end(self, world: "World") -> None:
        for name in self.wires:
            sound_at = max(world.now, world.wires[name].late_until)
            for path in self._paths(world, name):
                path.repair(self.impairment, sound_at)

    def _paths(self, world: "World", wire: str) -> list[Path]:
        paths = world.wires[wire].paths(self.senders, self.receivers)
        return paths + world.wires[wire].paths(self.receivers, self.senders) if self.both_ways else paths


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFault(Fault):
    """Something that happens to one host."""

    host: str

    def __str__(self) -> str:
        lasts = f" for {self.lasts:.4g} s" if self.lasts is not None else ""
        return f"{self.host}: {self._what()}{lasts}"

    def _what(self) -> str:
        return type(self).__name__.lower()

    def begin(self, world: "World") -> None:
        self.strike(self._host(world))

    def end(self, world: "World") -> None:
        self.cease(self._host(world))

    def _host(self, world: "World") -> "Host":
        return next(host for host in world.hosts if host.name == self.host)

    def strike(self, host: "Host") -> None:
        raise NotImplementedError

    def cease(self, host: "Host") -> None:
        """Nothing, where what was changed stays so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(HostFault):
    """The process does not run: SIGSTOP, or a host without processor time."""

    def strike(self, host: "Host") -> None:
        host.pause()

    def cease(self, host: "Host") -> None:
        host.resume()


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession(HostFault):
    """One process hands over to the next, which needs a moment for it; nobody may notice."""

    def strike(self, host: "Host") -> None:
        host.pause()

    def cease(self, host: "Host") -> None:
        host.succeed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(HostFault):
    """The host's adverts with priority 0 arrive once more, held up somewhere or kept by somebody."""

    def _what(self) -> str:
        return "seems to resign"

    def strike(self, host: "Host") -> None:
        if host.process is not None:
            for wire, destination, packet in host.process.resignations():
                host.world.send(host, wire, packet, destination)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend(HostFault):
    """The host sleeps, its monotonic clock with it, as CLOCK_MONOTONIC does on Linux."""

    def strike(self, host: "Host") -> None:
        host.suspend()

    def cease(self, host: "Host") -> None:
        host.resume()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLeap(HostFault):
    """The monotonic clock jumps forward."""

    seconds: float

    def _what(self) -> str:
        return f"monotonic clock jumps by {self.seconds:.4g} s"

    def strike(self, host: "Host") -> None:
        host.leap(self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class WallClockSet(HostFault):
    """The wall clock is set, forward or back, until somebody puts it right."""

    seconds: float

    def _what(self) -> str:
        return f"wall clock is set by {self.seconds:.4g} s"

    def strike(self, host: "Host") -> None:
        host.set_wall(self.seconds)

    def cease(self, host: "Host") -> None:
        host.set_wall(-self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash(HostFault):
    """The process dies by SIGKILL, and is started again."""

    def strike(self, host: "Host") -> None:
        host.crash()

    def cease(self, host: "Host") -> None:
        host.start()


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLoss(HostFault):
    """The host is gone, and boots."""

    def strike(self, host: "Host") -> None:
        host.lose_power()

    def cease(self, host: "Host") -> None:
        host.start()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(HostFault):
    """The daemon is stopped in good order, and started again."""

    def strike(self, host: "Host") -> None:
        host.stop()

    def cease(self, host: "Host") -> None:
        host.start()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDown(HostFault):
    """An interface goes down, or loses its carrier."""

    wire: str

    def _what(self) -> str:
        return f"{self.wire} is down"

    def strike(self, host: "Host") -> None:
        host.change_interface(self.wire, up=False)

    def cease(self, host: "Host") -> None:
        host.change_interface(self.wire, up=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceGone(HostFault):
    """An interface loses the address that adverts come from."""

    wire: str

    def _what(self) -> str:
        return f"{self.wire} has no address"

    def strike(self, host: "Host") -> None:
        host.change_interface(self.wire, addressed=False)

    def cease(self, host: "Host") -> None:
        host.change_interface(self.wire, addressed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRemoved(HostFault):
    """Somebody takes a virtual address off."""

    router: str

    def _what(self) -> str:
        return f"somebody removes an address of {self.router}"

    def strike(self, host: "Host") -> None:
        host.lose_address(self.router)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFails(HostFault):
    """A tracked script fails; without an end it goes on to."""

    recovers: bool = True

    def _what(self) -> str:
        return "the tracked script fails"

    def strike(self, host: "Host") -> None:
        host.judge("check", succeeded=False)

    def cease(self, host: "Host") -> None:
        if self.recovers:
            host.judge("check", succeeded=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class InMaintenance(HostFault):
    """An administrator makes the host the last choice; perhaps beyond the end of the round."""

    recovers: bool = True

    def _what(self) -> str:
        return "maintenance"

    def strike(self, host: "Host") -> None:
        host.maintain(on=True)

    def cease(self, host: "Host") -> None:
        if self.recovers:
            host.maintain(on=False)


_STRENGTH = ("priority", "preempt", "preempt_delay", "track_scripts", "track_interfaces")
"""Settings that members of a sync group have to share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload(HostFault):
    """Other settings: of one virtual router on one host, and where it has to be so its group; or other groups."""

    router: str = ""
    changes: tuple[tuple[str, object], ...] = ()
    removed: bool = False
    """The virtual router is gone until the fault ends."""
    groups: tuple[SyncGroupSettings, ...] | None = None

    def _what(self) -> str:
        if self.groups is not None:
            return f"reload: groups {[group.members for group in self.groups]}"
        if self.removed:
            return f"reload: {self.router} is removed"
        changes = {name: value if isinstance(value, int | float) else "..." for name, value in self.changes}
        return f"reload: {self.router} {changes}"

    def strike(self, host: "Host") -> None:
        changes: dict[str, Any] = dict(self.changes)
        if self.groups is not None:
            host.groups = self.groups
            self._align(host)
        for name in self._changed(host):
            for kept in (host.settings, host.shelf):
                if name in kept:
                    kept[name] = dataclasses.replace(kept[name], **changes)
        if self.removed and self.router in host.settings:
            host.shelf[self.router] = host.settings.pop(self.router)
        self._reload(host)

    def _changed(self, host: "Host") -> tuple[str, ...]:
        """Members of a sync group have to be equally strong, or none can be master."""
        if "priority" not in dict(self.changes):
            return (self.router,)
        return next((group.members for group in host.groups if self.router in group.members), (self.router,))

    def _align(self, host: "Host") -> None:
        for group in host.groups:
            first = host.settings.get(group.members[0]) or host.shelf[group.members[0]]
            alike: dict[str, Any] = {name: getattr(first, name) for name in _STRENGTH}
            for name in group.members:
                for kept in (host.settings, host.shelf):
                    if name in kept:
                        kept[name] = dataclasses.replace(kept[name], **alike)

    def cease(self, host: "Host") -> None:
        if self.removed and self.router in host.shelf:
            host.settings[self.router] = host.shelf.pop(self.router)
            self._reload(host)

    def _reload(self, host: "Host") -> None:
        for each in host.settings.values():
            host.world.masters.configured(each)
        host.reload()


@dataclass(frozen=True, slots=True, kw_only=True)
class Junk(HostFault):
    """Packets arrive, again and again, that are no valid adverts; each of a kind that the reception must refuse."""

    router: str
    every: float
    seed: int

    def _what(self) -> str:
        return f"junk for {self.router} every {self.every:.4g} s"

    def strike(self, host: "Host") -> None:
        host.junk.append(self)
        self._send(host, random.Random(self.seed))

    def cease(self, host: "Host") -> None:
        host.junk.remove(self)

    def _send(self, host: "Host", rng: random.Random) -> None:
        settings = host.settings.get(self.router)
        if self not in host.junk or settings is None:
            return
        host.arrive(settings.interface, junk(settings, host.plan.source(settings), rng))
        host.world.at(host.world.now + self.every * (0.5 + rng.random()), self._send, host, rng)
