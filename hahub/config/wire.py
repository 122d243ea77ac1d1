"""How adverts go over the wire: keywords -> settings, and what of it does not go together.

Source: keepalived vrrp/vrrp_parser.c, vrrp/vrrp.c:vrrp_complete_instance, core/global_parser.c.
"""

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.problems import Severity
from hahub.config.schema import Config, GlobalDefs, VrrpInstance
from hahub.family import Family, number_of
from hahub.settings import WireSettings

_FOR_PEERS = ("check_unicast_src", "unicast_ttl", "old_unicast_checksum")


def wire_of(instance: VrrpInstance, defs: GlobalDefs) -> WireSettings:
    """The settings of an instance without errors."""
    family = derive.family_of(instance)
    own = None if instance.unicast_peer else instance.mcast_dst_ip
    common = defs.vrrp_mcast_group6 if family is Family.IPV6 else defs.vrrp_mcast_group4
    old = instance.old_unicast_checksum
    says_so = instance.v3_checksum_as_v2
    return WireSettings(
        group=own or common or "",
        unicast_ttl=instance.unicast_ttl or 255,
        v3_checksum_as_v2=defs.v3_checksum_as_v2 if says_so is None else says_so,
        old_unicast_checksum=None if old is None else not old.never,
        native_ipv6=family is Family.IPV6 and not (instance.virtual_ipaddress or instance.unicast_peer),
        track_source=instance.track_src_ip and bool(derive.source_of(instance)),
        needs_peers=instance.unicast_fault_no_peer,
        receive_buffer_bytes=instance.kernel_rx_buf_size,
    )


def check_wire(path: Path, instance: VrrpInstance, config: Config, document: Document) -> None:
    """Report what of an instance has no effect, and what cannot be."""
    _check_sources(path, instance, document)
    _check_group(path, instance, document)
    _check_peers(path, instance, document)
    if instance.native_ipv6 and derive.family_of(instance) is Family.IPV4:
        document.report((*path, "native_ipv6"), "native_ipv6 contradicts the IPv4 addresses")
    if instance.v3_checksum_as_v2 and derive.version_of(instance, config.global_defs) == 2:
        _warn(document, (*path, "v3_checksum_as_v2"), "v3_checksum_as_v2 has no effect with version 2")


def check_groups_of_all(config: Config, document: Document) -> None:
    """Report global groups of the wrong family or scope."""
    defs = config.global_defs
    for keyword, family in (("vrrp_mcast_group4", Family.IPV4), ("vrrp_mcast_group6", Family.IPV6)):
        group, here = getattr(defs, keyword), ("global_defs", keyword)
        if group is None:
            continue
        if Family.of(group) is not family:
            document.report(here, f"{keyword} {group} is {Family.of(group).label}, expected {family.label}")
        elif family is Family.IPV6 and not _is_link_local(group):
            _warn(document, here, f"{keyword} {group} is not of link-local scope, expected ff02::")


def _warn(document: Document, path: Path, message: str, hint: str = "") -> None:
    document.report(path, message, hint, severity=Severity.WARNING)


def _check_sources(path: Path, instance: VrrpInstance, document: Document) -> None:
    used, other = derive.source_keywords(instance)
    if getattr(instance, other) is not None:
        if getattr(instance, used) is None:
            way = "with" if instance.unicast_peer else "without"
            _warn(document, (*path, other), f"{other} counts as {used}, {way} unicast_peer")
        elif getattr(instance, used) != getattr(instance, other):
            _warn(document, (*path, other), f"{other} has no effect beside {used}")
    source, family = derive.source_of(instance), derive.known_family_of(instance)
    configured = getattr(instance, used) is not None or getattr(instance, other) is not None
    if configured and family is not None and Family.of(source) is not family:
        keyword = used if getattr(instance, used) is not None else other
        document.report(
            (*path, keyword), f"{keyword} {source} is {Family.of(source).label}, the adverts are {family.label}"
        )
    if instance.track_src_ip and not source:
        _warn(document, (*path, "track_src_ip"), f"track_src_ip has no effect without {used}")


def _check_group(path: Path, instance: VrrpInstance, document: Document) -> None:
    group, here = instance.mcast_dst_ip, (*path, "mcast_dst_ip")
    if group is None:
        return
    family = derive.family_of(instance)
    if Family.of(group) is not family:
        document.report(here, f"mcast_dst_ip {group} is {Family.of(group).label}, the adverts are {family.label}")
    elif family is Family.IPV6 and not _is_link_local(group):
        document.report(here, f"mcast_dst_ip {group} is not of link-local scope, expected ff02::")
    elif instance.unicast_peer:
        _warn(document, here, "mcast_dst_ip has no effect with unicast_peer")


def _check_peers(path: Path, instance: VrrpInstance, document: Document) -> None:
    if instance.unicast_peer:
        return
    for keyword in _FOR_PEERS:
        if getattr(instance, keyword):
            _warn(document, (*path, keyword), f"{keyword} has no effect without unicast_peer")
    if instance.unicast_fault_no_peer:
        _warn(
            document,
            (*path, "unicast_fault_no_peer"),
            "unicast_fault_no_peer without unicast_peer means FAULT for ever",
        )


def _is_link_local(group: str) -> bool:
    return number_of(group) >> 112 & 0xF == 2
