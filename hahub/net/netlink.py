"""Netlink sockets that never wait, for messages that pyroute2 encodes and decodes.

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

ROUTE = 0
ADDRESS_MESSAGE = struct.Struct("=IHHII BBBBI")
"""Length, type, flags, sequence, port; family, prefix length, flags, scope, interface index."""
HEADER_SIZE_BYTES = 16
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
