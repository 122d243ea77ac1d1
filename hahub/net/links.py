"""What the kernel says about interfaces and their IPv4 addresses, kept up to date from its messages.

Source: rtnetlink(7); pyroute2 decodes, a plain non-blocking socket carries.
"""

import contextlib
import ipaddress
import socket
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyroute2.netlink.rtnl.marshal import MarshalRtnl

_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_IFA_F_SECONDARY = 0x01
_RTMGRP_LINK, _RTMGRP_IPV4_IFADDR = 0x1, 0x10
_SO_RCVBUFFORCE = 33
_RECEIVE_BUFFER_BYTES = 4 << 20
_READ_BYTES = 1 << 17
_RTM_GETLINK, _RTM_GETADDR = 18, 22
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_NLMSG_DONE, _NLMSG_ERROR = 3, 2
_DUMP_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """One IPv4 address as it stands on an interface."""

    address: int
    prefix_length: int
    label: str = ""
    secondary: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """One interface."""

    name: str
    index: int
    mac: bytes
    up: bool
    """Administratively up, and with carrier."""
    addresses: tuple[InterfaceAddress, ...] = ()
    """In the kernel's order."""

    def primary(self, exclude: Collection[int] = ()) -> int | None:
        """The address that adverts come from: the first that is not one of ``exclude``; None without one."""
        return next((a.address for a in self.addresses if a.address not in exclude), None)


class LinkTable:
    """Interfaces by name and index, made of decoded rtnetlink messages; does no input or output."""

    def __init__(self) -> None:
        self._by_index: dict[int, Link] = {}

    def get(self, name: str) -> Link | None:
        return next((link for link in self._by_index.values() if link.name == name), None)

    def links(self) -> tuple[Link, ...]:
        return tuple(self._by_index.values())

    def apply(self, message: Mapping[str, Any]) -> set[str]:
        """Take one message; the names of the interfaces that are not as they were before."""
        match message["event"]:
            case "RTM_NEWLINK":
                return self._new_link(message)
            case "RTM_DELLINK":
                gone = self._by_index.pop(message["index"], None)
                return {gone.name} if gone is not None else set()
            case "RTM_NEWADDR":
                return self._change_address(message, _added)
            case "RTM_DELADDR":
                return self._change_address(message, _removed)
        return set()

    def _new_link(self, message: Mapping[str, Any]) -> set[str]:
        index, flags = message["index"], message["flags"]
        before = self._by_index.get(index)
        mac = bytes.fromhex((message.get_attr("IFLA_ADDRESS") or "").replace(":", ""))  # type: ignore[attr-defined]
        after = Link(
            name=message.get_attr("IFLA_IFNAME"),  # type: ignore[attr-defined]
            index=index,
            mac=mac,
            up=flags & (_IFF_UP | _IFF_RUNNING) == _IFF_UP | _IFF_RUNNING,
            addresses=before.addresses if before is not None else (),
        )
        self._by_index[index] = after
        if after == before:
            return set()
        return {after.name} | ({before.name} if before is not None else set())

    def _change_address(self, message: Mapping[str, Any], change: Any) -> set[str]:
        link = self._by_index.get(message["index"])
        if link is None or message["family"] != socket.AF_INET:
            return set()
        text = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")  # type: ignore[attr-defined]
        address = InterfaceAddress(
            address=int(ipaddress.IPv4Address(text)),
            prefix_length=message["prefixlen"],
            label=message.get_attr("IFA_LABEL") or "",  # type: ignore[attr-defined]
            secondary=bool(message["flags"] & _IFA_F_SECONDARY),
        )
        after = replace(link, addresses=change(link.addresses, address))
        self._by_index[link.index] = after
        return {link.name} if after != link else set()


def _same(a: InterfaceAddress, b: InterfaceAddress) -> bool:
    return (a.address, a.prefix_length) == (b.address, b.prefix_length)


def _added(addresses: tuple[InterfaceAddress, ...], new: InterfaceAddress) -> tuple[InterfaceAddress, ...]:
    if any(_same(address, new) for address in addresses):
        return tuple(new if _same(address, new) else address for address in addresses)
    return (*addresses, new)


def _removed(addresses: tuple[InterfaceAddress, ...], gone: InterfaceAddress) -> tuple[InterfaceAddress, ...]:
    return tuple(address for address in addresses if not _same(address, gone))


class LinkMonitor:
    """Hears of every change of interfaces and IPv4 addresses in this network namespace."""

    def __init__(self) -> None:
        self.table = LinkTable()
        self._marshal = MarshalRtnl()
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Subscribe, then read everything there is. Raises OSError."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)
        except OSError:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        self._socket.bind((0, _RTMGRP_LINK | _RTMGRP_IPV4_IFADDR))
        self.table = self._read_all()

    def fileno(self) -> int:
        if self._socket is None:
            raise ValueError("the monitor is not open")
        return self._socket.fileno()

    def drain(self) -> set[str]:
        """Read what has arrived; the names of the interfaces that changed. Lost messages lead to a full reading."""
        if self._socket is None:
            return set()
        changed: set[str] = set()
        while True:
            try:
                data = self._socket.recv(_READ_BYTES)
            except BlockingIOError:
                return changed
            except OSError:  # ENOBUFS: messages were lost
                changed |= self._resynchronise()
                continue
            changed |= self._apply_all(self.table, data)

    def _apply_all(self, table: LinkTable, data: bytes) -> set[str]:
        changed: set[str] = set()
        for message in self._marshal.parse(data):
            changed |= table.apply(message)
        return changed

    def _resynchronise(self) -> set[str]:
        before = {link.name: link for link in self.table.links()}
        self.table = self._read_all()
        after = {link.name: link for link in self.table.links()}
        return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}

    def _read_all(self) -> LinkTable:
        """Dump links, then addresses, over a socket of their own; only the kernel answers, within microseconds."""
        table = LinkTable()
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as dump:
            dump.settimeout(_DUMP_TIMEOUT)
            for request, family, size in ((_RTM_GETLINK, socket.AF_UNSPEC, 16), (_RTM_GETADDR, socket.AF_INET, 8)):
                body = struct.pack("=B", family).ljust(size, b"\0")
                header = struct.pack("=IHHII", 16 + size, request, _NLM_F_REQUEST | _NLM_F_DUMP, request, 0)
                dump.send(header + body)
                while not self._take_dump(table, dump.recv(_READ_BYTES)):
                    pass
        return table

    def _take_dump(self, table: LinkTable, data: bytes) -> bool:
        """Apply one part of a dump; True when it was the last."""
        last = _message_types(data)[-1:] in ([_NLMSG_DONE], [_NLMSG_ERROR])
        self._apply_all(table, data)
        return last

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _message_types(data: bytes) -> list[int]:
    types, offset = [], 0
    while offset + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        types.append(kind)
        offset += max(16, length + 3 & ~3)
    return types


def names(links: Iterable[Link]) -> set[str]:
    """The names of these interfaces."""
    return {link.name for link in links}
