"""Hears of routes and rules that are removed, by whomever.

A router of the internet has thousands of changes a second; a socket filter lets only removals through, and the
socket joins its groups only when there is something to watch.
"""

import errno
import socket
import struct
from dataclasses import dataclass

from hahub.net import attributes, bpf, netlink
from hahub.net.attributes import family_of
from hahub.net.netlink import Message
from hahub.net.routes import RTM_DELROUTE
from hahub.net.rules import RTM_DELRULE
from hahub.settings import Route, Rule

_ADD_MEMBERSHIP, _DROP_MEMBERSHIP = 1, 2
_SOL_NETLINK = 270
_GROUPS = (7, 8, 11, 19)
"""RTNLGRP_IPV4_ROUTE, _IPV4_RULE, _IPV6_ROUTE, _IPV6_RULE. Source: linux/rtnetlink.h."""
_LOAD_HALF_WORD = 0x28
_JUMP_IF_EQUAL = 0x15
_RETURN = 0x06
_TYPE_OFFSET = 4
_message = struct.Struct("=BBBBBBBBI")
"""struct rtmsg, and a struct fib_rule_hdr has the same first five: family, two lengths, TOS, table."""
_RTA_DST, _RTA_PRIORITY, _RTA_TABLE = 1, 6, 15
_FRA_PRIORITY, _FRA_TABLE, _FRA_PROTOCOL = 6, 15, 21
_METRIC_IPV6 = 1024
"""IP6_RT_PRIO_USER: of a route that names none."""
_REMOVALS: bpf.Program = (
    # Loads are big-endian, the header is in the order of the machine.
    (_LOAD_HALF_WORD, 0, 0, _TYPE_OFFSET),
    (_JUMP_IF_EQUAL, 1, 0, socket.htons(RTM_DELROUTE)),
    (_JUMP_IF_EQUAL, 0, 1, socket.htons(RTM_DELRULE)),
    (_RETURN, 0, 0, 0xFFFF),
    (_RETURN, 0, 0, 0),
)


@dataclass(frozen=True, slots=True)
class Removed:
    """What tells a removed route or rule from others. Not the way of a route: one of several may go alone."""

    family: int
    name: str
    """``route 10.0.0.0/8``, ``rule 500``."""
    table: int
    protocol: int
    metric: int = 0
    tos: int = 0


def as_removed(entry: Route | Rule) -> Removed:
    """How its removal is heard."""
    if isinstance(entry, Rule):
        return Removed(entry.family, str(entry), entry.table, entry.protocol)
    family = family_of(entry.destination)
    metric = entry.metric or (_METRIC_IPV6 if family == socket.AF_INET6 else 0)
    tos = 0 if family == socket.AF_INET6 else entry.tos
    return Removed(family, f"route {entry.destination}", entry.table, entry.protocol, metric, tos)


class RouteWatch:
    """Tells what was removed when ``fileno`` is readable. Close it."""

    def __init__(self, *, own_port: int = 0) -> None:
        """own_port: of the socket whose removals are no news."""
        self._ours = {own_port} - {0}
        self._sock = netlink.open_socket()
        bpf.attach(self._sock, _REMOVALS)
        self._listening = False

    def fileno(self) -> int:
        return self._sock.fileno()

    def listen(self, *, needed: bool) -> None:
        """Begin to hear, or stop."""
        if needed != self._listening:
            self._listening = needed
            for group in _GROUPS:
                self._sock.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP if needed else _DROP_MEMBERSHIP, group)

    def drain(self) -> set[Removed] | None:
        """What was removed since the last time; None when news was lost, so that anything may be gone."""
        removed: set[Removed] = set()
        lost = False
        while True:
            try:
                packet = netlink.receive(self._sock)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lost = True
                continue
            if packet is None:
                return None if lost else removed
            removed |= {_read(each) for each in netlink.messages(packet) if each.port not in self._ours}

    def close(self) -> None:
        self._sock.close()


def _read(message: Message) -> Removed:
    family, length, _, tos, table, protocol, _, _, _ = _message.unpack_from(message.body)
    said = attributes.read(message.body, _message.size)
    if message.kind == RTM_DELRULE:
        preference, protocol = (
            attributes.number_of(said.get(_FRA_PRIORITY)),
            attributes.number_of(said.get(_FRA_PROTOCOL)),
        )
        return Removed(family, f"rule {preference}", attributes.number_of(said.get(_FRA_TABLE)) or table, protocol)
    network = attributes.address_of(said.get(_RTA_DST) or bytes(16 if family == socket.AF_INET6 else 4))
    table = attributes.number_of(said.get(_RTA_TABLE)) or table
    metric = attributes.number_of(said.get(_RTA_PRIORITY))
    return Removed(family, f"route {network}/{length}", table, protocol, metric, tos)
