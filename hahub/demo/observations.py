"""What the observers saw, and when. All times are CLOCK_MONOTONIC seconds, which every namespace shares."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advertised:
    """A node said on the wire that it is master."""

    at: float
    node: str
    priority: int
    """0 when it resigns."""


@dataclass(frozen=True, slots=True)
class FifoLine:
    """A node's daemon wrote this into its notify FIFO."""

    at: float
    node: str
    state: str
    text: str
    """The line as it came."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The client asked the virtual address and got an answer, or none."""

    at: float
    node: str
    """Who answered; empty for no answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message about a transition arrived at the other end of a channel."""

    at: float
    channel: str
    node: str
    state: str


Observation = Advertised | FifoLine | Answered | Told
