"""What the addresses of an instance have to agree on: one family, and who talks to whom."""

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.problems import Severity
from hahub.config.schema import VrrpInstance
from hahub.family import Family

_ADDRESSES6_MAX = 89
"""So many fit into one packet of 1500 bytes; keepalived advertises no more."""
_ADDRESSES6_MAX_SIGNED = 88
"""And with an authentication trailer."""


def check_family(path: Path, instance: VrrpInstance, document: Document) -> None:
    """Report addresses of two families, and sources and peers that do not go together."""
    _check_addresses((*path, "virtual_ipaddress"), instance, document)
    _check_version(path, instance, document)
    _check_peers((*path, "unicast_peer"), instance, document)


def _check_addresses(here: Path, instance: VrrpInstance, document: Document) -> None:
    family = derive.known_family_of(instance)
    for index, line in enumerate(instance.virtual_ipaddress):
        found = Family.of(line.address)
        if family is not None and found is not family:
            message = f"virtual_ipaddress {line.address} is {found.label}, the first one is {family.label}"
            document.report((*here, index), message, "write it into virtual_ipaddress_excluded")
    most = _ADDRESSES6_MAX if instance.auth_hmac is None else _ADDRESSES6_MAX_SIGNED
    if family is Family.IPV6 and len(instance.virtual_ipaddress) > most:
        count = len(instance.virtual_ipaddress)
        message = f"virtual_ipaddress has {count} IPv6 addresses, at most {most} fit into an advert"
        document.report(here, message, "write the others into virtual_ipaddress_excluded")


def _check_version(path: Path, instance: VrrpInstance, document: Document) -> None:
    if instance.version == 2 and derive.known_family_of(instance) is Family.IPV6:
        message = "version 2 has no IPv6, version 3 is used"
        document.report((*path, "version"), message, severity=Severity.WARNING)


def _check_peers(here: Path, instance: VrrpInstance, document: Document) -> None:
    family, seen = derive.known_family_of(instance), set[str]()
    for index, peer in enumerate(instance.unicast_peer):
        place = (*here, index)
        if family is not None and Family.of(peer.address) is not family:
            found = Family.of(peer.address).label
            document.report(place, f"unicast_peer {peer.address} is {found}, the adverts are {family.label}")
        if peer.address == instance.unicast_src_ip:
            document.report(place, f"unicast_peer {peer.address} is unicast_src_ip, expected another router")
        if peer.min_ttl > peer.max_ttl:
            document.report(place, f"unicast_peer min_ttl {peer.min_ttl} is greater than max_ttl {peer.max_ttl}")
        if peer.address in seen:
            message = f"unicast_peer {peer.address} is there twice, the last one counts"
            document.report(place, message, severity=Severity.WARNING)
        seen.add(peer.address)
