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
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.family import Family
from hahub.net import netlink
from hahub.net.links import LinkTable
from hahub.settings import VirtualAddress

BATCH_LENGTH_MAX = 50
"""Messages sent at once; some thousand refusals would overflow the receive buffer."""

RTM_SETLINK = 19
_RTM_NEWADDR = 20
_RTM_DELADDR = 21
_NLM_F_REQUEST = 0x1
_NLM_F_CREATE_EXCL = 0x600
_NLMSG_ERROR = 2
_IFA_LOCAL = 2
_FOREVER = 0xFFFFFFFF
_PROTOCOL = 18
"""Keepalived's number: who made an address, for people. Kernels before 5.18 do not look at it."""

_RTM_NEWROUTE, _RTM_DELROUTE = 24, 25
_RTM_NEWRULE, _RTM_DELRULE = 32, 33

_EXPECTED = {
    RTM_SETLINK: frozenset({0, errno.ENODEV}),
    _RTM_NEWADDR: frozenset({0, errno.EEXIST}),
    _RTM_DELADDR: frozenset({0, errno.EADDRNOTAVAIL, errno.ENODEV, errno.ESRCH}),
    _RTM_NEWROUTE: frozenset({0, errno.EEXIST}),
    _RTM_DELROUTE: frozenset({0, errno.ESRCH, errno.ENOENT, errno.ENODEV}),
    _RTM_NEWRULE: frozenset({0, errno.EEXIST}),
    _RTM_DELRULE: frozenset({0, errno.ENOENT, errno.ESRCH}),
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


@dataclass(frozen=True, slots=True)
class RoutingError:
    """A route or a rule that the kernel would not add or remove, or a setting that it would not change."""

    verb: str
    """``add``, ``remove`` or ``change``."""
    what: str
    """``route 10.0.0.0/8 via 10.9.0.2``, ``rule 100``, ``settings of interface 7``."""
    errno: int

    def __str__(self) -> str:
        return f"cannot {self.verb} {self.what}: {os.strerror(self.errno)}"


Refusal = AddressError | RoutingError


def encode_batches(addresses: Sequence[VirtualAddress], index_of: Callable[[str], int | None]) -> AddressBatches:
    """Encode what adds and removes these addresses; those whose interface is not there are left out.

    index_of: interface name to its index, None when there is no such interface.
    """
    placed = [(address, index) for address in addresses if (index := index_of(address.interface)) is not None]
    return AddressBatches(
        add=chunked([_encode_add(address, index) for address, index in placed]),
        remove=chunked([_encode_remove(address, index) for address, index in placed]),
    )


# Encoding takes 65 microseconds a message, and is asked for whenever something about an interface changes.


def chunked(messages: list[bytes]) -> tuple[bytes, ...]:
    """Join messages to batches of at most BATCH_LENGTH_MAX."""
    starts = range(0, len(messages), BATCH_LENGTH_MAX)
    return tuple(b"".join(messages[start : start + BATCH_LENGTH_MAX]) for start in starts)


@lru_cache(maxsize=8192)
def _encode_add(address: VirtualAddress, index: int) -> bytes:
    attributes = [*_ends(address), ["IFA_PROTO", _PROTOCOL]]
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
    message["family"] = socket.AF_INET6 if address.family is Family.IPV6 else socket.AF_INET
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
            refused += _refusals(packet)

    def close(self) -> None:
        self._sock.close()


def _refusals(packet: bytes) -> list[Refusal]:
    """Read the kernel's answers: the errno, and the message that it is about."""
    found: list[Refusal] = []
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


def _refusal(about: bytes, code: int) -> Refusal | None:
    """What the kernel's answer means; None when it is as good as success."""
    _, kind, _, _, _, _, prefix_length, _, _, index = netlink.ADDRESS_MESSAGE.unpack_from(about)
    if code in _EXPECTED[kind]:
        return None
    if kind == RTM_SETLINK:
        return RoutingError("change", f"settings of interface {_interface(about)}", code)
    verb = "add" if kind in (_RTM_NEWADDR, _RTM_NEWROUTE, _RTM_NEWRULE) else "remove"
    if kind not in (_RTM_NEWADDR, _RTM_DELADDR):
        return RoutingError(verb, _described(about), code)
    return AddressError(verb, f"{_local(about)}/{prefix_length}", index, code)


def _interface(message: bytes) -> int:
    """The number in a message about an interface."""
    (index,) = struct.unpack_from("=I", message, netlink.HEADER_SIZE_BYTES + 4)
    return int(index)


def _described(message: bytes) -> str:
    """Name the route or rule that one of our messages is about."""
    (said,) = MarshalRtnl().parse(message)
    if said["event"] in ("RTM_NEWRULE", "RTM_DELRULE"):
        return f"rule {said.get_attr('FRA_PRIORITY')}"
    network = said.get_attr("RTA_DST") or ("0.0.0.0" if said["family"] == socket.AF_INET else "::")
    gateway = said.get_attr("RTA_GATEWAY")
    return f"route {network}/{said['dst_len']}" + (f" via {gateway}" if gateway else "")


def _local(message: bytes) -> str:
    """The IFA_LOCAL attribute of one of our messages."""
    start = netlink.ADDRESS_MESSAGE.size
    while True:
        length, kind = struct.unpack_from("=HH", message, start)
        if kind == _IFA_LOCAL:
            return str(ipaddress.ip_address(message[start + 4 : start + length]))
        start += _aligned(length)


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def held(table: LinkTable, addresses: Iterable[VirtualAddress]) -> list[VirtualAddress]:
    """Which of these are on their interface now, with the same prefix length."""
    present = {(link.name, a.family, a.address, a.prefix_length) for link in table for a in link.all_addresses}
    return [a for a in addresses if (a.interface, a.family, a.number, a.prefix_length) in present]
