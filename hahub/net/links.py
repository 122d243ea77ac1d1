"""The network interfaces and their addresses, as the kernel reports them.

``LinkTable`` is pure: rtnetlink messages in, names of changed interfaces out. ``LinkMonitor`` feeds it.
"""

import errno
import socket
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hahub.family import Family
from hahub.net import attributes, netlink
from hahub.net.netlink import Message

_IFF_UP = 0x1
_IFF_RUNNING = 0x40
_IFA_F_SECONDARY = 0x01
_IFA_F_OPTIMISTIC = 0x04
_IFA_F_DADFAILED = 0x08
_IFA_F_TENTATIVE = 0x40
_RTMGRP_LINK = 0x1
_RTMGRP_IPV4_IFADDR = 0x10
_RTMGRP_IPV6_IFADDR = 0x100
_LINK_LOCAL_PREFIX = 0xFE80 >> 6
"""The first 10 bits of fe80::/10."""
_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NLM_F_REQUEST_DUMP = 0x301
_NLM_F_DUMP_INTR = 0x10
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER = 1, 3, 4, 5, 10
_IFLA_LINKINFO, _IFLA_IFALIAS, _IFLA_GROUP = 18, 20, 27
_IFLA_INFO_KIND = 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_FLAGS = 1, 2, 3, 8
_link_message = struct.Struct("=BxHiII")
"""struct ifinfomsg: family, device type, index, flags, change."""
_address_message = struct.Struct("=BBBBI")
"""struct ifaddrmsg: family, prefix length, flags, scope, interface index."""
_DUMP_ATTEMPTS_MAX = 10
_DUMP_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """One address of an interface."""

    address: int
    prefix_length: int
    label: str
    secondary: bool
    scope: int = 0
    """rtnetlink scope: 0 global, 253 link, 254 host."""
    peer: int | None = None
    """The other end of a point-to-point link; None on any other."""
    family: Family = Family.IPV4
    usable: bool = True
    """False for an IPv6 address that may belong to another node as well, as far as the kernel knows yet."""


@dataclass(frozen=True, slots=True)
class Link:
    """One network interface."""

    name: str
    index: int
    mac: bytes
    """6 bytes on Ethernet; other links have other lengths, or none."""
    up: bool
    """Switched on and able to carry packets: IFF_UP and IFF_RUNNING."""
    addresses: tuple[InterfaceAddress, ...] = ()
    """IPv4, in the kernel's order: primary ones first."""
    addresses6: tuple[InterfaceAddress, ...] = ()
    mtu: int = 0
    group: int = 0
    kind: str = ""
    """``macvlan``, ``veth``, ...; empty for hardware."""
    lower: int = 0
    """Index of the interface that this one lies on; 0 for none. That of a veth pair's other end."""
    master: int = 0
    """Index of the bridge, bond or VRF that it is a port of; 0 for none."""
    alias: str = ""

    @property
    def all_addresses(self) -> tuple[InterfaceAddress, ...]:
        return self.addresses + self.addresses6

    def source(self, family: Family, exclude: Collection[int]) -> int | None:
        """The address to send adverts from, none of these; None when there is none (VR-006, VR-007)."""
        return self.primary(exclude) if family is Family.IPV4 else self.link_local(exclude)

    def link_local(self, exclude: Collection[int]) -> int | None:
        """The first usable IPv6 address of this link that is not one of these; None when there is none."""
        candidates = (a.address for a in self.addresses6 if a.usable and a.address >> 118 == _LINK_LOCAL_PREFIX)
        return next((address for address in candidates if address not in exclude), None)

    @property
    def mac_identifier(self) -> int | None:
        """The link-local address that its MAC makes, whether it has it or not. Source: RFC 4291 appendix A."""
        if len(self.mac) != 6:
            return None
        identifier = bytes([self.mac[0] ^ 2]) + self.mac[1:3] + b"\xff\xfe" + self.mac[3:]
        return _LINK_LOCAL_PREFIX << 118 | int.from_bytes(identifier, "big")

    def primary(self, exclude: Collection[int]) -> int | None:
        """The first IPv4 address that is not one of these; None when there is none (VR-006)."""
        return next((a.address for a in self.addresses if a.address not in exclude), None)


_Key = tuple[Family, int, int, int | None]
"""What the kernel tells addresses of an interface apart by: family, address, prefix length, peer."""


