"""Sockets for advertisements over IPv4: those to receive on each interface, one to send to each destination.

A raw socket gets its own copy of every packet, so there is one per interface and protocol, and never one per virtual
router. What is sent carries a header of our own: so it can come from an address that is not ours, and an
authentication header can cover it.
"""

import contextlib
import socket
import struct
from collections.abc import Iterable, Sequence

from hahub.family import Family
from hahub.net import bpf, together
from hahub.net.arrival import STAMP_BYTES, Ancillary, ArrivalClock
from hahub.vrrp.packet import AH_PROTOCOL, GROUP4, PROTOCOL, TTL, ipv4_header, is_group

VRRP_GROUP4 = "224.0.0.18"
RECEIVE_BUFFER_BYTES = 256 * 1024
"""Asked for; the kernel doubles it. Some 500 advertisements of a few addresses (VR-145)."""
PACKET_SIZE_MAX = 2048
"""Bytes; the largest advertisement, 255 addresses behind 60 bytes of IP header, has 1096."""

# linux/in.h and asm-generic/socket.h; absent from the socket module of Python 3.11
_IP_FREEBIND = 15
_IP_MULTICAST_ALL = 49
_SO_BINDTODEVICE = 25
_SO_RCVBUFFORCE = 33


class AdvertReceiver:
    """Hears the advertisements of some virtual routers on one interface. Close it."""

    def __init__(
        self,
        interface: str,
        ifindex: int,
        virtual_router_ids: Iterable[int] | None,
        *,
        protocol: int = PROTOCOL,
        groups: Iterable[int] = (GROUP4,),
    ) -> None:
        """Join the groups and listen. Raises OSError: the interface is gone, or CAP_NET_RAW is missing.

        virtual_router_ids: None for all.
        protocol: PROTOCOL or AH_PROTOCOL.
        groups: multicast addresses; what is sent to this host alone is heard anyway.
        A raw socket receives from its first moment on, from everywhere: nothing is let in until all is set.
        """
        self._ifindex = ifindex
        self._programs = bpf.behind_authentication_header if protocol == AH_PROTOCOL else bpf.virtual_routers
        self._groups: set[int] = set()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
        try:
            bpf.attach(self._sock, bpf.NOTHING)
            self._clock = ArrivalClock(self._sock)
            set_receive_buffer(self._sock, RECEIVE_BUFFER_BYTES)
            self._sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode())
            self._sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
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
        bpf.attach(self._sock, self._programs(virtual_router_ids))

    def set_buffer(self, size_bytes: int) -> None:
        """Have room for so many bytes of packets that wait, or for the usual number when that is more."""
        set_receive_buffer(self._sock, max(size_bytes, RECEIVE_BUFFER_BYTES))

    def set_groups(self, groups: Iterable[int]) -> None:
        """Be a member of exactly these. Raises OSError: the kernel lets a socket join 20 (igmp_max_memberships)."""
        wanted = set(groups)
        for group in self._groups - wanted:
            self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, self._membership(group))
            self._groups.remove(group)
        for group in wanted - self._groups:
            self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, self._membership(group))
            self._groups.add(group)

    def _membership(self, group: int) -> bytes:
        return struct.pack("!I4x", group) + struct.pack("=i", self._ifindex)

    def receive_batch(self, limit: int = 64) -> list[bytes]:
        """The packets that wait, at most ``limit``, from their IP header on; one that is too long comes cut."""
        return [packet for packet, _ in self.arrivals(limit)]

    def arrivals(self, limit: int = 64) -> list[tuple[bytes, float]]:
        """The same, each with the monotonic time of its arrival."""
        packets: list[bytes] = []
        stamps: list[Ancillary] = []
        receive = self._sock.recvmsg
        # EAGAIN when no more is there; another error is told once and then gone.
        with contextlib.suppress(OSError):
            while len(packets) < limit:
                packet, stamp, _, _ = receive(PACKET_SIZE_MAX, STAMP_BYTES)
                packets.append(packet)
                stamps.append(stamp)
        if not packets:
            return []
        return list(zip(packets, self._clock.times(stamps, more_wait=len(packets) == limit), strict=True))

    def close(self) -> None:
        self._sock.close()


def set_receive_buffer(sock: socket.socket, size_bytes: int) -> None:
    """As asked for, if need be more than net.core.rmem_max; the kernel doubles it for its own needs."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size_bytes)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size_bytes)


class AdvertSender:
    """Sends advertisements from one address to the group of one interface, or to one peer. Close it."""

    def __init__(self, interface: str, ifindex: int, source: int, *, destination: int = GROUP4, ttl: int = TTL) -> None:
        """Raises OSError: the interface is gone, or CAP_NET_RAW is missing.

        source: the IPv4 address to send from, as an unsigned integer; it need not be one of this host.
        destination: a group, or a peer; which interface leads to a peer is up to the routes.
        """
        self.ttl = ttl
        self._target = (Family.IPV4.text(destination), 0)
        self._address = struct.pack("=HHI8x", socket.AF_INET, 0, socket.htonl(destination))
        # The kernel fills in length, identification and checksum.
        self._header = ipv4_header(PROTOCOL, 0, source=source, destination=destination, ttl=ttl)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, PROTOCOL)
        try:
            bpf.attach(self._sock, bpf.NOTHING)  # a raw socket would collect what others send
            self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
            if is_group(destination, Family.IPV4):
                outgoing = bytes(8) + struct.pack("=i", ifindex)
                self._sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode())
                self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, outgoing)
                self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            else:
                self._sock.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
                self._sock.bind((Family.IPV4.text(source), 0))
        except BaseException:
            self._sock.close()
            raise

    def send(self, payload: bytes) -> OSError | None:
        """Send one advertisement at once, or return why not; the next one is as good (VR-146)."""
        return self.send_packet(self.packet_of(payload))

    def packet_of(self, payload: bytes) -> bytes:
        """What goes out for this advertisement."""
        return self._header + payload

    def send_packet(self, packet: bytes) -> OSError | None:
        """The same for one that has its IPv4 header already."""
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
