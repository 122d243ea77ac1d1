"""Ethernet frames that tell the neighbours where an address lives now: gratuitous ARP, unsolicited neighbour adverts.

keepalived's form is a request in which the target hardware address is broadcast as well::

    ff:ff:ff:ff:ff:ff  MAC  0806 | 0001 0800 06 04 0001 | MAC  ADDRESS | ff:ff:ff:ff:ff:ff  ADDRESS
    destination        from ARP  | Ethernet IPv4 request | sender       | target

An IPv6 address is announced by itself, to all nodes of the link, with hop limit 255 and the Override flag::

    33:33:0:0:0:1  MAC  86dd | 6000 0000 0020 3a ff  ADDRESS  ff02::1 | 88 00 SUM  20 00 00 00  ADDRESS | 02 01 MAC
    all nodes      from IPv6 | length 32, ICMPv6     from     to      | advertisement, flags    target  | target's MAC

Source: RFC 4861 section 4.4; RFC 826; RFC 9568 section 6.4.2 and erratum 7949;
keepalived vrrp/vrrp_arp.c:send_gratuitous_arp.
"""

import errno
import socket
import struct
from collections.abc import Sequence

from hahub.family import Family
from hahub.net import together

BROADCAST = b"\xff" * 6
_ARP = 0x0806
_REQUEST = 1
_ARP_OVER_ETHERNET = struct.Struct("!6s6sH HHBBH 6sI 6sI")
_ALL_NODES_MAC = bytes.fromhex("333300000001")
_ALL_NODES = 0xFF020000_00000000_00000000_00000001
_IPV6 = 0x86DD
_IPV6_HEADER = struct.Struct("!IHBB16s16s")
_ICMPV6 = 58
_ADVERTISEMENT = struct.Struct("!BBHI16s BB6s")
_NEIGHBOUR_ADVERTISEMENT = 136
_TARGET_LINK_LAYER_ADDRESS = 2
_ROUTER = 0x80000000
_OVERRIDE = 0x20000000


def gratuitous_arp(mac: bytes, address: int) -> bytes:
    """A broadcast frame that says: this IPv4 address is at this MAC (VR-110)."""
    return _ARP_OVER_ETHERNET.pack(BROADCAST, mac, _ARP, 1, 0x0800, 6, 4, _REQUEST, mac, address, BROADCAST, address)


def neighbour_advertisement(mac: bytes, address: int, *, router: bool) -> bytes:
    """A frame to all nodes that says: this IPv6 address is at this MAC (VR-112).

    router: whether this host forwards, which the neighbours take it from here.
    """
    packed, all_nodes = Family.IPV6.pack(address), Family.IPV6.pack(_ALL_NODES)
    flags = _OVERRIDE | (_ROUTER if router else 0)
    message = _ADVERTISEMENT.pack(_NEIGHBOUR_ADVERTISEMENT, 0, 0, flags, packed, _TARGET_LINK_LAYER_ADDRESS, 1, mac)
    pseudo_header = packed + all_nodes + struct.pack("!II", len(message), _ICMPV6)
    checksum = 0xFFFF - int.from_bytes(pseudo_header + message, "big") % 0xFFFF
    header = _IPV6_HEADER.pack(6 << 28, len(message), _ICMPV6, 255, packed, all_nodes)
    return (
        _ALL_NODES_MAC
        + mac
        + _IPV6.to_bytes(2, "big")
        + header
        + message[:2]
        + checksum.to_bytes(2, "big")
        + message[4:]
    )


class FrameSender:
    """Sends ready-made Ethernet frames on one interface, receives nothing. Close it."""

    def __init__(self, interface: str, ifindex: int) -> None:
        """Raises OSError: the interface is gone or another one, or CAP_NET_RAW is missing."""
        if socket.if_nametoindex(interface) != ifindex:
            raise OSError(errno.ENODEV, f"{interface} is no longer interface {ifindex}")
        self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        try:
            self._sock.bind((interface, 0))
        except BaseException:
            self._sock.close()
            raise

    def send(self, frame: bytes) -> OSError | None:
        """Send one frame at once, or return why not."""
        try:
            self._sock.send(frame)
        except OSError as error:
            return error
        return None

    send_packet = send

    def send_all(self, frames: Sequence[bytes]) -> list[tuple[int, OSError]]:
        """Send several of them; the positions of those that failed, and why."""
        return together.send_all(self._sock, frames)

    def close(self) -> None:
        self._sock.close()
