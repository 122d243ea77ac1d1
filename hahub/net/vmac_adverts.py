"""Hearing advertisements that come from a virtual MAC which we have as well.

A frame whose source MAC is that of a private macvlan of ours goes to that macvlan and to nobody else: whoever is master
with ``use_vmac`` is not heard on the interface below it. All other frames are heard there as always. A packet socket
takes what the macvlan gets, so that each advert is heard exactly once, and needs no membership: an IGMP or MLD report
from there would have the virtual MAC, and teach every switch that the backup is where it lives.

Source: linux drivers/net/macvlan.c:macvlan_handle_frame, packet(7).
"""

import contextlib
import errno
import socket
from collections.abc import Iterable

from hahub.family import Family
from hahub.net import bpf
from hahub.net.adverts import PACKET_SIZE_MAX, RECEIVE_BUFFER_BYTES, set_receive_buffer
from hahub.net.arrival import STAMP_BYTES, Ancillary, ArrivalClock
from hahub.vrrp.packet import PROTOCOL, Datagram

_ETHER_TYPES = {Family.IPV4: 0x0800, Family.IPV6: 0x86DD}
_IPV6_HEADER_BYTES = 40


class VirtualMacReceiver:
    """Hears the advertisements of some virtual routers that come from one virtual MAC. Close it."""

    def __init__(
        self,
        interface: str,
        ifindex: int,
        mac: bytes,
        virtual_router_ids: Iterable[int] | None,
        *,
        family: Family,
        protocol: int = PROTOCOL,
    ) -> None:
        """interface: the macvlan with this MAC. Raises OSError: it is gone, or CAP_NET_RAW is missing.

        protocol: PROTOCOL or, over IPv4, AH_PROTOCOL.
        """
        self._family = family
        self._protocol = protocol
        self._mac = mac
        # Without a protocol it hears nothing, until all is set.
        self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        try:
            self._clock = ArrivalClock(self._sock)
            set_receive_buffer(self._sock, RECEIVE_BUFFER_BYTES)
            self.set_virtual_router_ids(virtual_router_ids)
            if socket.if_nametoindex(interface) != ifindex:
                raise OSError(errno.ENODEV, f"{interface} is no longer interface {ifindex}")
            self._sock.bind((interface, _ETHER_TYPES[family]))
        except BaseException:
            self._sock.close()
            raise

    def fileno(self) -> int:
        return self._sock.fileno()

    def set_virtual_router_ids(self, virtual_router_ids: Iterable[int] | None) -> None:
        """Hear these from now on; packets for others may still be queued. Raises OSError."""
        bpf.attach(self._sock, bpf.virtual_routers_from(self._mac, virtual_router_ids, self._family, self._protocol))

    def set_buffer(self, size_bytes: int) -> None:
        """Have room for so many bytes of packets that wait, or for the usual number when that is more."""
        set_receive_buffer(self._sock, max(size_bytes, RECEIVE_BUFFER_BYTES))

    def set_groups(self, groups: Iterable[int]) -> None:
        """It hears all of them; joining is up to the interface below."""

    def arrivals(self, limit: int = 64) -> list[tuple[bytes | Datagram, float]]:
        """The packets that wait, at most ``limit``, in the form of the family's receiver, with the time of arrival.

        What Ethernet has padded at the end is still there over IPv4. Where IP would drop a packet for its header's
        checksum, it is dropped here: nobody has looked at that yet.
        """
        packets: list[bytes | Datagram] = []
        stamps: list[Ancillary] = []
        left = limit
        with contextlib.suppress(OSError):
            while left:
                packet, stamp, _, _ = self._sock.recvmsg(PACKET_SIZE_MAX, STAMP_BYTES)
                left -= 1
                if self._family is Family.IPV4 and int.from_bytes(packet[: (packet[0] & 0x0F) * 4], "big") % 0xFFFF:
                    continue
                packets.append(packet if self._family is Family.IPV4 else _datagram(packet))
                stamps.append(stamp)
        if not packets:
            return []
        return list(zip(packets, self._clock.times(stamps, more_wait=not left), strict=True))

    def close(self) -> None:
        self._sock.close()


def _datagram(packet: bytes) -> Datagram:
    """What follows an IPv6 header, as long as that says."""
    length = int.from_bytes(packet[4:6], "big")
    return Datagram(
        int.from_bytes(packet[8:24], "big"),
        int.from_bytes(packet[24:40], "big"),
        packet[7],
        packet[_IPV6_HEADER_BYTES : _IPV6_HEADER_BYTES + length],
        Family.IPV6,
    )
