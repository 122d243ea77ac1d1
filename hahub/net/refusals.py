"""What the kernel says against netlink messages of ours: which one, why, and whether it matters.

::

    +--------------+---------+------------------------+--------------------------------------
    | nlmsghdr, 16 | errno 4 | our message, as a whole | attributes, with NLM_F_ACK_TLVS: words
    +--------------+---------+------------------------+--------------------------------------

Source: netlink(7), linux/netlink.h.
"""

import errno
import os
import socket
import struct
from dataclasses import dataclass, field

from hahub.net import attributes, netlink

RTM_SETLINK = 19
RTM_NEWADDR = 20
RTM_DELADDR = 21
_RTM_NEWROUTE, _RTM_DELROUTE = 24, 25
_RTM_NEWRULE, _RTM_DELRULE = 32, 33
_NLMSG_ERROR = 2
_NLM_F_ACK_TLVS = 0x200
_NLMSGERR_ATTR_MSG = 1
_IFA_LOCAL = 2
_RTA_DST, _RTA_GATEWAY, _FRA_PRIORITY = 1, 5, 6

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
    for answer in netlink.messages(packet):
        if answer.kind == _NLMSG_ERROR:
            negative, size = struct.unpack_from("=iI", answer.body)
            about, said = answer.body[4 : 4 + size], attributes.read(answer.body, 4 + (size + 3 & ~3))
            reason = attributes.text_of(said.get(_NLMSGERR_ATTR_MSG)) if answer.flags & _NLM_F_ACK_TLVS else ""
            error = _refusal(about, -negative, reason)
            if error is not None:
                found.append(error)
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


def _interface(message: bytes) -> int:
    """The number in a message about an interface."""
    (index,) = struct.unpack_from("=I", message, netlink.HEADER_SIZE_BYTES + 4)
    return int(index)


def _described(message: bytes) -> str:
    """Name the route or rule that one of our messages is about; both have twelve bytes behind nlmsghdr."""
    _, kind, _, _, _, family, length = struct.unpack_from("=IHHII BB", message)
    said = attributes.read(message, netlink.HEADER_SIZE_BYTES + 12)
    if kind in (_RTM_NEWRULE, _RTM_DELRULE):
        return f"rule {attributes.number_of(said.get(_FRA_PRIORITY))}"
    network = attributes.address_of(said.get(_RTA_DST) or bytes(4 if family == socket.AF_INET else 16))
    gateway = said.get(_RTA_GATEWAY)
    return f"route {network}/{length}" + (f" via {attributes.address_of(gateway)}" if gateway else "")


def _local(message: bytes) -> str:
    """The IFA_LOCAL attribute of one of our messages."""
    return attributes.address_of(attributes.read(message, netlink.ADDRESS_MESSAGE.size)[_IFA_LOCAL])
