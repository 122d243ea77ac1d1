"""The words that everything shares: states, kinds, reasons, transitions.

State words are keepalived's own, as its FIFO and scripts say them (keepalived vrrp/vrrp_notify.c).
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a transition is about; the first word of a FIFO line."""

    INSTANCE = "INSTANCE"
    GROUP = "GROUP"


class State(StrEnum):
    """A state, or an event that keepalived reports as if it were one."""

    INIT = "INIT"
    """Before the first report; never told to anyone."""
    BACKUP = "BACKUP"
    MASTER = "MASTER"
    FAULT = "FAULT"
    STOP = "STOP"
    DELETED = "DELETED"
    MASTER_RX_LOWER_PRI = "MASTER_RX_LOWER_PRI"
    MASTER_PRIORITY = "MASTER_PRIORITY"
    BACKUP_PRIORITY = "BACKUP_PRIORITY"
    DUAL_MASTER = "DUAL_MASTER"
    """Another node goes on advertising as master beside this one. Not a word of keepalived's."""
    DUAL_MASTER_OVER = "DUAL_MASTER_OVER"
    """It has stopped, or this node has yielded. Not a word of keepalived's."""

    @property
    def is_event(self) -> bool:
        """True for the words that report something without a change of state."""
        return self in _EVENTS

    @property
    def is_alarm(self) -> bool:
        """True for the events that people are told about, and not only programs."""
        return self in _ALARMS

    @property
    def is_keepalived_word(self) -> bool:
        """True for what keepalived can say, so that readers of the notify FIFO expect it."""
        return self not in _ALARMS


_ALARMS = frozenset({State.DUAL_MASTER, State.DUAL_MASTER_OVER})
_EVENTS = _ALARMS | {State.MASTER_RX_LOWER_PRI, State.MASTER_PRIORITY, State.BACKUP_PRIORITY}


class Cause(StrEnum):
    """Why a transition happened, in one word for machines."""

    STARTED = "started"
    MASTER_DOWN_TIMER = "master_down_timer"
    PRIORITY_ZERO = "priority_zero"
    """The skew timer ran out after the master resigned."""
    ADDRESS_OWNER = "address_owner"
    HIGHER_PRIORITY = "higher_priority"
    HIGHER_ADDRESS = "higher_address"
    LOWER_PRIORITY = "lower_priority"
    """A master heard a weaker master."""
    NOPREEMPT = "nopreempt"
    """A new master leaves its place to a weaker one that has been there all along."""
    RIVAL = "rival"
    """Somebody else advertises for the same virtual router."""
    MAINTENANCE = "maintenance"
    """An administrator wants another node to serve."""
    OVERSLEPT = "overslept"
    """This node was not running for so long that its peers must have taken over."""
    INTERFACE_DOWN = "interface_down"
    NO_SOURCE_ADDRESS = "no_source_address"
    NO_PEERS = "no_peers"
    """Adverts are to go to peers only, and none are configured."""
    SCRIPT_FAILED = "script_failed"
    PROCESS_FAILED = "process_failed"
    """Too few processes of a kind are running, or too many."""
    FILE_FAILED = "file_failed"
    """The number in a tracked file means a fault."""
    FAULT_CLEARED = "fault_cleared"
    SYNC_GROUP = "sync_group"
    """Another member of the group moved, and this one goes with it."""
    ADDRESS_REMOVED = "address_removed"
    """Somebody else deleted a virtual address."""
    PRIORITY_CHANGED = "priority_changed"
    CORE_LOST = "core_lost"
    """The process that spoke VRRP ended without a word."""
    RELOADED = "reloaded"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something happened: a word for machines and the facts for people."""

    cause: Cause
    detail: str = ""
    """For example ``10.9.0.2 advertised priority 150``; empty when the cause says it all."""

    def __str__(self) -> str:
        words = self.cause.value.replace("_", " ")
        return f"{words}: {self.detail}" if self.detail else words


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state of an instance or a group on one node."""

    kind: Kind
    name: str
    state: State
    previous: State
    priority: int
    """Effective priority, 0 for a group."""
    reason: Reason
    node: str
    """The reporting host: router_id, else its host name."""
    boot: str
    """Names one life of the reporting process; (boot, seq) is unique for ever."""
    seq: int
    """1, 2, 3, ... within a boot, without gaps."""
    at: float
    """UTC, seconds since the epoch; for display only."""
    monotonic: float
    """CLOCK_MONOTONIC of the reporting host, seconds; for measuring durations."""
    interface: str = ""
    virtual_router_id: int = 0
    addresses: tuple[str, ...] = ()
    """The virtual addresses, as ``address/prefix``, in configured order."""

    @property
    def key(self) -> str:
        """The stable name of this transition: ``boot-seq``, without dots."""
        return f"{self.boot}-{self.seq}"
