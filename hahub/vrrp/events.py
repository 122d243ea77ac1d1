"""What can happen to a virtual router: the inputs of its state machine."""

from dataclasses import dataclass

from hahub.model import Reason
from hahub.settings import TrackerKey, TrackerKind
from hahub.vrrp.packet import Advertisement


@dataclass(frozen=True, slots=True)
class Started:
    """Begin. The interface and script facts known so far came before, as events of their own."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Go on as the master that an earlier life of this process was, whose peers have not noticed anything yet."""


@dataclass(frozen=True, slots=True)
class AdvertReceived:
    """A valid advertisement for this virtual router arrived; invalid ones never become events (VR-067)."""

    advert: Advertisement
    source: int
    """Address of the sender as an unsigned integer, for the tie break (VR-095)."""
    source_text: str


@dataclass(frozen=True, slots=True)
class RivalHeard:
    """An advertisement for this virtual router that is not valid, but shows that somebody else serves it."""

    source_text: str
    detail: str
    """What makes it invalid."""


@dataclass(frozen=True, slots=True)
class DeadlineReached:
    """The time ``Instance.next_deadline`` has come."""


@dataclass(frozen=True, slots=True)
class InterfaceChanged:
    """The interface went up or down, or its primary address changed."""

    up: bool
    source: int | None
    """The address that adverts come from, as an unsigned integer; None when the interface has none."""
    detail: str = ""
    """What is down, for people, where it is not simply the interface."""


@dataclass(frozen=True, slots=True)
class ScriptChanged:
    """The verdict on a tracked script changed, or came for the first time."""

    name: str
    succeeded: bool
    detail: str = ""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.SCRIPT, self.name)

    @property
    def value(self) -> int:
        return self.succeeded


@dataclass(frozen=True, slots=True)
class ProcessesChanged:
    """There are enough processes of a tracked kind, or not; or it became known for the first time."""

    name: str
    succeeded: bool
    detail: str = ""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.PROCESS, self.name)

    @property
    def value(self) -> int:
        return self.succeeded


@dataclass(frozen=True, slots=True)
class FileChanged:
    """The number in a tracked file changed, or was read for the first time."""

    name: str
    value: int
    detail: str = ""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.FILE, self.name)


@dataclass(frozen=True, slots=True)
class TrackedInterfaceChanged:
    """A tracked interface, which is not the instance's own, went up or down, or was looked at for the first time."""

    name: str
    up: bool

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.INTERFACE, self.name)

    @property
    def value(self) -> int:
        return self.up

    @property
    def detail(self) -> str:
        return "is up" if self.up else "is down"


TrackerChanged = ScriptChanged | ProcessesChanged | FileChanged | TrackedInterfaceChanged
"""What trackers tell: which of them, its value (True or False for ok or not, or a number), and words for people."""


@dataclass(frozen=True, slots=True)
class MaintenanceChanged:
    """An administrator wants this node to be the last choice, or no longer."""

    on: bool
    detail: str = ""
    """Who and why, if they said."""


@dataclass(frozen=True, slots=True)
class AddressesLost:
    """Somebody else removed virtual addresses that this master holds, or routes or rules that come with them."""

    addresses: tuple[str, ...]
    """In words."""


@dataclass(frozen=True, slots=True)
class RoutesDoubtful:
    """The kernel may have forgotten routes of this master: it does not tell, when an interface goes down."""


@dataclass(frozen=True, slots=True)
class GroupElected:
    """Every member of the sync group wants to be master."""


@dataclass(frozen=True, slots=True)
class GroupYielded:
    """Another member of the sync group is master no more."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class GroupContested:
    """Another member of the sync group has heard a weaker master, which was master of this one's addresses, too."""


@dataclass(frozen=True, slots=True)
class GroupFaulted:
    """A member of the sync group is in FAULT; None: none is any more."""

    reason: Reason | None


@dataclass(frozen=True, slots=True)
class GroupReady:
    """Every member of the sync group has heard what it must have heard to start."""

    owners: bool = False
    """They all own their addresses, and are masters from the start."""


@dataclass(frozen=True, slots=True)
class GroupJoined:
    """From now on a sync group decides when this instance, whatever its state is, may be master."""


@dataclass(frozen=True, slots=True)
class GroupLeft:
    """The instance is on its own again."""


@dataclass(frozen=True, slots=True)
class HostSlept:
    """The host was suspended for so many seconds, in which ``now`` stood still; peers have gone on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Recalled:
    """Another process has handed over, and this one goes on; the world may be another one by now."""


@dataclass(frozen=True, slots=True)
class ShutdownRequested:
    """Leave in good order."""


GroupEvent = GroupReady | GroupJoined | GroupLeft | GroupElected | GroupYielded | GroupContested | GroupFaulted
Event = (
    Started
    | Resumed
    | Recalled
    | HostSlept
    | AdvertReceived
    | RivalHeard
    | DeadlineReached
    | InterfaceChanged
    | TrackerChanged
    | AddressesLost
    | RoutesDoubtful
    | MaintenanceChanged
    | GroupEvent
    | ShutdownRequested
)
