"""A sync group at work: what its state machine decides is done by the routers of its members."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from hahub.core.succession import GroupMemory
from hahub.model import State
from hahub.settings import InstanceSettings, SyncGroupSettings
from hahub.vrrp import events
from hahub.vrrp.actions import Report
from hahub.vrrp.syncgroup import Step, SyncGroup

if TYPE_CHECKING:
    from hahub.core.router import Router


class Group:
    """Runs one SyncGroup; every event of a member goes through it."""

    def __init__(
        self,
        settings: SyncGroupSettings,
        routers: Mapping[str, "Router"],
        tell: Callable[[InstanceSettings | SyncGroupSettings, Report], None],
        *,
        state: State = State.INIT,
    ) -> None:
        """routers: all members by name, in configured order; they are joined to this group.

        state: what was last told of a group of this name.
        """
        self.settings = settings
        self._routers = routers
        self._tell = tell
        self._sync = SyncGroup(settings.name, {name: router.instance for name, router in routers.items()}, state=state)
        for router in routers.values():
            router.group = self

    @property
    def state(self) -> State:
        """What was last told of it."""
        return self._sync.state

    def dissolve(self) -> None:
        """Let the members go, who keep their states until somebody decides for them."""
        for router in self._routers.values():
            router.group = None

    def remember(self) -> GroupMemory:
        """What another process needs to go on; the members remember the rest."""
        return GroupMemory(self.settings.name, self.state)

    def start(self, now: float) -> None:
        self._perform(self._sync.start(now))

    def resume(self, now: float) -> None:
        self._perform(self._sync.resume(now))

    def handle(self, name: str, event: events.Event, now: float) -> None:
        """Give an event to a member; the others follow."""
        self._perform(self._sync.handle(name, event, now))

    def reconfigure(self, name: str, settings: InstanceSettings, now: float) -> None:
        """Give a member other settings; the others follow where its state changes."""
        steps = self._sync.reconfigure(name, settings, now)
        self._routers[name].encode()
        self._perform(steps)

    def shutdown(self, now: float) -> None:
        self._perform(self._sync.shutdown(now))

    def _perform(self, steps: list[Step]) -> None:
        for name, actions in steps:
            if name is not None:
                self._routers[name].perform(actions)
                continue
            for action in actions:
                if isinstance(action, Report):
                    self._tell(self.settings, action)
