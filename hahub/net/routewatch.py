"""Hears of routes and rules that are removed, by whomever.

A router of the internet has thousands of changes a second; a socket filter lets only removals through, and the
socket joins its groups only when there is something to watch.
"""

import errno
import socket
from dataclasses import dataclass
from typing import Any

from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.net import bpf, netlink
from hahub.net.routes import RTM_DELROUTE, family_of
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
    """What tells a removed route or rule from others."""

    family: int
    name: str
    """As the Route or Rule has it in words."""
    table: int


def as_removed(entry: Route | Rule) -> Removed:
    """How its removal is heard."""
    family = entry.family if isinstance(entry, Rule) else family_of(entry.destination)
    return Removed(family, str(entry), entry.table)


class RouteWatch:
    """Tells what was removed when ``fileno`` is readable. Close it."""

    def __init__(self) -> None:
        self._sock = netlink.open_socket()
        bpf.attach(self._sock, _REMOVALS)
        self._marshal = MarshalRtnl()
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
            removed |= {_read(message) for message in self._marshal.parse(packet)}

    def close(self) -> None:
        self._sock.close()


def _read(message: Any) -> Removed:
    if message["event"] == "RTM_DELRULE":
        table = message.get_attr("FRA_TABLE") or message["table"]
        return Removed(message["family"], f"rule {message.get_attr('FRA_PRIORITY') or 0}", table)
    table = message.get_attr("RTA_TABLE") or message["table"]
    network = message.get_attr("RTA_DST") or ("::" if message["family"] == socket.AF_INET6 else "0.0.0.0")
    route = Route(f"{network}/{message['dst_len']}", gateway=message.get_attr("RTA_GATEWAY") or "")
    return Removed(message["family"], str(route), table)
