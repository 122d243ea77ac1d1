"""One virtual router in one life of a process: the state machine, and its packets, encoded beforehand."""

import msgspec

from hahub.model import Cause, State
from hahub.settings import InstanceSettings
from hahub.vrrp import memory as memories
from hahub.vrrp.familiar import Familiar
from hahub.vrrp.instance import Instance
from hahub.vrrp.syncgroup import SyncGroup
from tests.simulation.oracle import ElectionOracle
from tests.simulation.voice import Voice


class Router:
    """Runs one Instance, as ``hahub.core.router`` does."""

    def __init__(
        self, settings: InstanceSettings, *, startup_delay: float, grouped: bool, wall: float, last_sequence: int
    ) -> None:
        """last_sequence: of an authentication header, as the life before left it."""
        self.instance = Instance(settings, startup_delay=startup_delay, grouped=grouped)
        self.name = settings.name
        self.startup_delay = startup_delay
        self.oracle = ElectionOracle(settings)
        self.group: SyncGroup | None = None
        self.companions: tuple[Router, ...] = (self,)
        """The members of its sync group, or itself."""
        self.gathered = False
        """Its group was made of members some of whom ran already: they need not agree at once."""
        self.voice = Voice(wall=wall, last_sequence=last_sequence)
        self.told_of_interface: tuple[bool, int | None] | None = None
        self.told_of_tracked: dict[str, bool] = {}
        self.master_since = float("inf")
        """World time; infinite while it is none."""
        self.changed_at = 0.0
        """World time of the last change of its priority or settings."""
        self.sent_at: float | None = None
        """Monotonic; when the last advert of its mastership went out; None: another interval began, or it slept."""
        self.told_cause: Cause | None = None
        """Why it last changed its state."""
        self.familiar = Familiar()

    @property
    def settings(self) -> InstanceSettings:
        return self.instance.settings

    @property
    def next_deadline(self) -> float | None:
        return self.instance.next_deadline

    @property
    def source(self) -> int | None:
        """Where its adverts come from."""
        return self.voice.source

    @property
    def state(self) -> State:
        return self.instance.state

    @property
    def is_master(self) -> bool:
        return self.instance.state is State.MASTER

    @property
    def ignores_adverts(self) -> bool:
        """An owner that takes no advice."""
        return self.settings.owner_ignore_adverts and self.instance.priority == 255

    @property
    def strength(self) -> tuple[int, int]:
        """Of two masters, the one with less of it yields."""
        return (self.instance.priority, self.source or 0)

    def follow(self, before: "Router") -> None:
        """Go on where the same virtual router in another process has stopped: what it knew comes as JSON."""
        memory = msgspec.json.encode(memories.remember(before.instance))
        memories.recall(self.instance, msgspec.json.decode(memory, type=memories.InstanceMemory))
        self.oracle, self.gathered, self.told_cause = before.oracle, before.gathered, before.told_cause
        self.master_since, self.changed_at = before.master_since, before.changed_at

    def encode(self, source: int | None) -> None:
        """Everything it can send has to be made anew."""
        self.voice.encode(source)
        self.familiar.forget()
