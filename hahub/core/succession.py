"""One core hands over to the next, made of newer code perhaps, and nobody sees it.

    parent            the core that runs            its successor
      |--- Standby, Configure ------------------------->|   prepares everything, does nothing
      |<-- Ready ---------------------------------------|
      |--- HandOver ------->|                           |
      |                     |--- Memory --------------->|   all it knows: from here on only the successor acts
      |<-- Stopped ---------|                           |
      |<-- TookOver ------------------------------------|

The link between the two is their own, so that nobody else's delay is in the gap. If it closes without a word, the
one that ran is dead, and the successor goes by the lifeline, as after any other death.
"""

import os
from dataclasses import dataclass

import msgspec
import trio

from hahub.link import Link, LinkClosedError, memory_file, read_memory_file
from hahub.messages import Memory, MessageError
from hahub.model import State, Transition
from hahub.vrrp.memory import InstanceMemory

FORMAT = 1
"""Of what one core tells the next; one that does not know the number goes by the lifeline."""


@dataclass(frozen=True, slots=True)
class RouterMemory:
    """What one virtual router has come to."""

    name: str
    interface: str
    virtual_router_id: int
    versions: int
    instance: InstanceMemory
    old_peers: tuple[str, ...] = ()
    """Addresses of those that are found to make their checksums as keepalived once did."""
    announcing: int = 0
    """Gratuitous ARP of each address that still wait for their time."""
    trailer: int = 0
    """Sequence of the last authentication trailer that was sent; 0 for none."""
    trailers_heard: tuple[tuple[str, int], ...] = ()
    """Senders, and the sequences of the last ones that were heard."""


@dataclass(frozen=True, slots=True)
class GroupMemory:
    """What was last told of a sync group."""

    name: str
    state: State


@dataclass(frozen=True, slots=True)
class ReporterMemory:
    """Whose numbers go on, and what the hub may not have yet."""

    boot: str
    sequence: int
    unacknowledged: tuple[Transition, ...] = ()
    unsent: tuple[Transition, ...] = ()
    """Not told to the parent yet."""
    lost_first: int = 0
    lost_last: int = 0


@dataclass(frozen=True, slots=True)
class CoreMemory:
    """Everything that the next core cannot find out by itself."""

    at: float
    """Everything that arrived until then is part of it; monotonic."""
    reporter: ReporterMemory
    routers: tuple[RouterMemory, ...] = ()
    groups: tuple[GroupMemory, ...] = ()
    promoted: tuple[str, ...] = ()
    """Interfaces whose ``promote_secondaries`` we have switched on."""
    format: int = FORMAT


def send_memory(link: Link, memory: CoreMemory) -> bool:
    """Hand over; False when there is nobody to take it, and nothing has been handed over."""
    descriptor = memory_file("hahub-memory", msgspec.json.encode(memory))
    try:
        return link.try_send(Memory(), [descriptor])
    except LinkClosedError:
        return False
    finally:
        os.close(descriptor)


class Predecessor:
    """The core that runs, seen by the one that waits for it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.has_left = trio.Event()
        """It has handed over, or is dead."""
        self.trouble = ""
        """Why there is no memory although it has handed over, for the log."""

    async def leave(self) -> CoreMemory | None:
        """Wait until it has handed over; None when it ended without doing so."""
        try:
            _, descriptors = await self._link.receive()
            return self._read(descriptors[0])
        except (LinkClosedError, MessageError, IndexError) as error:
            self.trouble = "" if isinstance(error, LinkClosedError) else str(error)
            return None
        finally:
            self._link.close()
            self.has_left.set()

    def _read(self, descriptor: int) -> CoreMemory | None:
        try:
            memory = msgspec.json.decode(read_memory_file(descriptor), type=CoreMemory)
        except msgspec.MsgspecError as error:
            self.trouble = str(error)
            return None
        if memory.format != FORMAT:
            self.trouble = f"format {memory.format}, expected {FORMAT}"
            return None
        return memory
