"""One virtual router in one life of a process: the state machine, and its packets, encoded beforehand."""

import msgspec

from hahub.family import number_of
from hahub.model import Cause, State
from hahub.settings import InstanceSettings
from hahub.vrrp import memory as memories
from hahub.vrrp.familiar import Familiar
from hahub.vrrp.instance import Instance
from hahub.vrrp.syncgroup import SyncGroup
from hahub.vrrp.wire import group_of, message_of
from tests.simulation.oracle import ElectionOracle
from tests.simulation.wire import Packet, ip_packet

Outgoing = list[tuple[int, Packet]]
"""Destinations, and the packet for each."""


class Router:
    """Runs one Instance, as ``hahub.core.router`` does."""

    def __init__(self, settings: InstanceSettings, *, startup_delay: float, grouped: bool) -> None:
        self.instance = Instance(settings, startup_delay=startup_delay, grouped=grouped)
        self.name = settings.name
        self.startup_delay = startup_delay
        self.oracle = ElectionOracle(settings)
        self.group: SyncGroup | None = None
        self.companions: tuple[Router, ...] = (self,)
        """The members of its sync group, or itself."""
        self.gathered = False
        """Its group was made of members some of whom ran already: they need not agree at once."""
        self.source: int | None = None
        """Where its adverts come from."""
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
        self._packets: dict[int, Outgoing] = {}

    @property
    def settings(self) -> InstanceSettings:
        return self.instance.settings

    @property
    def next_deadline(self) -> float | None:
        return self.instance.next_deadline

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
        self.source = source
        self.familiar.forget()
        self._packets.clear()

    def packets(self, priority: int) -> Outgoing:
        """An advert with this priority, for each destination; none without a source."""
        found = self._packets.get(priority)
        if found is None:
            found = self._packets[priority] = [] if self.source is None else self._encode(priority, self.source)
        return found

    def _encode(self, priority: int, source: int) -> Outgoing:
        settings = self.settings
        family, outgoing = settings.family, []
        for to in [number_of(peer.address) for peer in settings.unicast_peers] or [group_of(settings)]:
            message = message_of(settings, priority, source=source, destination=to, old_checksum=False)
            outgoing.append((to, ip_packet(message, source=source, destination=to, family=family)))
        return outgoing
