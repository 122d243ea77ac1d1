"""Virtual addresses onto interfaces and off again, by netlink messages encoded beforehand.

The kernel carries out a batch inside ``send``, so the addresses are there, or gone, when it returns. It answers
what it refuses; success is silent, because an acknowledgement is not asked for.
"""

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg

from hahub.net import netlink
from hahub.net.links import LinkTable
from hahub.settings import VirtualAddress

BATCH_LENGTH_MAX = 50
"""Messages sent at once; some thousand refusals would overflow the receive buffer."""

_RTM_NEWADDR = 20
_RTM_DELADDR = 21
_NLM_F_REQUEST = 0x1
_NLM_F_CREATE_EXCL = 0x600
_NLMSG_ERROR = 2
_IFA_LOCAL = 2
_FOREVER = 0xFFFFFFFF

_EXPECTED = {
    _RTM_NEWADDR: frozenset({0, errno.EEXIST}),
    _RTM_DELADDR: frozenset({0, errno.EADDRNOTAVAIL, errno.ENODEV, errno.ESRCH}),
}
"""What the kernel may answer when all is well: it is there already, or it is gone already."""


@dataclass(frozen=True, slots=True)
class AddressBatches:
    """The messages that add all addresses, and those that remove them, in chunks for one ``send`` each."""

    add: tuple[bytes, ...]
    remove: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AddressError:
    """An address that the kernel would not add or remove."""

    verb: str
    """``add`` or ``remove``; ``answer`` when the kernel's answers got lost."""
    address: str
    """``10.9.0.200/24``; empty when it is not known."""
    index: int
    """Of the interface; 0 when it is not known."""
    errno: int

    def __str__(self) -> str:
        if not self.address:
            return f"answers about addresses were lost: {os.strerror(self.errno)}"
        return f"cannot {self.verb} {self.address} on interface {self.index}: {os.strerror(self.errno)}"


def encode_batches(addresses: Sequence[VirtualAddress], index_of: Callable[[str], int | None]) -> AddressBatches:
    """Encode what adds and removes these addresses; those whose interface is not there are left out.

    index_of: interface name to its index, None when there is no such interface.
    """
    placed = [(address, index) for address in addresses if (index := index_of(address.interface)) is not None]
    return AddressBatches(
        add=_chunks([_encode_add(address, index) for address, index in placed]),
        remove=_chunks([_encode_remove(address, index) for address, index in placed]),
    )


# Encoding takes 65 microseconds a message, and is asked for whenever something about an interface changes.


def _chunks(messages: list[bytes]) -> tuple[bytes, ...]:
    starts = range(0, len(messages), BATCH_LENGTH_MAX)
    return tuple(b"".join(messages[start : start + BATCH_LENGTH_MAX]) for start in starts)


@lru_cache(maxsize=8192)
def _encode_add(address: VirtualAddress, index: int) -> bytes:
    attributes = _ends(address)
    if address.label:
        attributes.append(["IFA_LABEL", address.label])
    if address.broadcast:
        attributes.append(["IFA_BROADCAST", address.broadcast])
    if address.flags:
        attributes.append(["IFA_FLAGS", address.flags])
    if address.preferred_lft is not None:
        lifetimes = {"ifa_preferred": address.preferred_lft, "ifa_valid": _FOREVER, "cstamp": 0, "tstamp": 0}
        attributes.append(["IFA_CACHEINFO", lifetimes])
    return _encode(_RTM_NEWADDR, _NLM_F_REQUEST | _NLM_F_CREATE_EXCL, address, index, attributes)


@lru_cache(maxsize=8192)
def _encode_remove(address: VirtualAddress, index: int) -> bytes:
    """Without the label, so that one from an earlier configuration goes as well."""
    return _encode(_RTM_DELADDR, _NLM_F_REQUEST, address, index, _ends(address))


def _ends(address: VirtualAddress) -> list[list[object]]:
    return [["IFA_LOCAL", address.address], ["IFA_ADDRESS", address.peer or address.address]]


def _encode(kind: int, flags: int, address: VirtualAddress, index: int, attributes: list[list[object]]) -> bytes:
    message = ifaddrmsg()
    message["family"] = socket.AF_INET
    message["prefixlen"] = address.prefix_length
    message["scope"] = address.scope
    message["index"] = index
    message["attrs"] = attributes
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message.encode()
    return bytes(message.data)


class AddressCommands:
    """Sends batches, and reads what the kernel says against them when ``fileno`` is readable. Close it."""

    def __init__(self) -> None:
        self._sock = netlink.open_socket()

    def fileno(self) -> int:
        return self._sock.fileno()

    def submit(self, chunks: Iterable[bytes]) -> OSError | None:
        """Have these carried out, now, as far as the kernel agrees; returns why one could not even be sent."""
        failure = None
        for chunk in chunks:
            try:
                self._sock.send(chunk)
            except OSError as error:
                failure = error
        return failure

    def collect(self) -> list[AddressError]:
        """What was refused and should not have been: not that an address was there, or gone, already."""
        refused: list[AddressError] = []
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
            refused += _refusals(packet)

    def close(self) -> None:
        self._sock.close()


def _refusals(packet: bytes) -> list[AddressError]:
    """Read the kernel's answers: the errno, and the message that it is about."""
    found: list[AddressError] = []
    start = 0
    while start + netlink.HEADER_SIZE_BYTES <= len(packet):
        length, kind = struct.unpack_from("=IH", packet, start)
        if kind == _NLMSG_ERROR:
            (negative,) = struct.unpack_from("=i", packet, start + netlink.HEADER_SIZE_BYTES)
            about = packet[start + netlink.HEADER_SIZE_BYTES + 4 : start + length]
            error = _refusal(about, -negative)
            if error is not None:
                found.append(error)
        start += max(_aligned(length), netlink.HEADER_SIZE_BYTES)
    return found


def _refusal(about: bytes, code: int) -> AddressError | None:
    """What the kernel's answer means; None when it is as good as success."""
    _, kind, _, _, _, _, prefix_length, _, _, index = netlink.ADDRESS_MESSAGE.unpack_from(about)
    if code in _EXPECTED[kind]:
        return None
    verb = "add" if kind == _RTM_NEWADDR else "remove"
    return AddressError(verb, f"{_local(about)}/{prefix_length}", index, code)


def _local(message: bytes) -> ipaddress.IPv4Address:
    """The IFA_LOCAL attribute of one of our messages."""
    start = netlink.ADDRESS_MESSAGE.size
    while True:
        length, kind = struct.unpack_from("=HH", message, start)
        if kind == _IFA_LOCAL:
            return ipaddress.IPv4Address(message[start + 4 : start + 8])
        start += _aligned(length)


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def held(table: LinkTable, addresses: Iterable[VirtualAddress]) -> list[VirtualAddress]:
    """Which of these are on their interface now, with the same prefix length."""
    present = {(link.name, a.address, a.prefix_length) for link in table for a in link.addresses}
    return [a for a in addresses if (a.interface, int(ipaddress.IPv4Address(a.address)), a.prefix_length) in present]
