"""What one image of the parent leaves to the next, when it executes itself anew: descriptors, children, verdicts.

The pid stays, and with it the children, whose parent this process is. What they need of it (links, FIFOs, the lock, the
lifeline) stays open across execve; a memory file, named in an environment variable, says which is what.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import msgspec

from hahub.link import memory_file, read_memory_file
from hahub.model import Kind
from hahub.parent.launch import HERITAGE
from hahub.parent.requests import Request
from hahub.settings import Command, FifoSettings, Settings

FORMAT = 1
"""Of all this; a program with another number is not executed."""


@dataclass(frozen=True, slots=True)
class ChildHeritage:
    """A process that runs on."""

    pid: int
    output: int
    """Descriptor that reads what it prints; -1 when it has closed that."""
    link: int = -1
    """Descriptor of our end of its link; -1 when it has none."""

    @property
    def descriptors(self) -> tuple[int, ...]:
        return tuple(each for each in (self.output, self.link) if each >= 0)


@dataclass(frozen=True, slots=True)
class FifoHeritage:
    """An open FIFO."""

    settings: FifoSettings
    descriptor: int
    created: bool
    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class ReaderHeritage:
    """The script that reads a FIFO."""

    fifo: FifoSettings
    child: ChildHeritage


@dataclass(frozen=True, slots=True)
class CallHeritage:
    """A notify script that has not run yet."""

    kind: Kind
    name: str
    command: Command
    label: str
    extra: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heritage:
    """Everything. The receiver owns the descriptors."""

    settings: Settings
    """In force; what the files say now comes later, as at any reload."""
    mark: str
    lock: int
    claim: int
    """-1 when somebody else has the name."""
    lifeline: int
    guard: ChildHeritage
    """Its link is the pipe that it reads."""
    core: ChildHeritage
    hub: ChildHeritage
    fifos: tuple[FifoHeritage, ...] = ()
    readers: tuple[ReaderHeritage, ...] = ()
    calls: tuple[CallHeritage, ...] = ()
    results: tuple[str, ...] = ()
    """Verdicts as the core was told them, encoded as records."""
    asked: tuple[Request, ...] = ()
    """Who waits for the outcome."""
    format: int = FORMAT

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that has to stay open."""
        children = (self.guard, self.core, self.hub, *(reader.child for reader in self.readers))
        plain = (self.lock, self.claim, self.lifeline, *(fifo.descriptor for fifo in self.fifos))
        return (
            *(each for each in plain if each >= 0),
            *(descriptor for child in children for descriptor in child.descriptors),
        )

    @classmethod
    def take(cls) -> Self | None:
        """What the image before this one left; None when there was none. Call once, before anything is started."""
        word = os.environ.pop(HERITAGE, "")
        if not word.isdecimal():
            return None
        heritage = msgspec.json.decode(read_memory_file(int(word)), type=cls)
        _inherit(heritage.descriptors, inheritable=False)
        return heritage


def execute(argv: Sequence[str], heritage: Heritage) -> None:
    """Go on as this program, with the same pid. Returns only by raising OSError; everything is as before then."""
    descriptor = memory_file("hahub-heritage", msgspec.json.encode(heritage))
    kept = (descriptor, *heritage.descriptors)
    try:
        _inherit(kept, inheritable=True)
        environment = dict(os.environ) | {HERITAGE: str(descriptor)}
        os.execve(argv[0], list(argv), environment)  # noqa: S606 - no shell is the point
    finally:
        _inherit(kept, inheritable=False)
        os.close(descriptor)


def _inherit(descriptors: Iterable[int], *, inheritable: bool) -> None:
    for descriptor in descriptors:
        os.set_inheritable(descriptor, inheritable)