class LinkTable:
    """All interfaces of this network namespace."""

    def __init__(self) -> None:
        self._bare: dict[int, Link] = {}
        """By interface index, without addresses."""
        self._addresses: dict[int, dict[_Key, InterfaceAddress]] = {}
        """By interface index, in the order in which they became what they are."""
        self._whole: dict[int, Link] = {}
        """Put together when asked for: a batch of addresses comes as hundreds of messages."""

    def __iter__(self) -> Iterator[Link]:
        return (self._link(index) for index in self._bare)

    def get(self, name: str) -> Link | None:
        return next((self._link(index) for index, link in self._bare.items() if link.name == name), None)

    def at(self, index: int) -> Link | None:
        return self._link(index) if index in self._bare else None

    def _link(self, index: int) -> Link:
        whole = self._whole.get(index)
        if whole is None:
            addresses = self._addresses.get(index, {}).values()
            old = sorted((a for a in addresses if a.family is Family.IPV4), key=_kernel_order)
            new = (a for a in addresses if a.family is Family.IPV6)
            whole = replace(self._bare[index], addresses=tuple(old), addresses6=tuple(new))
            self._whole[index] = whole
        return whole

    def apply(self, message: Message) -> set[str]:
        """Take one message; returns the names of the interfaces that are now different.

        A renamed interface counts under both names. Messages about other things change nothing.
        """
        if message.kind in (_RTM_NEWLINK, _RTM_DELLINK):
            return self._apply_link(message)
        if message.kind in (_RTM_NEWADDR, _RTM_DELADDR):
            return self._apply_address(message)
        return set()

    def _apply_link(self, message: Message) -> set[str]:
        family, _, index, flags, _ = _link_message.unpack_from(message.body)
        # A bridge tells about its ports in the same words, under a family of its own.
        if family != socket.AF_UNSPEC:
            return set()
        before = self._bare.pop(index, None)
        if message.kind == _RTM_DELLINK:
            after = None
            self._addresses.pop(index, None)
        else:
            after = _read_link(index, flags, attributes.read(message.body, _link_message.size), before)
        if after is not None:
            self._bare[index] = after
        if before == after:
            return set()
        self._whole.pop(index, None)
        return {link.name for link in (before, after) if link is not None}

    def _apply_address(self, message: Message) -> set[str]:
        address = _read_address(message.body)
        if address is None:
            return set()
        *_, index = _address_message.unpack_from(message.body)
        known = self._addresses.setdefault(index, {})
        key = (address.family, address.address, address.prefix_length, address.peer)
        before = known.get(key)
        if message.kind == _RTM_DELADDR:
            known.pop(key, None)
            changed = before is not None
        else:
            if before is not None and before.secondary != address.secondary:
                del known[key]  # a promoted address goes to the end of the primary ones
            known[key] = address
            changed = before != address
        if not changed:
            return set()
        self._whole.pop(index, None)
        return {self._bare[index].name} if index in self._bare else set()

    def become(self, other: "LinkTable") -> set[str]:
        """Take over what another table knows; returns the names of the interfaces that are now different."""
        before = {link.name: link for link in self}
        after = {link.name: link for link in other}
        self._bare, self._addresses, self._whole = other._bare, other._addresses, other._whole
        return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _kernel_order(address: InterfaceAddress) -> tuple[bool, int]:
    """Primary addresses first, the narrow scopes in front, those of a kind in the order of their coming.

    Source: linux net/ipv4/devinet.c:__inet_insert_ifa.
    """
    return (address.secondary, 0 if address.secondary else -address.scope)


def _read_link(index: int, flags: int, said: dict[int, bytes], before: Link | None) -> Link | None:
    """The link after RTM_NEWLINK; name and MAC that the message leaves out are as before."""
    name = attributes.text_of(said.get(_IFLA_IFNAME)) or (before.name if before is not None else "")
    if not name:
        return None
    return Link(
        name=name,
        index=index,
        mac=said.get(_IFLA_ADDRESS) or (before.mac if before is not None else b""),
        up=flags & (_IFF_UP | _IFF_RUNNING) == _IFF_UP | _IFF_RUNNING,
        mtu=attributes.number_of(said.get(_IFLA_MTU)),
        group=attributes.number_of(said.get(_IFLA_GROUP)),
        kind=attributes.text_of(attributes.read(said.get(_IFLA_LINKINFO, b"")).get(_IFLA_INFO_KIND)),
        lower=attributes.number_of(said.get(_IFLA_LINK)),
        master=attributes.number_of(said.get(_IFLA_MASTER)),
        alias=attributes.text_of(said.get(_IFLA_IFALIAS)),
    )


