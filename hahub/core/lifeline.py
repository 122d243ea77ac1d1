"""What the next life of the core has to know of this one: where it was master, and when it last said so.

Shared memory that the parent keeps, so that it outlives the core by any death. A core that starts again within the
time its peers wait goes on as master; the address never moves, and nobody notices.

One slot of 32 bytes for each virtual router, at a fixed place during its life:

    interface name, 16 bytes | VRID | versions | holds addresses | - | monotonic time of the last advert, 8 bytes | -
"""

import mmap
import os
import struct

SLOTS = 4096
_SLOT = struct.Struct("=16sBBBxd4x")
_SIZE_BYTES = SLOTS * _SLOT.size
_HOLDS = 18
_SENT_AT = 20
_time = struct.Struct("=d")

Key = tuple[str, int, int]
"""Interface, virtual_router_id, IP version and VRRP version in one byte: what makes a virtual router the same one."""


class Slot:
    """The part of the memory that belongs to one virtual router; writing it costs less than a microsecond."""

    __slots__ = ("_memory", "_offset")

    def __init__(self, memory: mmap.mmap, offset: int) -> None:
        self._memory = memory
        self._offset = offset

    def sent(self, now: float) -> None:
        """An advert went out."""
        _time.pack_into(self._memory, self._offset + _SENT_AT, now)

    def holds(self) -> None:
        """The addresses are on their interfaces."""
        self._memory[self._offset + _HOLDS] = 1

    def holds_no_more(self) -> None:
        self._memory[self._offset + _HOLDS] = 0


class Lifeline:
    """The memory of all virtual routers. Reads once what an earlier life left, and is then written anew."""

    def __init__(self, descriptor: int) -> None:
        """descriptor: a memory file that the parent keeps, empty at first; taken over. Raises OSError."""
        try:
            os.ftruncate(descriptor, _SIZE_BYTES)
            self._memory = mmap.mmap(descriptor, _SIZE_BYTES)
        finally:
            os.close(descriptor)
        self.recovered: dict[Key, float] = self._read()
        """Where the earlier life was master: key -> when it last advertised."""
        self._memory[:] = bytes(_SIZE_BYTES)
        self._used: dict[Key, int] = {}
        self._free = list(range(_SIZE_BYTES - _SLOT.size, -1, -_SLOT.size))

    def _read(self) -> dict[Key, float]:
        found = {}
        for name, virtual_router_id, version, holds, sent_at in _SLOT.iter_unpack(self._memory[:]):
            if holds:
                interface = name.rstrip(b"\0").decode(errors="surrogateescape")
                found[interface, virtual_router_id, version] = sent_at
        return found

    def claim(self, key: Key) -> Slot:
        """The slot of a virtual router from now on. Raises MemoryError when there are more than 4096."""
        if not self._free:
            raise MemoryError(f"no more than {SLOTS} virtual routers")
        offset = self._free.pop()
        self._used[key] = offset
        interface, virtual_router_id, version = key
        _SLOT.pack_into(self._memory, offset, os.fsencode(interface), virtual_router_id, version, 0, 0.0)
        return Slot(self._memory, offset)

    def release(self, key: Key) -> None:
        """The virtual router is gone."""
        offset = self._used.pop(key)
        self._memory[offset : offset + _SLOT.size] = bytes(_SLOT.size)
        self._free.append(offset)
