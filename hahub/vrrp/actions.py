"""What a virtual router wants done: the outputs of its state machine, in the order of doing."""

from dataclasses import dataclass

from hahub.model import Reason, State


@dataclass(frozen=True, slots=True)
class SendAdvert:
    """Send one advertisement with this priority; 0 resigns."""

    priority: int


@dataclass(frozen=True, slots=True)
class AddAddresses:
    """Put all virtual addresses on their interfaces."""


@dataclass(frozen=True, slots=True)
class RestoreAddresses:
    """Put back what somebody removed of addresses, routes and rules, but for those with ``no_track``."""


@dataclass(frozen=True, slots=True)
class RestoreRoutes:
    """Put back routes and rules that may be missing, but for those with ``no_track``."""


@dataclass(frozen=True, slots=True)
class RemoveAddresses:
    """Take all virtual addresses off their interfaces."""


@dataclass(frozen=True, slots=True)
class AnnounceAddresses:
    """Send ``repeat`` gratuitous ARP, or unsolicited neighbour advertisements, for each virtual address."""

    repeat: int


@dataclass(frozen=True, slots=True)
class AnnounceElsewhere:
    """Send one such announcement on each interface of an address that is not the instance's own."""


@dataclass(frozen=True, slots=True)
class Report:
    """Tell everyone: a change of state, or an event in keepalived's sense."""

    state: State
    previous: State
    priority: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log, not worth telling anyone; rate limited by ``topic``."""

    topic: str
    text: str


Action = (
    SendAdvert
    | AddAddresses
    | RestoreAddresses
    | RestoreRoutes
    | RemoveAddresses
    | AnnounceAddresses
    | AnnounceElsewhere
    | Report
    | Note
)
