"""Values that follow from several keywords, with keepalived's defaults and its ways to round.

Source: keepalived vrrp/vrrp.c:vrrp_complete_instance, vrrp/vrrp_parser.c; rounding measured with 2.2.7.
"""

from ipaddress import IPv4Interface
from math import floor

from hahub.config.schema import GlobalDefs, VirtualIp, VrrpInstance, VrrpSyncGroup
from hahub.family import Family

OWNER = 255
BROADCAST_PREFIX_MAX = 30
"""A longer prefix leaves no room for a broadcast address."""
AUTH_PASS_MAX = 8
"""Bytes of auth_pass on the wire."""
ADVERT_INT_V3_MAX = 40.95
"""Seconds: 12 bits of centiseconds."""


def version_of(instance: VrrpInstance, defs: GlobalDefs) -> int:
    """The VRRP version an instance speaks; over IPv6 there is one only."""
    if family_of(instance) is Family.IPV6:
        return 3
    return instance.version or defs.vrrp_version


def family_of(instance: VrrpInstance) -> Family:
    """The family of the adverts: that of the first virtual address, or else of the other routers."""
    return known_family_of(instance) or Family.IPV4


def known_family_of(instance: VrrpInstance) -> Family | None:
    """The same; None when nothing tells."""
    virtual, peers = instance.virtual_ipaddress, instance.unicast_peer
    named = [*(v.address for v in virtual[:1]), *(p.address for p in peers[:1]), source_of(instance)]
    told = next((address for address in (*named, instance.mcast_dst_ip) if address), None)
    if told is not None:
        return Family.of(told)
    return Family.IPV6 if instance.native_ipv6 else None


def source_keywords(instance: VrrpInstance) -> tuple[str, str]:
    """The keyword for the source of adverts, and the other one, which keepalived takes as well."""
    names = ("mcast_src_ip", "unicast_src_ip")
    return (names[1], names[0]) if instance.unicast_peer else names


def source_of(instance: VrrpInstance) -> str:
    """The configured source of adverts; empty for the interface's own."""
    used, other = source_keywords(instance)
    configured = getattr(instance, used) or getattr(instance, other)
    if configured is None and instance.use_ipvlan is not None:
        configured = (instance.use_ipvlan.address or "").partition("/")[0]
    return configured or ""


def priority_of(instance: VrrpInstance) -> int:
    """The base priority; without one a ``state MASTER`` makes an address owner."""
    if instance.priority is not None:
        return instance.priority
    return OWNER if instance.state == "MASTER" else 100


def advert_int_of(instance: VrrpInstance, defs: GlobalDefs) -> float:
    """Seconds between adverts as the wire can say it: version 2 whole seconds, version 3 hundredths."""
    if version_of(instance, defs) == 2:
        return float(max(1, floor(instance.advert_int + 0.5)))
    return floor(instance.advert_int * 100 + 0.5) / 100


def accepts(instance: VrrpInstance) -> bool:
    """Whether packets to its addresses are accepted; an owner always does (VR-121)."""
    if priority_of(instance) == OWNER:
        return True
    return not instance.no_accept and instance.accept is not False


def begins_as_master(instance: VrrpInstance, defs: GlobalDefs) -> bool:
    """Whether ``state MASTER`` counts: who has to know sequence numbers listens first, unless it is an owner."""
    listens_first = uses_ah(instance, defs) and priority_of(instance) != OWNER
    return instance.state == "MASTER" and not listens_first


def preempts(instance: VrrpInstance, defs: GlobalDefs) -> bool:
    """Whether it takes over from a weaker master; those who begin as master or own the addresses always do."""
    return not instance.nopreempt or begins_as_master(instance, defs) or priority_of(instance) == OWNER


def preempt_delay_of(instance: VrrpInstance, defs: GlobalDefs) -> float:
    """Seconds; only for those who begin as backup and preempt."""
    if begins_as_master(instance, defs) or priority_of(instance) == OWNER or not preempts(instance, defs):
        return 0.0
    return instance.preempt_delay


def auth_pass_of(instance: VrrpInstance, defs: GlobalDefs) -> str | None:
    """The password as the wire has room for it; None where none is sent."""
    if instance.authentication is None or version_of(instance, defs) != 2 or instance.auth_hmac is not None:
        return None
    secret = instance.authentication.auth_pass.get_secret_value()
    return secret.encode()[:AUTH_PASS_MAX].decode(errors="ignore")


def uses_ah(instance: VrrpInstance, defs: GlobalDefs) -> bool:
    """Whether the password is the key of an authentication header."""
    authentication = instance.authentication if instance.auth_hmac is None else None
    return authentication is not None and authentication.auth_type == "AH" and version_of(instance, defs) == 2


def sends_mail(block: VrrpInstance | VrrpSyncGroup, defs: GlobalDefs) -> bool:
    """Whether transitions are mailed: the word of the instance or group, else the VRRP default, else the default."""
    for word in (block.smtp_alert, defs.smtp_alert_vrrp, defs.smtp_alert):
        if word is not None:
            return word
    return False


def broadcast_of(address: VirtualIp) -> str:
    """The broadcast address in figures, empty for none: a point-to-point link has none."""
    if address.peer is not None:
        return ""
    if address.brd not in ("+", "-"):
        return address.brd or ""
    network = IPv4Interface(address.address).network
    if network.prefixlen > BROADCAST_PREFIX_MAX:
        return ""
    return str(network.broadcast_address if address.brd == "+" else network.network_address)
