"""Virtual addresses onto interfaces and off again, by netlink messages encoded beforehand.

The kernel carries out a batch inside ``send``, so the addresses are there, or gone, when it returns. It answers
what it refuses; success is silent, because an acknowledgement is not asked for.
"""

import contextlib
import errno
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hahub.family import Family
from hahub.net import attributes, netlink
from hahub.net.attributes import attribute, u8, u32
from hahub.net.links import LinkTable
from hahub.net.refusals import RTM_DELADDR, RTM_NEWADDR, AddressError, Refusal, read_refusals
from hahub.settings import VirtualAddress

BATCH_LENGTH_MAX = 50
"""Messages sent at once; some thousand refusals would overflow the receive buffer."""

_NLM_F_REQUEST = 0x1
_NLM_F_CREATE_EXCL = 0x600
_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_BROADCAST, _IFA_CACHEINFO, _IFA_FLAGS, _IFA_PROTO = 1, 2, 3, 4, 6, 8, 11
_FOREVER = 0xFFFFFFFF
_PROTOCOL = 18
"""Keepalived's number: who made an address, for people. Kernels before 5.18 do not look at it."""
_SOL_NETLINK, _NETLINK_EXT_ACK = 270, 11


@dataclass(frozen=True, slots=True)
class AddressBatches:
    """The messages that add all addresses, and those that remove them, in chunks for one ``send`` each."""

    add: tuple[bytes, ...]
    remove: tuple[bytes, ...]


def encode_batches(addresses: Sequence[VirtualAddress], index_of: Callable[[str], int | None]) -> AddressBatches:
    """Encode what adds and removes these addresses; those whose interface is not there are left out.

    index_of: interface name to its index, None when there is no such interface.
    """
    placed = [(address, index) for address in addresses if (index := index_of(address.interface)) is not None]
    return AddressBatches(
        add=chunked([_encode_add(address, index) for address, index in placed]),
        remove=chunked([_encode_remove(address, index) for address, index in placed]),
    )


def chunked(messages: list[bytes]) -> tuple[bytes, ...]:
    """Join messages to batches of at most BATCH_LENGTH_MAX."""
    starts = range(0, len(messages), BATCH_LENGTH_MAX)
    return tuple(b"".join(messages[start : start + BATCH_LENGTH_MAX]) for start in starts)


# Encoding is asked for whenever something about an interface changes.


@lru_cache(maxsize=8192)
def _encode_add(address: VirtualAddress, index: int) -> bytes:
    lifetimes = struct.pack("=IIII", address.preferred_lft or 0, _FOREVER, 0, 0)
    parts = (
        _ends(address),
        u8(_IFA_PROTO, _PROTOCOL),
        attribute(_IFA_LABEL, address.label.encode() + b"\0") if address.label else b"",
        attributes.address(_IFA_BROADCAST, address.broadcast) if address.broadcast else b"",
        u32(_IFA_FLAGS, address.flags) if address.flags else b"",
        attribute(_IFA_CACHEINFO, lifetimes) if address.preferred_lft is not None else b"",
    )
    return _encode(RTM_NEWADDR, _NLM_F_REQUEST | _NLM_F_CREATE_EXCL, address, index, b"".join(parts))


@lru_cache(maxsize=8192)
def _encode_remove(address: VirtualAddress, index: int) -> bytes:
    """Without the label, so that one from an earlier configuration goes as well."""
    return _encode(RTM_DELADDR, _NLM_F_REQUEST, address, index, _ends(address))


def _ends(address: VirtualAddress) -> bytes:
    return attributes.address(_IFA_LOCAL, address.address) + attributes.address(
        _IFA_ADDRESS, address.peer or address.address
    )


def _encode(kind: int, flags: int, address: VirtualAddress, index: int, said: bytes) -> bytes:
    family = socket.AF_INET6 if address.family is Family.IPV6 else socket.AF_INET
    length = netlink.ADDRESS_MESSAGE.size + len(said)
    header = netlink.ADDRESS_MESSAGE.pack(
        *(length, kind, flags, 0, 0), *(family, address.prefix_length, 0, address.scope, index)
    )
    return header + said


class AddressCommands:
    """Sends batches, and reads what the kernel says against them when ``fileno`` is readable. Close it."""

    def __init__(self) -> None:
        self._sock = netlink.open_socket()
        with contextlib.suppress(OSError):  # kernels before 4.12 give no reasons
            self._sock.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)

    def fileno(self) -> int:
        return self._sock.fileno()

    @property
    def port(self) -> int:
        """What the kernel calls this socket in news of what it has done."""
        return int(self._sock.getsockname()[0])

    def submit(self, chunks: Iterable[bytes]) -> OSError | None:
        """Have these carried out, now, as far as the kernel agrees; returns why one could not even be sent."""
        failure = None
        for chunk in chunks:
            try:
                self._sock.send(chunk)
            except OSError as error:
                failure = error
        return failure

    def collect(self) -> list[Refusal]:
        """What was refused and should not have been: not that an address was there, or gone, already."""
        refused: list[Refusal] = []
        while True:
            try:
                packet = netlink.receive(self._sock)
            except OSError as error:
                refused.append(AddressError("answer", "", 0, error.errno or 0))
                if error.errno != errno.ENOBUFS:
                    return refused
                continue
            if packet is None:
                return refused
            refused += read_refusals(packet)

    def close(self) -> None:
        self._sock.close()


def held(table: LinkTable, addresses: Iterable[VirtualAddress]) -> list[VirtualAddress]:
    """Which of these are on their interface now, with the same prefix length."""
    present = {(link.name, a.family, a.address, a.prefix_length) for link in table for a in link.all_addresses}
    return [a for a in addresses if (a.interface, a.family, a.number, a.prefix_length) in present]
