"""What the kernel says against netlink messages of ours: which one, why, and whether it matters.

::

    +--------------+---------+------------------------+--------------------------------------
    | nlmsghdr, 16 | errno 4 | our message, as a whole | attributes, with NLM_F_ACK_TLVS: words
    +--------------+---------+------------------------+--------------------------------------

Source: netlink(7), linux/netlink.h.
"""

import errno
import ipaddress
import os
import socket
import struct
from dataclasses import dataclass, field

from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.net import netlink

RTM_SETLINK = 19
RTM_NEWADDR = 20
RTM_DELADDR = 21
_RTM_NEWROUTE, _RTM_DELROUTE = 24, 25
_RTM_NEWRULE, _RTM_DELRULE = 32, 33
_NLMSG_ERROR = 2
_NLM_F_ACK_TLVS = 0x200
_NLMSGERR_ATTR_MSG = 1
_IFA_LOCAL = 2

_EXPECTED = {
    RTM_SETLINK: frozenset({0, errno.ENODEV}),
    RTM_NEWADDR: frozenset({0, errno.EEXIST}),
    RTM_DELADDR: frozenset({0, errno.EADDRNOTAVAIL, errno.ENODEV, errno.ESRCH}),
    _RTM_NEWROUTE: frozenset({0, errno.EEXIST}),
    _RTM_DELROUTE: frozenset({0, errno.ESRCH, errno.ENOENT, errno.ENODEV}),
    _RTM_NEWRULE: frozenset({0, errno.EEXIST}),
    _RTM_DELRULE: frozenset({0, errno.ENOENT, errno.ESRCH}),
}
"""What the kernel may answer when all is well: it is there already, or it is gone already."""


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
    reason: str = field(default="", compare=False)
    """The kernel's own words, where it has some."""

    def __str__(self) -> str:
        if not self.address:
            return f"answers about addresses were lost: {os.strerror(self.errno)}"
        return f"cannot {self.verb} {self.address} on interface {self.index}: {_because(self)}"


@dataclass(frozen=True, slots=True)
class RoutingError:
    """A route or a rule that the kernel would not add or remove, or a setting that it would not change."""

    verb: str
    """``add``, ``remove`` or ``change``."""
    what: str
    """``route 10.0.0.0/8 via 10.9.0.2``, ``rule 100``, ``settings of interface 7``."""
    errno: int
    reason: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"cannot {self.verb} {self.what}: {_because(self)}"


Refusal = AddressError | RoutingError


def _because(refusal: Refusal) -> str:
    words = os.strerror(refusal.errno)
    return f"{words} ({refusal.reason.rstrip('.')})" if refusal.reason else words


def read_refusals(packet: bytes) -> list[Refusal]:
    """Read the kernel's answers: the errno, and the message that it is about."""
    found: list[Refusal] = []
    start = 0
    while start + netlink.HEADER_SIZE_BYTES <= len(packet):
        length, kind, flags = struct.unpack_from("=IHH", packet, start)
        if kind == _NLMSG_ERROR:
            (negative,) = struct.unpack_from("=i", packet, start + netlink.HEADER_SIZE_BYTES)
            about = packet[start + netlink.HEADER_SIZE_BYTES + 4 : start + length]
            (size,) = struct.unpack_from("=I", about)
            reason = _words(about[_aligned(size) :]) if flags & _NLM_F_ACK_TLVS else ""
            error = _refusal(about[:size], -negative, reason)
            if error is not None:
                found.append(error)
        start += max(_aligned(length), netlink.HEADER_SIZE_BYTES)
    return found


def _refusal(about: bytes, code: int, reason: str) -> Refusal | None:
    """What the kernel's answer means; None when it is as good as success."""
    _, kind, _, _, _, _, prefix_length, _, _, index = netlink.ADDRESS_MESSAGE.unpack_from(about)
    if code in _EXPECTED[kind]:
        return None
    if kind == RTM_SETLINK:
        return RoutingError("change", f"settings of interface {_interface(about)}", code, reason)
    verb = "add" if kind in (RTM_NEWADDR, _RTM_NEWROUTE, _RTM_NEWRULE) else "remove"
    if kind not in (RTM_NEWADDR, RTM_DELADDR):
        return RoutingError(verb, _described(about), code, reason)
    return AddressError(verb, f"{_local(about)}/{prefix_length}", index, code, reason)


def _words(attributes: bytes) -> str:
    """The kernel's reason; empty when it gives none."""
    start = 0
    while start + 4 <= len(attributes):
        length, kind = struct.unpack_from("=HH", attributes, start)
        if kind == _NLMSGERR_ATTR_MSG:
            return attributes[start + 4 : start + length].rstrip(b"\0").decode(errors="replace")
        start += max(_aligned(length), 4)
    return ""


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
