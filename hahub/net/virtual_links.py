"""Macvlans and ipvlans: rtnetlink messages that make, change and delete them, and what they leave on their base.

::

    +--------------+---------------+----------------+-------------------------------------
    | nlmsghdr, 16 | ifinfomsg, 16 | rtattr         | rtattr ...      each padded to 4
    |  length    4 |  family     1 |  length      2 |
    |  type      2 |  -          1 |  type        2 |  LINKINFO { KIND "macvlan", DATA { MODE private } }
    |  flags     2 |  device     2 |  value ...     |  AF_SPEC { AF_INET { CONF { ARP_IGNORE 1, ... } } }
    |  sequence  4 |  index      4 |
    |  port      4 |  flags      4 |
    |              |  change     4 |
    +--------------+---------------+----------------+-------------------------------------

What a virtual interface has changed on its base is written into its alias, ``made-by-hahub arp_ignore=0``: so
whoever deletes it, in whatever life, can put it back, and knows that it is ours.

Source: rtnetlink(7), linux/if_link.h, linux/ip.h; keepalived vrrp/vrrp_vmac.c for what is set.
"""

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hahub.net import netlink
from hahub.settings.virtual_interfaces import IPVLAN, MACVLAN, VirtualInterface

MARK = "made-by-hahub"
"""The first word of the alias of what we made."""
PRIVATE = 1
"""IFLA_MACVLAN_MODE: no frame goes from one macvlan to another."""

_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_NLM_F_REQUEST, _NLM_F_REQUEST_ACK, _NLM_F_REQUEST_DUMP = 0x1, 0x5, 0x301
_NLM_F_CREATE_EXCL = 0x600
_IFF_UP = 1

_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER = 1, 3, 4, 5, 10
_IFLA_LINKINFO, _IFLA_IFALIAS, _IFLA_AF_SPEC, _IFLA_GROUP = 18, 20, 26, 27
_IFLA_INFO_KIND, _IFLA_INFO_DATA = 1, 2
_IFLA_MACVLAN_MODE = 1
_IFLA_IPVLAN_MODE, _IFLA_IPVLAN_FLAGS = 1, 2
_IPVLAN_MODE_L2 = 0
_IFLA_INET_CONF = 1
_IFLA_INET6_ADDR_GEN_MODE = 8
_ADDR_GEN_MODE_NONE = 1

_CONF = {"forwarding": 1, "rp_filter": 8, "arp_filter": 13, "arp_ignore": 19, "promote_secondaries": 20,
         "accept_local": 23}  # fmt: skip
"""The sysctl of net.ipv4.conf -> its number. Source: linux/ip.h."""

_SEQUENCE_AT, _ERROR_AT = 8, netlink.HEADER_SIZE_BYTES

_word = struct.Struct("=I")
_error = struct.Struct("=i")
_short = struct.Struct("=H")
_header = struct.Struct("=IHHII BBHiII")
"""Length, type, flags, sequence, port; family, -, device type, index, flags, change."""
_attribute = struct.Struct("=HH")


# Messages


def _attr(kind: int, value: bytes) -> bytes:
    return _attribute.pack(_attribute.size + len(value), kind) + value + bytes(-len(value) % 4)


def _message(kind: int, index: int, *attributes: bytes, flags: int = _NLM_F_REQUEST_ACK, up: bool = False) -> bytes:
    body = b"".join(attributes)
    switch = _IFF_UP if up else 0
    head = _header.pack(_header.size + len(body), kind, flags, 0, 0, socket.AF_UNSPEC, 0, 0, index, switch, switch)
    return head + body


