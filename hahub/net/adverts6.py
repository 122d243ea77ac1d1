"""Sockets for advertisements over IPv6: one to receive on each interface, one to send to each destination.

What comes in has no IPv6 header: source, destination and hop limit stand beside it.
Source: RFC 3542; RFC 9568 section 5.1.2; Linux ipv6(7).
"""

import contextlib
import socket
import struct
from collections.abc import Iterable, Sequence

from hahub.family import Family
from hahub.net import bpf, together
from hahub.net.adverts import PACKET_SIZE_MAX, RECEIVE_BUFFER_BYTES, set_receive_buffer
from hahub.net.arrival import STAMP_BYTES, Ancillary, ArrivalClock
from hahub.vrrp.packet import GROUP6, PROTOCOL, TOS, TTL, Datagram, is_group

# linux/in6.h; absent from the socket module of Python 3.11
_IPV6_MULTICAST_ALL = 29
_IPV6_FREEBIND = 78
_SO_BINDTODEVICE = 25

_index = struct.Struct("=I")
_hop_limit = struct.Struct("=i")
_ANCILLARY_BYTES = socket.CMSG_SPACE(20) + socket.CMSG_SPACE(_hop_limit.size) + STAMP_BYTES
"""Room for the struct in6_pktinfo, the hop limit and the time of arrival of a packet."""


def _open() -> socket.socket:
    return socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_NONBLOCK, PROTOCOL)


class AdvertReceiver6:
    """Hears the advertisements of some virtual routers on one interface. Close it."""

    def __init__(
        self,
        interface: str,
        ifindex: int,
        virtual_router_ids: Iterable[int] | None,
        *,
        groups: Iterable[int] = (GROUP6,),
    ) -> None:
        """Join the groups and listen. Raises OSError: no such interface, no IPv6 on it, or CAP_NET_RAW is missing.

        virtual_router_ids: None for all.
        groups: multicast addresses; what is sent to this host alone is heard anyway.
        A raw socket receives from its first moment on, from everywhere: nothing is let in until all is set.
        """
        self._ifindex = ifindex
        self._groups: set[int] = set()
        self._sock = _open()
        try:
            bpf.attach(self._sock, bpf.NOTHING)
            self._clock = ArrivalClock(self._sock)
            set_receive_buffer(self._sock, RECEIVE_BUFFER_BYTES)
            self._sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode())
            for option, value in (
                (_IPV6_MULTICAST_ALL, 0),
                (socket.IPV6_RECVHOPLIMIT, 1),
                (socket.IPV6_RECVPKTINFO, 1),
            ):
                self._sock.setsockopt(socket.IPPROTO_IPV6, option, value)
            while self.receive_batch():
                pass
            self.set_virtual_router_ids(virtual_router_ids)
            self.set_groups(groups)
        except BaseException:
            self._sock.close()
            raise

    def fileno(self) -> int:
        return self._sock.fileno()

    def set_virtual_router_ids(self, virtual_router_ids: Iterable[int] | None) -> None:
        """Hear these from now on; packets for others may still be queued. Raises OSError."""
        bpf.attach(self._sock, bpf.virtual_routers(virtual_router_ids, Family.IPV6))

    def set_buffer(self, size_bytes: int) -> None:
        """Have room for so many bytes of packets that wait, or for the usual number when that is more."""
        set_receive_buffer(self._sock, max(size_bytes, RECEIVE_BUFFER_BYTES))

    def set_groups(self, groups: Iterable[int]) -> None:
        """Be a member of exactly these. Raises OSError."""
        wanted = set(groups)
        for group in self._groups - wanted:
            self._sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_LEAVE_GROUP, self._membership(group))
            self._groups.remove(group)
        for group in wanted - self._groups:
            self._sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, self._membership(group))
            self._groups.add(group)

    def _membership(self, group: int) -> bytes:
        return Family.IPV6.pack(group) + _index.pack(self._ifindex)

    def receive_batch(self, limit: int = 64) -> list[Datagram]:
        """The packets that wait, at most ``limit``; the message of one that is too long comes cut."""
        return [datagram for datagram, _ in self.arrivals(limit)]

    def arrivals(self, limit: int = 64) -> list[tuple[Datagram, float]]:
        """The same, each with the monotonic time of its arrival."""
        datagrams: list[Datagram] = []
        stamps: list[Ancillary] = []
        # EAGAIN when no more is there; another error is told once and then gone.
        with contextlib.suppress(OSError):
            while len(datagrams) < limit:
                payload, ancillary, _, sender = self._sock.recvmsg(PACKET_SIZE_MAX, _ANCILLARY_BYTES)
                datagrams.append(_datagram(payload, ancillary, sender[0]))
                stamps.append(ancillary)
        if not datagrams:
            return []
        return list(zip(datagrams, self._clock.times(stamps, more_wait=len(datagrams) == limit), strict=True))

    def close(self) -> None:
        self._sock.close()


