"""The other router, which dies: it sends the adverts that it is told to, so that only the daemon under test matters."""

import ipaddress
import socket

from hahub.net.adverts import VRRP_GROUP4, AdvertSender
from hahub.vrrp.packet import Advertisement, encode
from tests.bench.plan import RIVAL_PRIORITY, VirtualRouter
from tests.lab import Host
from tests.lab.recorder import in_namespace


class Rival:
    """A router of higher priority on a host, for any number of virtual routers. Close it."""

    def __init__(self, host: Host) -> None:
        self._source = int(ipaddress.IPv4Address(host.address))
        self._sender = in_namespace(
            host.namespace, lambda: AdvertSender("eth0", socket.if_nametoindex("eth0"), self._source)
        )
        self._encoded: dict[tuple[VirtualRouter, int], bytes] = {}

    def speak(self, router: VirtualRouter) -> None:
        """Send one advert as master."""
        self._send(router, RIVAL_PRIORITY)

    def resign(self, router: VirtualRouter) -> None:
        """Send priority 0."""
        self._send(router, 0)

    def _send(self, router: VirtualRouter, priority: int) -> None:
        packet = self._encoded.get((router, priority))
        if packet is None:
            packet = self._encoded[router, priority] = self._encode(router, priority)
        error = self._sender.send(packet)
        if error is not None:
            raise error

    def _encode(self, router: VirtualRouter, priority: int) -> bytes:
        advert = Advertisement(
            version=router.version,
            virtual_router_id=router.number,
            priority=priority,
            advert_int=router.advert_int,
            addresses=tuple(int(ipaddress.IPv4Address(address)) for address in router.addresses),
        )
        return encode(advert, source=self._source, destination=int(ipaddress.IPv4Address(VRRP_GROUP4)))

    def close(self) -> None:
        self._sender.close()