def _read_address(body: bytes) -> InterfaceAddress | None:
    """The address that a message is about; None for one of another family."""
    number, prefix_length, flags, scope, _ = _address_message.unpack_from(body)
    family = _FAMILIES.get(number)
    said = attributes.read(body, _address_message.size)
    # IPv6 tells the local end only where there is another one.
    local = said.get(_IFA_LOCAL) or (said.get(_IFA_ADDRESS) if family is Family.IPV6 else None)
    if family is None or local is None:
        return None
    peer = said.get(_IFA_ADDRESS, local)
    if _IFA_FLAGS in said:
        flags = attributes.number_of(said[_IFA_FLAGS])
    return InterfaceAddress(
        address=int.from_bytes(local, "big"),
        prefix_length=prefix_length,
        label=attributes.text_of(said.get(_IFA_LABEL)),
        secondary=family is Family.IPV4 and bool(flags & _IFA_F_SECONDARY),
        scope=scope,
        peer=int.from_bytes(peer, "big") if peer != local else None,
        family=family,
        usable=family is Family.IPV4 or _is_unique(flags),
    )


_FAMILIES = {socket.AF_INET: Family.IPV4, socket.AF_INET6: Family.IPV6}


def _is_unique(flags: int) -> bool:
    """Duplicate address detection has found nobody, or need not be waited for."""
    unsettled = flags & _IFA_F_TENTATIVE and not flags & _IFA_F_OPTIMISTIC
    return not unsettled and not flags & _IFA_F_DADFAILED


def forwards_ipv6(interface: str) -> bool:
    """Whether this host is a router on this interface, as its neighbours are to be told (VR-112)."""
    try:
        return Path("/proc/sys/net/ipv6/conf", interface, "forwarding").read_text().strip() != "0"
    except OSError:
        return False


class LinkMonitor:
    """Keeps a LinkTable in step with the kernel. Open it, then drain it whenever ``fileno`` is readable."""

    def __init__(self) -> None:
        self.table = LinkTable()
        self._sock: socket.socket | None = None
        self._is_stale = False
        """The table may lack something, and must be read anew."""
        self._untold: set[str] = set()

    def open(self) -> None:
        """Subscribe, then read all that is there now. Raises OSError."""
        self._sock = netlink.open_socket(_RTMGRP_LINK | _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV6_IFADDR)
        self.table.become(self._dump())

    def fileno(self) -> int:
        return self._socket().fileno()

    def _socket(self) -> socket.socket:
        if self._sock is None:
            raise OSError(errno.EBADF, "the link monitor is not open")
        return self._sock

    def catch_up(self) -> None:
        """Take all news into the table; what is different now is told by the next ``drain``."""
        self._untold |= self._take()

    def drain(self) -> set[str]:
        """Take all news; returns the names of the interfaces that are now different. Does not wait.

        After news was lost for want of memory, everything is read anew. Raises OSError when that fails.
        """
        untold, self._untold = self._untold, set()
        return untold | self._take()

    def _take(self) -> set[str]:
        changed: set[str] = set()
        while True:
            try:
                packet = netlink.receive(self._socket())
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._is_stale = True
                continue
            if packet is None:
                break
            if not self._is_stale:
                changed |= self._apply(packet)
        # News that waits behind the dump is applied once more, in its order: the end is the same.
        return changed | self.table.become(self._dump()) if self._is_stale else changed

    def _apply(self, packet: bytes) -> set[str]:
        changed: set[str] = set()
        for message in netlink.messages(packet):
            changed |= self.table.apply(message)
        return changed

    def _dump(self) -> LinkTable:
        """All interfaces, then all addresses, over a socket of its own. The kernel answers at once.

        What changes while it is read is read again; where it never rests, again with the next news.
        """
        for _ in range(_DUMP_ATTEMPTS_MAX):
            table = LinkTable()
            with netlink.open_socket() as sock:
                sock.settimeout(_DUMP_TIMEOUT)
                links_whole = self._read_into(table, sock, _RTM_GETLINK)
                self._is_stale = not (self._read_into(table, sock, _RTM_GETADDR) and links_whole)
            if not self._is_stale:
                break
        return table

    def _read_into(self, table: LinkTable, sock: socket.socket, what: int) -> bool:
        """One dump; False when something changed under it. Raises OSError."""
        sock.send(_dump_request(what))
        whole = True
        while True:
            for message in netlink.messages(sock.recv(netlink.RECEIVE_SIZE_BYTES)):
                whole = whole and not message.flags & _NLM_F_DUMP_INTR
                if message.kind == _NLMSG_DONE:
                    return whole
                if message.kind == _NLMSG_ERROR:
                    (negative,) = struct.unpack_from("=i", message.body)
                    raise OSError(-negative, "the kernel does not tell the interfaces")
                table.apply(message)

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()


def _dump_request(what: int) -> bytes:
    # nlmsghdr, then a struct ifinfomsg, whose first byte is the family in every kind of request
    return struct.pack("=IHHII B15x", 32, what, _NLM_F_REQUEST_DUMP, 0, 0, socket.AF_UNSPEC)
