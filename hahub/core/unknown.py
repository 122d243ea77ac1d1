"""``log_unknown_vrids``: adverts for virtual routers that are not configured on their interface."""

from hahub.core.log import INFO, CoreLog
from hahub.vrrp.packet import Datagram, DecodeError, split_ip


def tell_unknown(log: CoreLog, interface: str, packet: bytes | Datagram, virtual_router_id: int) -> None:
    """Name it in the log: one line a minute for each of the 255 that there can be."""
    try:
        datagram = packet if isinstance(packet, Datagram) else split_ip(packet)
    except DecodeError:
        return
    sender = datagram.family.text(datagram.source)
    text = f"{sender} advertises virtual_router_id {virtual_router_id}, which is not configured here"
    log.limited(INFO, interface, f"unknown {datagram.family.label} {virtual_router_id}", text)
