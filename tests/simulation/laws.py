"""What has to hold, whatever happens."""

from enum import StrEnum


class Law(StrEnum):
    """Short names of what has to hold."""

    # Of each virtual router, after each event
    ADDRESSES = "addresses"
    """Held if and only if the state is MASTER; there before anybody is told; back soon when somebody removes them."""
    ADVERTS = "adverts"
    """Sent by holders of the addresses only; priority 0 by one that leaves, and only then."""
    SPACING = "spacing"
    """A master that is awake never leaves its peers without an advert for longer than its advert_int."""
    REPORTS = "reports"
    """A chain: each begins where the last one ended, none is told twice, none is missing."""
    ELECTIONS = "elections"
    """Nobody becomes master before its time: see ``oracle``. ``nopreempt`` takes over from no living master."""
    DEADLINES = "deadlines"
    """They lie ahead: no process runs in circles."""
    BOUNDED_ACTIONS = "bounded actions"
    """One event leads to some actions, never to many."""
    INVALID_PACKETS = "invalid packets"
    """They change neither state nor timer."""
    SYNC_GROUPS = "sync groups"
    """All members are masters, or none is."""

    # Of all nodes together: see ``masters``
    TWO_MASTERS = "two masters"
    """Never for longer than the weaker one needs to hear the stronger one."""
    LIVING_MASTER = "living master"
    """Nobody takes over from a master that it hears, but one that is stronger and may preempt."""

    # At rest
    ONE_MASTER = "one master"
    """Exactly one, where there is anybody who may be it."""
    PREEMPTION = "preemption"
    """It is the strongest of those that preempt."""
    FAULT = "fault"
    """Who has a fault is in FAULT, and nobody else."""
    REST = "rest"
    """Nothing changes while nothing happens."""


class BrokenLawError(AssertionError):
    """Something that has to hold does not."""

    def __init__(self, law: Law, text: str) -> None:
        super().__init__(f"{law}: {text}")
        self.law = law
