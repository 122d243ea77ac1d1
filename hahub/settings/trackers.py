"""What is looked at, and how an instance reacts to it: scripts, interfaces, processes, files."""

from dataclasses import dataclass
from enum import StrEnum


class TrackerKind(StrEnum):
    """What a tracker looks at."""

    SCRIPT = "script"
    INTERFACE = "interface"
    PROCESS = "process"
    FILE = "file"


TrackerKey = tuple[TrackerKind, str]
"""A tracker and its name, which is unique among those of its kind."""


@dataclass(frozen=True, slots=True)
class TrackedScript:
    """How one instance reacts to one ``vrrp_script``."""

    name: str
    weight: int = 0
    """0: failure means FAULT; else added to the priority (positive: while ok, negative: while failed)."""
    reverse: bool = False

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.SCRIPT, self.name)


@dataclass(frozen=True, slots=True)
class TrackedInterface:
    """How one instance reacts to an interface that is not its own; ``ok`` is up and running."""

    name: str
    weight: int = 0
    """0: down means FAULT; else as for a script."""
    reverse: bool = False

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.INTERFACE, self.name)


@dataclass(frozen=True, slots=True)
class TrackedProcess:
    """How one instance reacts to one ``vrrp_track_process``; ``ok`` is a number of processes within the quorum."""

    name: str
    weight: int = 1
    """0: not enough or too many mean FAULT; else as for a script."""
    reverse: bool = False

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.PROCESS, self.name)


@dataclass(frozen=True, slots=True)
class TrackedFile:
    """How one instance reacts to the number in one ``track_file``."""

    name: str
    weight: int = 1
    """0: any number but 0 means FAULT; else the number times the weight is added, and FAULT below -253."""
    reverse: bool = False
    """The other sign; with weight 0: the number 0 means FAULT."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.FILE, self.name)


Tracked = TrackedScript | TrackedInterface | TrackedProcess | TrackedFile
"""What an instance can react to beside its own interface."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run, without a shell, as a user."""

    argv: tuple[str, ...]
    user: str = ""
    """User name; empty for the user hahub runs as."""
    group: str = ""
    """Group name; empty for the user's own."""


@dataclass(frozen=True, slots=True)
class CheckScript:
    """A ``vrrp_script``: a command whose exit status decides."""

    name: str
    command: Command
    interval: float = 1.0
    timeout: float = 0.0
    """Seconds; 0 means the interval."""
    rise: int = 1
    fall: int = 1
    init_fail: bool = False
    """It has failed until ``rise`` runs succeeded; otherwise its first run decides."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.SCRIPT, self.name)


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """A ``track_file``: a file with a number in it."""

    name: str
    path: str
    initial: int | None = None
    """Written into a file that does not exist; None: nothing is."""
    overwrite: bool = False
    """Written into one that exists, too."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.FILE, self.name)


class ParamMatch(StrEnum):
    """Which arguments a process may have to be counted."""

    ANY = "any"
    EXACT = "exact"
    PARTIAL = "partial"
    """The first ones, exactly, and any more."""
    INITIAL = "initial"
    """The first ones, of which the last may go on, and any more."""


@dataclass(frozen=True, slots=True)
class WatchedProcess:
    """A ``vrrp_track_process``: how many processes of a kind there have to be."""

    name: str
    command: str
    """The name of the process; where arguments count, or with ``full_command``, the first word of its command line."""
    arguments: tuple[str, ...] = ()
    match: ParamMatch = ParamMatch.ANY
    full_command: bool = False
    quorum: int = 1
    quorum_max: int | None = None
    """More than these are as bad as too few; None: any number will do."""
    fork_delay: float = 0.0
    """Seconds within the quorum until that is believed."""
    terminate_delay: float = 0.0
    """Seconds outside the quorum until that is believed."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.PROCESS, self.name)
