"""What others have to know of this life of the core: where it is master, when it last said so, and that it lives.

Shared memory that the parent keeps, so that it outlives the core by any death. A core that starts again within the
time its peers wait goes on as master; the address never moves, and nobody notices. The parent reads it as well: a core
that says nothing for longer than its peers wait is hung, and has to be ended.

A header of 32 bytes, then one slot of 36 bytes for each virtual router, at a fixed place during its life:

    monotonic time of the last sign of life, 8 bytes | slots in use or free between such, 4 bytes | -
    interface name, 16 bytes | VRID | versions | holds | - | time of the last advert, 8 bytes | seconds that peers wait
        | sequence number of the last authentication header
"""

import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SLOTS = 4096
BEAT_INTERVAL = 1.0
"""Seconds between two signs of life, whatever there is to do."""
_BEATS_MISSED = 3
_header = struct.Struct("=dI20x")
_slot = struct.Struct("=16sBBBxdfI")
_SIZE_BYTES = _header.size + SLOTS * _slot.size
_HOLDS = 18
_SENT_AT = 20
_PEERS_WAIT = 28
_SEQUENCE = 32
_time = struct.Struct("=d")
_seconds = struct.Struct("=f")
_number = struct.Struct("=I")

Key = tuple[str, int, int]
"""Interface, virtual_router_id, IP version and VRRP version in one byte: what makes a virtual router the same one."""


def create() -> int:
    """A fresh memory file, for the parent to keep."""
    descriptor = os.memfd_create("hahub-lifeline", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, _SIZE_BYTES)
    return descriptor


class Slot:
    """The part of the memory that belongs to one virtual router; writing it costs less than a microsecond."""

    __slots__ = ("_memory", "_offset")

    def __init__(self, memory: mmap.mmap, offset: int) -> None:
        self._memory = memory
        self._offset = offset

    def sent(self, now: float) -> None:
        """An advert went out."""
        _time.pack_into(self._memory, self._offset + _SENT_AT, now)

    def peers_wait(self, limit: float) -> None:
        """Seconds without an advert after which a peer of the same priority takes over."""
        _seconds.pack_into(self._memory, self._offset + _PEERS_WAIT, limit)

    def numbered(self, sequence: int) -> None:
        """The highest sequence number of an authentication header, sent or heard."""
        _number.pack_into(self._memory, self._offset + _SEQUENCE, sequence)

    def holds(self) -> None:
        """The addresses are on their interfaces."""
        self._memory[self._offset + _HOLDS] = 1

    def holds_no_more(self) -> None:
        self._memory[self._offset + _HOLDS] = 0


class Lifeline:
    """The memory of all virtual routers. Reads once what an earlier life left, and is then written anew."""

    def __init__(self, descriptor: int) -> None:
        """descriptor: of ``create``; taken over. Raises OSError."""
        try:
            self._memory = mmap.mmap(descriptor, _SIZE_BYTES)
        finally:
            os.close(descriptor)
        self.is_continued = _time.unpack_from(self._memory)[0] > 0
        """An earlier life of the core was at work."""
        self.recovered: dict[Key, float] = {
            (name, virtual_router_id, version): sent_at
            for name, virtual_router_id, version, sent_at, _ in _holders(self._memory)
        }
        """Where the earlier life was master: key -> when it last advertised."""
        self.sequences: dict[Key, int] = {
            (_name(slot[0]), slot[1], slot[2]): slot[-1] for slot in _slots(self._memory) if slot[-1]
        }
        """The highest sequence numbers that the earlier life sent or heard."""
        self._memory[:] = bytes(_SIZE_BYTES)
        self._used: dict[Key, int] = {}
        self._free = list(range(_SIZE_BYTES - _slot.size, 0, -_slot.size))

    def beat(self, now: float) -> None:
        """A sign of life."""
        _time.pack_into(self._memory, 0, now)

    def claim(self, key: Key) -> Slot:
        """The slot of a virtual router from now on. Raises MemoryError when there are more than 4096."""
        if not self._free:
            raise MemoryError(f"no more than {SLOTS} virtual routers")
        offset = self._free.pop()
        self._used[key] = offset
        interface, virtual_router_id, version = key
        _slot.pack_into(self._memory, offset, os.fsencode(interface), virtual_router_id, version, 0, 0.0, 0.0, 0)
        beat, known = _header.unpack_from(self._memory)
        _header.pack_into(self._memory, 0, beat, max(known, (offset - _header.size) // _slot.size + 1))
        return Slot(self._memory, offset)

    def release(self, key: Key) -> None:
        """The virtual router is gone."""
        offset = self._used.pop(key)
        self._memory[offset : offset + _slot.size] = bytes(_slot.size)
        self._free.append(offset)


def _holders(memory: mmap.mmap) -> list[tuple[str, int, int, float, float]]:
    """Who has addresses: interface, virtual_router_id, versions, last advert, what peers wait."""
    return [
        (_name(name), virtual_router_id, version, sent_at, limit)
        for name, virtual_router_id, version, holds, sent_at, limit, _ in _slots(memory)
        if holds
    ]


def _slots(memory: mmap.mmap) -> Iterator[tuple[Any, ...]]:
    _, count = _header.unpack_from(memory)
    return _slot.iter_unpack(memory[_header.size : _header.size + min(count, SLOTS) * _slot.size])


def _name(interface: bytes) -> str:
    return interface.rstrip(b"\0").decode(errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class Due:
    """The next word that is expected of the core."""

    at: float
    """Without a word until then, it is hung."""
    patience: float
    """Seconds from the last word until then."""
    who: str
    """For people: what should have spoken."""


class Reader:
    """The parent's view of the memory. Owns nothing but its mapping."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _SIZE_BYTES, prot=mmap.PROT_READ)

    def due(self, patience_min: float) -> Due | None:
        """Whose word is due first; None while there was no sign of life yet.

        patience_min: seconds that a virtual router may be silent at least, however little its peers wait.
        """
        beat, _ = _header.unpack_from(self._memory)
        if not beat:
            return None
        limit = _BEATS_MISSED * BEAT_INTERVAL
        first = Due(beat + limit, limit, f"no sign of life for {limit:g} s")
        for interface, virtual_router_id, _, sent_at, peers_wait in _holders(self._memory):
            limit = max(patience_min, peers_wait)
            if sent_at + limit < first.at:
                text = f"no advertisement for {limit:.3g} s by virtual router {virtual_router_id} on {interface}"
                first = Due(sent_at + limit, limit, text)
        return first