def create(virtual: VirtualInterface, base_index: int, *, group: int, vrf: int = 0) -> bytes:
    """Make it, switched off; an alias, or what is said of it in AF_SPEC, is left out by the kernel.

    vrf: index of the VRF that the base belongs to, 0 for none.
    """
    if virtual.mac:
        modes = _attr(_IFLA_MACVLAN_MODE, _word.pack(PRIVATE))
    else:
        modes = _attr(_IFLA_IPVLAN_MODE, _short.pack(_IPVLAN_MODE_L2))
        modes += _attr(_IFLA_IPVLAN_FLAGS, _short.pack(virtual.mode))
    kind = _attr(_IFLA_INFO_KIND, virtual.kind.encode())
    attributes = [
        _attr(_IFLA_LINK, _word.pack(base_index)),
        _attr(_IFLA_IFNAME, virtual.name.encode() + b"\0"),
        _attr(_IFLA_LINKINFO, kind + _attr(_IFLA_INFO_DATA, modes)),
        _attr(_IFLA_GROUP, _word.pack(group)),
    ]
    if virtual.mac:
        attributes.append(_attr(_IFLA_ADDRESS, virtual.mac_bytes))
    if vrf:
        attributes.append(_attr(_IFLA_MASTER, _word.pack(vrf)))
    return _message(_RTM_NEWLINK, 0, *attributes, flags=_NLM_F_REQUEST_ACK | _NLM_F_CREATE_EXCL)


def set_alias(index: int, alias: str) -> bytes:
    return _message(_RTM_NEWLINK, index, _attr(_IFLA_IFALIAS, alias.encode()))


def set_conf(index: int, values: Mapping[str, int]) -> bytes:
    """Set sysctls of net.ipv4.conf of one interface, also where /proc is read-only."""
    conf = b"".join(_attr(_CONF[name], _word.pack(value)) for name, value in values.items())
    return _message(_RTM_NEWLINK, index, _attr(_IFLA_AF_SPEC, _attr(socket.AF_INET, _attr(_IFLA_INET_CONF, conf))))


def no_own_ipv6_address(index: int) -> bytes:
    """Before it is switched on: the virtual MAC makes no interface identifier (VR-128)."""
    mode = _attr(_IFLA_INET6_ADDR_GEN_MODE, bytes([_ADDR_GEN_MODE_NONE]))
    return _message(_RTM_NEWLINK, index, _attr(_IFLA_AF_SPEC, _attr(socket.AF_INET6, mode)))


def switch_on(index: int) -> bytes:
    return _message(_RTM_NEWLINK, index, up=True)


def set_mtu(index: int, mtu: int) -> bytes:
    return _message(_RTM_NEWLINK, index, _attr(_IFLA_MTU, _word.pack(mtu)))


def set_group(index: int, group: int) -> bytes:
    """Also with the group it is in: the kernel tells all listeners about the interface."""
    return _message(_RTM_NEWLINK, index, _attr(_IFLA_GROUP, _word.pack(group)))


def delete(index: int) -> bytes:
    return _message(_RTM_DELLINK, index)


def delete_group(group: int) -> bytes:
    """All of this link group at once: each takes 18 ms alone, and so do a hundred together."""
    return _message(_RTM_DELLINK, 0, _attr(_IFLA_GROUP, _word.pack(group)))


# What the kernel answers