def _datagram(payload: bytes, ancillary: list[tuple[int, int, bytes]], sender: str) -> Datagram:
    """A packet whose hop limit or destination the kernel kept to itself has 0 for it, which no check accepts."""
    hop_limit = destination = 0
    for level, kind, content in ancillary:
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_HOPLIMIT:
            (hop_limit,) = _hop_limit.unpack(content)
        elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            destination = int.from_bytes(content[:16], "big")
    source = int.from_bytes(socket.inet_pton(socket.AF_INET6, sender.partition("%")[0]), "big")
    return Datagram(source, destination, hop_limit, payload, Family.IPV6)


class AdvertSender6:
    """Sends advertisements from one address to the group of one interface, or to one peer. Close it."""

    def __init__(self, interface: str, ifindex: int, source: int, *, destination: int = GROUP6, ttl: int = TTL) -> None:
        """Raises OSError: no such interface, or CAP_NET_RAW is missing.

        destination: a group, or a peer; which interface leads to a peer is up to the routes, unless it is
        a link-local address.
        """
        self._sock = _open()
        try:
            bpf.attach(self._sock, bpf.NOTHING)  # a raw socket would collect what others send
            if is_group(destination, Family.IPV6):
                self._sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode())
            for option, value in (
                (socket.IPV6_MULTICAST_IF, ifindex),
                (socket.IPV6_MULTICAST_HOPS, ttl),
                (socket.IPV6_UNICAST_HOPS, ttl),  # keepalived leaves 64 here, and other nodes drop that (VR-002)
                (socket.IPV6_MULTICAST_LOOP, 0),
                (socket.IPV6_TCLASS, TOS),
                (_IPV6_FREEBIND, 1),
            ):
                self._sock.setsockopt(socket.IPPROTO_IPV6, option, value)
            self._sock.bind((Family.IPV6.text(source), 0, 0, _scope(source, ifindex)))
            scope = _scope(destination, ifindex)
            self._target = (Family.IPV6.text(destination), 0, 0, scope)
            self._address = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, Family.IPV6.pack(destination), scope)
        except BaseException:
            self._sock.close()
            raise

    def send(self, payload: bytes) -> OSError | None:
        """Send one advertisement at once, or return why not; the next one is as good (VR-146)."""
        return self.send_packet(payload)

    def packet_of(self, payload: bytes) -> bytes:
        """What goes out for this advertisement, as far as it is ours to make: the kernel puts the header in front."""
        return payload

    def send_packet(self, packet: bytes) -> OSError | None:
        """Send what ``packet_of`` has made."""
        try:
            self._sock.sendto(packet, self._target)
        except OSError as error:
            return error
        return None

    def send_all(self, packets: Sequence[bytes]) -> list[tuple[int, OSError]]:
        """Send several of them; the positions of those that failed, and why."""
        return together.send_all(self._sock, packets, self._address)

    def close(self) -> None:
        self._sock.close()


def _scope(address: int, ifindex: int) -> int:
    """Link-local addresses and groups mean something on one interface only."""
    return ifindex if address >> 118 == 0xFE80 >> 6 or is_group(address, Family.IPV6) else 0
