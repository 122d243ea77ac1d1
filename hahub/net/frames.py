"""Ethernet frames that tell the neighbours where an address is now.

Source: RFC 5227 section 3, RFC 9568 section 6.4; the form is keepalived's: an ARP request for oneself.
"""

import socket
import struct

_BROADCAST = b"\xff" * 6
_ETHERTYPE_ARP = 0x0806
_ARP_HEADER = struct.pack("!HHHBBH", _ETHERTYPE_ARP, 1, 0x0800, 6, 4, 1)
"""Ethertype, then: Ethernet, IPv4, their address sizes, operation request."""


def gratuitous_arp(mac: bytes, address: int) -> bytes:
    """A broadcast ARP request whose sender and target are both this address.

    mac: 6 bytes of the interface; address: IPv4 as an unsigned integer.
    """
    packed = address.to_bytes(4, "big")
    return _BROADCAST + mac + _ARP_HEADER + mac + packed + _BROADCAST + packed


class FrameSender:
    """Sends whole Ethernet frames from one interface."""

    def __init__(self, interface: str, index: int) -> None:
        """Raises OSError, for example without CAP_NET_RAW."""
        # Protocol 0: it receives nothing.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
        try:
            self._socket.bind((interface, 0))
        except BaseException:
            self._socket.close()
            raise

    def send(self, frame: bytes) -> OSError | None:
        """Send one frame, now or not at all; returns what went wrong."""
        try:
            self._socket.send(frame)
        except OSError as error:
            return error
        return None

    def close(self) -> None:
        self._socket.close()