class LinkCommands:
    """Sends one message at a time; the kernel has carried it out, or not, when the answer is returned. Close it."""

    def __init__(self) -> None:
        self._sock = netlink.open_socket()
        self._sequence = 0

    def ask(self, message: bytes) -> OSError | None:
        """Have this done; returns why not."""
        try:
            (negative,) = _error.unpack_from(self._answer(message), _ERROR_AT)
        except OSError as error:
            return error
        return OSError(-negative, os.strerror(-negative)) if negative else None

    def look(self, index: int) -> "Described":
        """What the kernel says of one interface; of nothing, when there is none."""
        try:
            return describe(self._answer(_message(_RTM_GETLINK, index, flags=_NLM_F_REQUEST))) or Described()
        except OSError:
            return Described()

    def look_at_all(self) -> "list[Described]":
        """All interfaces. Raises OSError."""
        found: list[Described] = []
        packet: bytes | None = self._answer(_message(_RTM_GETLINK, 0, flags=_NLM_F_REQUEST_DUMP))
        while packet is not None:
            found += [link for message in _split(packet) if (link := describe(message)) is not None]
            packet = netlink.receive(self._sock)
        return found

    def _answer(self, message: bytes) -> bytes:
        """The first answer to this very message. Raises OSError."""
        self._sequence = self._sequence % 0xFFFF + 1
        self._sock.send(message[:_SEQUENCE_AT] + _word.pack(self._sequence) + message[_SEQUENCE_AT + _word.size :])
        while (packet := netlink.receive(self._sock)) is not None:
            if _word.unpack_from(packet, _SEQUENCE_AT)[0] == self._sequence:
                return packet
        raise OSError(errno.EIO, "the kernel did not answer")

    def close(self) -> None:
        self._sock.close()


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value of each attribute; those of no sense end it."""
    start = 0
    while start + _attribute.size <= len(content):
        length, kind = _attribute.unpack_from(content, start)
        if length < _attribute.size:
            return
        yield kind & 0x3FFF, content[start + _attribute.size : start + length]
        start += (length + 3) & ~3


@dataclass(frozen=True, slots=True)
class Described:
    """What only concerns interfaces that we make, or make something on."""

    index: int = 0
    name: str = ""
    kind: str = ""
    lower: int = 0
    alias: str = ""
    mode: int = 0
    """Of a macvlan: 1 private; of an ipvlan, its flags: 0 bridge, 1 private, 2 vepa."""
    conf: tuple[tuple[str, int], ...] = ()
    """The sysctls of net.ipv4.conf that concern us."""


def _split(packet: bytes) -> Iterator[bytes]:
    """The messages of a packet."""
    start = 0
    while start + netlink.HEADER_SIZE_BYTES <= len(packet):
        (length,) = _word.unpack_from(packet, start)
        yield packet[start : start + length]
        start += max((length + 3) & ~3, netlink.HEADER_SIZE_BYTES)


def describe(message: bytes) -> Described | None:
    """Read one RTM_NEWLINK; None for anything else."""
    if len(message) < _header.size or _header.unpack_from(message)[1] != _RTM_NEWLINK:
        return None
    told = dict(_attributes(message[_header.size :]))
    info = dict(_attributes(told.get(_IFLA_LINKINFO, b"")))
    kind = _text(info.get(_IFLA_INFO_KIND, b""))
    modes = dict(_attributes(info.get(_IFLA_INFO_DATA, b"")))
    mode = modes.get(_IFLA_MACVLAN_MODE if kind == MACVLAN else _IFLA_IPVLAN_FLAGS, b"")
    return Described(
        index=_header.unpack_from(message)[8],
        name=_text(told.get(_IFLA_IFNAME, b"")),
        kind=kind,
        lower=int.from_bytes(told.get(_IFLA_LINK, b""), sys.byteorder),
        alias=_text(told.get(_IFLA_IFALIAS, b"")),
        mode=int.from_bytes(mode, sys.byteorder),
        conf=_read_conf(told.get(_IFLA_AF_SPEC, b"")),
    )


def _read_conf(families: bytes) -> tuple[tuple[str, int], ...]:
    """An array here, though each has an attribute of its own when it is set."""
    values = dict(_attributes(dict(_attributes(families)).get(socket.AF_INET, b""))).get(_IFLA_INET_CONF, b"")
    known = {name: number for name, number in _CONF.items() if _word.size * number <= len(values)}
    return tuple((name, _word.unpack_from(values, _word.size * (number - 1))[0]) for name, number in known.items())


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


# Alias


def as_alias(before: Mapping[str, int]) -> str:
    """before: the sysctls to be put back when it is deleted, and their values."""
    return " ".join([MARK, *(f"{name}={value}" for name, value in before.items())])


def read_alias(alias: str) -> dict[str, int] | None:
    """The same; None for an interface that is not ours."""
    mark, *words = alias.split() or [""]
    pairs = [word.partition("=") for word in words]
    if mark != MARK or not all(value.isascii() and value.isdecimal() for _, _, value in pairs):
        return None
    return {name: int(value) for name, _, value in pairs}


def is_ours(kind: str, alias: str) -> bool:
    """Whether we made it; kind: the kernel's word for what it is."""
    return kind in (MACVLAN, IPVLAN) and read_alias(alias) is not None
