"""Ethernet frames: gratuitous ARP, which tells the neighbours where an address lives now.

keepalived's form is a request in which the target hardware address is broadcast as well::

    ff:ff:ff:ff:ff:ff  MAC  0806 | 0001 0800 06 04 0001 | MAC  ADDRESS | ff:ff:ff:ff:ff:ff  ADDRESS
    destination        from ARP  | Ethernet IPv4 request | sender       | target

Source: RFC 826, RFC 9568 section 6.4.2 and erratum 7949; keepalived vrrp/vrrp_arp.c:send_gratuitous_arp.
"""

import errno
import socket
import struct

BROADCAST = b"\xff" * 6
_ARP = 0x0806
_REQUEST = 1
_ARP_OVER_ETHERNET = struct.Struct("!6s6sH HHBBH 6sI 6sI")


def gratuitous_arp(mac: bytes, address: int) -> bytes:
    """A broadcast frame that says: this IPv4 address is at this MAC (VR-110)."""
    return _ARP_OVER_ETHERNET.pack(BROADCAST, mac, _ARP, 1, 0x0800, 6, 4, _REQUEST, mac, address, BROADCAST, address)


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

    def close(self) -> None:
        self._sock.close()
