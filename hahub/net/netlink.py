"""Netlink sockets that never wait, and the messages in what they receive.

::

    +--------------+---------------+----------------+-------------------------------------
    | nlmsghdr, 16 | ifaddrmsg,  8 | rtattr         | rtattr ...      each padded to 4
    |  length    4 |  family     1 |  length      2 |
    |  type      2 |  prefixlen  1 |  type        2 |
    |  flags     2 |  flags      1 |  value ...     |
    |  sequence  4 |  scope      1 |
    |  port      4 |  index      4 |
    +--------------+---------------+----------------+-------------------------------------

Source: rtnetlink(7), linux/netlink.h, linux/if_addr.h.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

ROUTE = 0
ADDRESS_MESSAGE = struct.Struct("=IHHII BBBBI")
"""Length, type, flags, sequence, port; family, prefix length, flags, scope, interface index."""
HEADER_SIZE_BYTES = 16
_header = struct.Struct("=IHHII")
RECEIVE_SIZE_BYTES = 256 * 1024
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h
_BUFFER_BYTES = 4 * 1024 * 1024


def open_socket(groups: int = 0) -> socket.socket:
    """A non-blocking rtnetlink socket, member of these groups, with as large a receive buffer as we may have."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, ROUTE)
    try:
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        except OSError:  # needs CAP_NET_ADMIN on the host, which a user namespace does not give
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        sock.bind((0, groups))
    except BaseException:
        sock.close()
        raise
    return sock


def receive(sock: socket.socket) -> bytes | None:
    """What waits, or None when nothing does. Raises OSError with ENOBUFS when the kernel had to drop something.

    Only the kernel is believed: other processes may send to our port as well.
    """
    with contextlib.suppress(BlockingIOError):
        while True:
            packet, (port, _) = sock.recvfrom(RECEIVE_SIZE_BYTES)
            if port == 0:
                return packet
    return None


@dataclass(frozen=True, slots=True)
class Message:
    """One of the messages of a packet."""

    kind: int
    """``RTM_NEWLINK`` and the like, or one of the protocol's own."""
    flags: int
    port: int
    """Whose request made the news; 0 for the kernel itself."""
    body: bytes
    """What follows the header."""


def messages(packet: bytes) -> Iterator[Message]:
    """The messages of a packet, up to the first that contradicts itself."""
    start = 0
    while start + HEADER_SIZE_BYTES <= len(packet):
        length, kind, flags, _, port = _header.unpack_from(packet, start)
        if not HEADER_SIZE_BYTES <= length <= len(packet) - start:
            return
        yield Message(kind, flags, port, packet[start + HEADER_SIZE_BYTES : start + length])
        start += (length + 3) & ~3
