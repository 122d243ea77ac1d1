"""Virtual addresses on interfaces: netlink batches that are encoded before they are needed.

200 addresses take 5-7 ms as batches, 113 ms one by one (docs/performance.md). A batch has at most 50 messages: the
acknowledgements of more overflow the receive buffer.
Source: rtnetlink(7), linux/if_addr.h.
"""

import contextlib
import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg

from hahub.net.links import LinkTable
from hahub.settings import VirtualAddress

BATCH_MESSAGES = 50
_RTM_NEWADDR, _RTM_DELADDR = 20, 21
_ADD_FLAGS = 0x1 | 0x4 | 0x400 | 0x200  # REQUEST, ACK, CREATE, EXCL
_REMOVE_FLAGS = 0x1 | 0x4
_NLMSG_ERROR = 2
_SO_RCVBUFFORCE = 33
_RECEIVE_BUFFER_BYTES = 4 << 20
_READ_BYTES = 1 << 16
_EXPECTED = {
    _RTM_NEWADDR: {errno.EEXIST},
    _RTM_DELADDR: {errno.EADDRNOTAVAIL, errno.ENODEV, errno.ESRCH},
}
"""Refusals that mean the state wanted is there already."""


@dataclass(frozen=True, slots=True)
class AddressBatches:
    """Everything to add or to remove, in chunks ready for one ``send`` each."""

    add: tuple[bytes, ...]
    remove: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AddressError:
    """A change that the kernel refused."""

    adding: bool
    number: int
    """errno"""
    address: str

    def __str__(self) -> str:
        verb = "add" if self.adding else "remove"
        return f"cannot {verb} {self.address}: {os.strerror(self.number)}"


def encode_batches(addresses: Sequence[VirtualAddress], index_of: Callable[[str], int | None]) -> AddressBatches:
    """Encode the changes for these addresses; an address whose interface does not exist is left out."""
    placed = [(a, index) for a in addresses if (index := index_of(a.interface)) is not None]
    return AddressBatches(
        _chunks([_encode(a, index, _RTM_NEWADDR, _ADD_FLAGS) for a, index in placed]),
        _chunks([_encode(a, index, _RTM_DELADDR, _REMOVE_FLAGS) for a, index in placed]),
    )


def _encode(address: VirtualAddress, index: int, kind: int, flags: int) -> bytes:
    message = ifaddrmsg()
    message["family"] = socket.AF_INET
    message["prefixlen"] = address.prefix_length
    message["index"] = index
    message["scope"] = address.scope
    attributes = [["IFA_LOCAL", address.address], ["IFA_ADDRESS", address.address]]
    if kind == _RTM_NEWADDR:
        if address.label:
            attributes.append(["IFA_LABEL", address.label])
        if address.broadcast:
            attributes.append(["IFA_BROADCAST", address.broadcast])
    message["attrs"] = attributes
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message["header"]["sequence_number"] = 0
    message.encode()
    return bytes(message.data)


def _chunks(messages: list[bytes]) -> tuple[bytes, ...]:
    return tuple(
        b"".join(messages[start : start + BATCH_MESSAGES]) for start in range(0, len(messages), BATCH_MESSAGES)
    )


def held(table: LinkTable, addresses: Iterable[VirtualAddress]) -> list[VirtualAddress]:
    """Those of the addresses that are on their interfaces now."""
    present = {(link.name, a.address, a.prefix_length) for link in table.links() for a in link.addresses}
    return [a for a in addresses if (a.interface, int(ipaddress.IPv4Address(a.address)), a.prefix_length) in present]


class AddressCommands:
    """Sends prepared batches to the kernel, and reads later what it refused."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)
        except OSError:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        self._socket.bind((0, 0))
        self._unsent: list[AddressError] = []

    def fileno(self) -> int:
        return self._socket.fileno()

    def submit(self, chunks: Iterable[bytes]) -> None:
        """Have the kernel do it: it works inside ``send``, so that the change is there when this returns."""
        for chunk in chunks:
            try:
                self._socket.send(chunk)
            except OSError as error:
                kind = struct.unpack_from("=H", chunk, 4)[0]
                self._unsent.append(AddressError(kind == _RTM_NEWADDR, error.errno or 0, "addresses"))

    def collect(self) -> list[AddressError]:
        """What the kernel refused since the last call, without refusals that change nothing; never waits."""
        refused, self._unsent = self._unsent, []
        while True:
            try:
                data = self._socket.recv(_READ_BYTES)
            except BlockingIOError:
                return refused
            except OSError:  # ENOBUFS: acknowledgements were lost, the changes were not
                continue
            refused += _refusals(data)

    def close(self) -> None:
        self._socket.close()


def _refusals(data: bytes) -> list[AddressError]:
    found, offset = [], 0
    while offset + 36 <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        if kind == _NLMSG_ERROR:
            number = -struct.unpack_from("=i", data, offset + 16)[0]
            request = struct.unpack_from("=H", data, offset + 24)[0]
            if number and number not in _EXPECTED.get(request, set()):
                found.append(
                    AddressError(request == _RTM_NEWADDR, number, _address_in(data[offset + 36 : offset + length]))
                )
        offset += max(16, length + 3 & ~3)
    return found


def _address_in(body: bytes) -> str:
    """The address of the request that an error quotes: struct ifaddrmsg, then attributes, IFA_LOCAL first."""
    if len(body) < 16:
        return "an address"
    return f"{ipaddress.IPv4Address(body[12:16])}/{body[1]}"
