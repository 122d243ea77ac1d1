"""Hears when a table of nftables is removed, as ``nft flush ruleset`` does when a firewall service starts again.

Source: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h.
"""

import errno
import socket
import struct

from hahub.net import netlink

_NETLINK_NETFILTER = 12
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_NFNLGRP_NFTABLES = 7
_DELTABLE = 10 << 8 | 2
"""NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE."""
_NFPROTO_INET = 1
_NFGENMSG_SIZE_BYTES = 4
_NFTA_TABLE_NAME = 1


class TableWatch:
    """Tells of tables of family ``inet`` when ``fileno`` is readable. Close it."""

    def __init__(self) -> None:
        """Raises OSError: it needs the right to change the rules."""
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_NETFILTER)
        try:
            self._sock.bind((0, 0))
            self._sock.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _NFNLGRP_NFTABLES)
        except OSError:
            self._sock.close()
            raise

    def fileno(self) -> int:
        return self._sock.fileno()

    def drain(self, table: str) -> bool:
        """Take all news; True when this table was removed, though it may be there again, or when news was lost."""
        removed = False
        while True:
            try:
                packet = netlink.receive(self._sock)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                removed = True
                continue
            if packet is None:
                return removed
            removed = removed or table in _removed_tables(packet)

    def close(self) -> None:
        self._sock.close()


def _removed_tables(packet: bytes) -> set[str]:
    found: set[str] = set()
    start = 0
    while start + netlink.HEADER_SIZE_BYTES <= len(packet):
        length, kind = struct.unpack_from("=IH", packet, start)
        body = start + netlink.HEADER_SIZE_BYTES
        if kind == _DELTABLE and packet[body] == _NFPROTO_INET:
            found.add(_name(packet[body + _NFGENMSG_SIZE_BYTES : start + length]))
        start += max((length + 3) & ~3, netlink.HEADER_SIZE_BYTES)
    return found


def _name(attributes: bytes) -> str:
    start = 0
    while start + 4 <= len(attributes):
        length, kind = struct.unpack_from("=HH", attributes, start)
        if kind == _NFTA_TABLE_NAME:
            return attributes[start + 4 : start + length].rstrip(b"\0").decode(errors="replace")
        start += max((length + 3) & ~3, 4)
    return ""
