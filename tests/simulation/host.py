"""One simulated host: the kernel below the core's process, the parent above it, and the clock.

What they know outlives the process: addresses and interfaces; configuration, verdicts of trackers, maintenance and
the lifeline.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hahub.model import State
from hahub.settings import InstanceSettings, SyncGroupSettings, VirtualAddress
from tests.simulation.clock import Clock
from tests.simulation.lifeline import Slot
from tests.simulation.plan import HostPlan
from tests.simulation.process import Process
from tests.simulation.wire import Packet

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(slots=True)
class Interface:
    """What the kernel says of one."""

    up: bool = True
    addressed: bool = True
    sound_since: float = 0.0
    """World time since when it is up and has its address; infinite while it is not."""


class Host:
    """One node of the cluster. All the things that can happen to it are methods here."""

    def __init__(self, world: "World", plan: HostPlan) -> None:
        self.world = world
        self.plan = plan
        self.name = plan.name
        self.clock = Clock(plan.monotonic, plan.wall)
        # The kernel's
        self.interfaces = {wire: Interface() for wire in world.wires}
        self.addresses: dict[str, tuple[VirtualAddress, ...]] = {}
        """Virtual addresses as they were added, by virtual router."""
        self.missing: dict[str, tuple[VirtualAddress, ...]] = {}
        """Those of them that somebody else has removed."""
        # The parent's
        self.settings: dict[str, InstanceSettings] = {each.name: each for each in plan.settings}
        self.shelf: dict[str, InstanceSettings] = {}
        """Virtual routers that are not in the configuration now, but will be again."""
        self.groups: tuple[SyncGroupSettings, ...] = plan.groups
        self.verdicts: dict[str, bool] = {"check": True}
        self.maintenance = False
        self.lifeline: dict[str, Slot] = {}
        # What everybody was told, by the name of a virtual router or group
        self.told: dict[str, State] = {}
        self.rivals_told: set[str] = set()
        """Virtual routers of which a second master was told that is not over yet."""
        self.junk: list[object] = []
        """Faults that go on sending it packets."""
        self.process: Process | None = None
        self.asleep = False
        self._suspended_at: float | None = None
        self._wall_error = 0.0
        self.wall_right_since = 0.0
        """World time; infinite while the wall clock is wrong."""
        self.awake_since = float("inf")
        """World time; infinite while no process is running."""

    @property
    def now(self) -> float:
        """Its monotonic clock."""
        return self.clock.monotonic(self.world.now)

    @property
    def wall(self) -> float:
        """Its wall clock."""
        return self.clock.wall(self.world.now)

    @property
    def running(self) -> Process | None:
        """The process, if it is there and awake."""
        return None if self.asleep else self.process

    @property
    def groups_in_force(self) -> tuple[SyncGroupSettings, ...]:
        """Those whose members are all there; others would not pass the check of the configuration."""
        return tuple(group for group in self.groups if self.settings.keys() >= set(group.members))

    # The process

    def start(self) -> None:
        if self.process is None:
            self.awake_since = self.world.now
            self.process = Process(self)
            self.process.start()

    def crash(self) -> None:
        """The process is gone without a word."""
        if self.process is not None:
            self.process.end()
            self.process, self.asleep, self.awake_since, self._suspended_at = None, False, float("inf"), None

    def lose_power(self) -> None:
        """The host is gone; it will boot with nothing but its configuration."""
        self.crash()
        self.addresses, self.missing, self.lifeline = {}, {}, {}
        self.clock.reboot(self.world.now)

    def stop(self) -> None:
        """The process leaves in good order."""
        if self.process is not None:
            self.resume()
            self.process.shutdown()
            self.crash()

    def pause(self) -> None:
        """The process does not run any more, until ``resume``."""
        if self.process is not None:
            self.asleep, self.awake_since = True, float("inf")

    def suspend(self) -> None:
        """The same, and the clock stands still."""
        if self.process is not None and not self.asleep:
            self._suspended_at = self.world.now
        self.pause()

    def leap(self, seconds: float) -> None:
        """The monotonic clock jumps forward; nobody can have kept the time."""
        self.clock.leap(seconds)
        self.awake_since = self.world.now if self.running is not None else self.awake_since
        if self.running is not None:
            self.running.clock_leapt()

    def set_wall(self, seconds: float) -> None:
        """The wall clock is set."""
        self.clock.set_wall(seconds)
        self._wall_error += seconds
        self.wall_right_since = float("inf") if self._wall_error else self.world.now

    def resume(self) -> None:
        if self.process is not None and self.asleep:
            if self._suspended_at is not None:
                self.clock.leap(self._suspended_at - self.world.now)
            self.asleep, self.awake_since, self._suspended_at = False, self.world.now, None
            self.process.resume()

    def succeed(self) -> None:
        """The process that sleeps has handed over; another one goes on in its place."""
        if self.process is not None and self.asleep and self.process.is_settled:
            before, self.process = self.process, Process(self)
            before.retire()
            self.process.follow(before)
        self.resume()

    # News

    def reload(self) -> None:
        """The process is to take ``settings`` and ``groups`` as they are now, as after a SIGHUP."""
        settings, groups = dict(self.settings), self.groups_in_force
        if self.process is not None:
            self.process.tell(lambda process: process.reconfigure(settings, groups))

    def change_interface(self, wire: str, *, up: bool | None = None, addressed: bool | None = None) -> None:
        interface = self.interfaces[wire]
        interface.up = interface.up if up is None else up
        interface.addressed = interface.addressed if addressed is None else addressed
        interface.sound_since = self.world.now if interface.up and interface.addressed else float("inf")
        if self.running is not None:
            self.running.interfaces_changed()

    def judge(self, script: str, *, succeeded: bool) -> None:
        """A tracked script has a new verdict."""
        self.verdicts[script] = succeeded
        if self.process is not None:
            self.process.tell(lambda process: process.judged(script, succeeded=succeeded))

    def maintain(self, *, on: bool) -> None:
        self.maintenance = on
        if self.process is not None:
            self.process.tell(lambda process: process.maintained(on=on))

    def lose_address(self, router: str) -> None:
        """Somebody else takes a virtual address off, if it is there."""
        held = self.addresses.get(router, ())
        if not held:
            return
        self.missing[router] = held[:1]
        if self.process is not None:
            self.process.tell(lambda process: process.addresses_checked(router))

    def arrive(self, wire: str, packet: Packet) -> None:
        """A packet is at the interface."""
        if self.process is not None and self._suspended_at is None and self.interfaces[wire].up:
            self.process.loop.packet_arrived(wire, packet)
