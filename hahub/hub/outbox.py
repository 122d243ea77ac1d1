"""Messages that wait to be sent: their values, and their order within one channel.

One lane per instance or group:

    VI_1   MASTER > BACKUP > MASTER      strictly in order, only the first one is ever tried
    VI_2   FAULT                         does not wait for VI_1
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hahub.hub.clock import Moment
from hahub.model import Transition

ANYONE = ""
"""Recipient of a message of a channel that could not be made: becomes the channel's recipients later."""


class Status(StrEnum):
    """What became of a message for one recipient."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    """Refused by the other side."""
    EXPIRED = "expired"
    """Still not sent when its time to live was over."""
    REPLACED = "replaced"
    """Stood for recipients who were not known yet, and now are."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel has to tell about one transition."""

    key: str
    """Idempotency key, the same on every attempt."""
    channel: str
    transition: Transition
    received: Moment
    """When the hub learned of the transition."""
    recipients: tuple[str, ...]
    """Those who have not got it."""
    attempts: int = 0
    maybe_repeat: bool = False
    """An earlier attempt may have arrived."""
    not_before: float = 0.0
    """UTC, seconds since the epoch: the next attempt, as far as a restart has to know."""

    @property
    def lane(self) -> tuple[str, str]:
        return self.transition.kind.value, self.transition.name

    @property
    def happened(self) -> Moment:
        """When the transition happened: the core that told it lived under the same kernel as the hub."""
        return Moment(self.transition.at, self.transition.monotonic, self.received.host_boot)


@dataclass(frozen=True, slots=True)
class Entry:
    """A transition and the messages it causes: what is journalled in one commit."""

    transition: Transition
    received: Moment
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a message for one recipient, as the journal keeps it."""

    message: Message
    recipient: str
    status: Status
    error: str = ""
    reference: str = ""
    """The other side's name for the message, if it gave one."""


@dataclass(slots=True)
class _Waiting:
    message: Message
    due: float


class Lanes:
    """The waiting messages of one channel. Times are in whatever clock the caller uses, in seconds."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], deque[_Waiting]] = {}
        self._keys: set[str] = set()
        self._silent_until = float("-inf")

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Message]:
        return (waiting.message for lane in self._lanes.values() for waiting in lane)

    def add(self, message: Message, due: float) -> None:
        """Put a message at the end of its lane, unless it waits already."""
        if message.key not in self._keys:
            self._keys.add(message.key)
            self._lanes.setdefault(message.lane, deque()).append(_Waiting(message, due))

    def first(self, now: float) -> Message | None:
        """The message to try now: of the lanes' first ones, the one due for the longest time."""
        lane = min(self._heads(), key=lambda head: head.due, default=None)
        if lane is None or max(lane.due, self._silent_until) > now:
            return None
        return lane.message

    @property
    def next_due(self) -> float | None:
        """When ``first`` will have an answer; None when nothing waits."""
        due = min((head.due for head in self._heads()), default=None)
        return None if due is None else max(due, self._silent_until)

    def put_back(self, message: Message, due: float) -> None:
        """The first message of its lane stays there and is due again later; its value may have changed."""
        self._lanes[message.lane][0] = _Waiting(message, due)

    def remove(self, message: Message) -> None:
        """The first message of its lane is done with."""
        lane = self._lanes[message.lane]
        lane.popleft()
        self._keys.discard(message.key)
        if not lane:
            del self._lanes[message.lane]

    def silence(self, until: float) -> None:
        """Nothing of this channel is due before ``until``."""
        self._silent_until = max(self._silent_until, until)

    def hurry(self, now: float) -> None:
        """Everything that waits for another attempt is due now, unless the channel has to be silent."""
        for head in self._heads():
            head.due = min(head.due, now)

    def _heads(self) -> Iterable[_Waiting]:
        return (lane[0] for lane in self._lanes.values())
