"""Raw sockets for IPv4 adverts: one to receive and one to send per interface, whatever the number of instances.

Every raw socket gets a copy of every packet, so that a socket per instance costs the square of their number.
Source: ip(7), raw(7), packet filters in linux/filter.h.
"""

import contextlib
import ctypes
import ipaddress
import socket
import struct
from collections.abc import Iterable

VRRP_GROUP4 = "224.0.0.18"
PROTOCOL = 112
_RECEIVE_BUFFER_BYTES = 1 << 20
_PACKET_SIZE_MAX = 2048
_TOS_INTERNETWORK_CONTROL = 0xC0
# Not in Python's socket module; linux/in.h
_IP_MTU_DISCOVER, _IP_PMTUDISC_DONT = 10, 0
_IP_MULTICAST_ALL = 49
_SO_ATTACH_FILTER = 26


def _mreqn(index: int, address: int = 0) -> bytes:
    """struct ip_mreqn: group or nothing, local address, interface."""
    return struct.pack("!II", 0, address) + struct.pack("=i", index)


class AdvertReceiver:
    """Receives the adverts that arrive on one interface for some virtual routers; the kernel drops the others."""

    def __init__(self, interface: str, index: int, virtual_router_ids: Iterable[int]) -> None:
        """Raises OSError, for example without CAP_NET_RAW, or when the interface is gone."""
        self._socket = socket.socket(
            socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, PROTOCOL
        )
        try:
            # Nothing may arrive before the filter and the interface are settled.
            _let_through(self._socket, ())
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            group = socket.inet_aton(VRRP_GROUP4) + struct.pack("=Ii", 0, index)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
            self.set_virtual_router_ids(virtual_router_ids)
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def set_virtual_router_ids(self, virtual_router_ids: Iterable[int]) -> None:
        """Let the adverts of these virtual routers through from now on."""
        _let_through(self._socket, tuple(virtual_router_ids))

    def receive_batch(self, limit: int = 64) -> list[bytes]:
        """What is there, at most ``limit`` IPv4 packets with their headers; never waits."""
        packets = []
        for _ in range(limit):
            try:
                packets.append(self._socket.recv(_PACKET_SIZE_MAX))
            except BlockingIOError:
                break
            except OSError:
                # An error of the interface, such as ENETDOWN, is reported once per socket and then cleared.
                continue
        return packets

    def close(self) -> None:
        self._socket.close()


def _let_through(sock: socket.socket, virtual_router_ids: tuple[int, ...]) -> None:
    program = _filter(virtual_router_ids)
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    fprog = struct.pack("HL", len(program), ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)


def _filter(virtual_router_ids: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Classic BPF over the IP packet: accept when byte 1 of the payload is one of these, else drop.

    At most 255 comparisons, each of which jumps past the rest when it fits; a jump spans at most 255.
    """
    load_header_length, load_byte, jump_equal, give = 0xB1, 0x50, 0x15, 0x06
    count = len(virtual_router_ids)
    program = [(load_header_length, 0, 0, 0), (load_byte, 0, 0, 1)]
    program += [(jump_equal, count - i, 0, vrid) for i, vrid in enumerate(virtual_router_ids)]
    return [*program, (give, 0, 0, 0), (give, 0, 0, 0xFFFF)]


class AdvertSender:
    """Sends adverts from one interface: TTL 255, TOS 0xc0, not looped back; the kernel makes the IP header."""

    def __init__(self, interface: str, index: int, source: int) -> None:
        """source: IPv4 address as an unsigned integer, one of the interface's. Raises OSError."""
        self._socket = socket.socket(
            socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, PROTOCOL
        )
        self.source = ipaddress.IPv4Address(source)
        try:
            options = self._socket.setsockopt
            options(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
            _let_through(self._socket, ())  # it only sends; received copies would fill its buffer
            options(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            options(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _mreqn(index, source))
            options(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
            options(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            options(socket.IPPROTO_IP, socket.IP_TOS, _TOS_INTERNETWORK_CONTROL)
            # Without DF the kernel counts the IP id, as some receivers expect.
            options(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT)
            with contextlib.suppress(OSError):
                options(socket.SOL_SOCKET, socket.SO_PRIORITY, 6)
        except BaseException:
            self._socket.close()
            raise

    def send(self, payload: bytes) -> OSError | None:
        """Send one advert to the group, now or not at all; returns what went wrong (VR-146)."""
        try:
            self._socket.sendto(payload, socket.MSG_DONTROUTE, (VRRP_GROUP4, 0))
        except OSError as error:
            return error
        return None

    def close(self) -> None:
        self._socket.close()
