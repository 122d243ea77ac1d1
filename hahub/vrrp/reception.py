"""Is a received packet a valid advertisement for this virtual router?

Every check ends in a drop that changes nothing (VR-067, VR-090, VR-099); only what passes becomes an event.
Source: RFC 3768 section 7.1, RFC 9568 section 7.1; keepalived vrrp/vrrp.c vrrp_check_packet.
"""

import hmac
import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from hahub.settings import InstanceSettings
from hahub.vrrp.packet import NO_AUTHENTICATION, PASS_TYPE, Advertisement, Datagram, DecodeError, auth_bytes, decode

VRRP_GROUP4 = int(ipaddress.IPv4Address("224.0.0.18"))
_INTERVAL_TOLERANCE = 0.005


class Rejection(StrEnum):
    """Which check failed; names a counter."""

    TTL = "ttl"
    DESTINATION = "destination"
    SOURCE = "source"
    MALFORMED = "malformed"
    VERSION = "version"
    VIRTUAL_ROUTER_ID = "virtual_router_id"
    AUTH_TYPE = "auth_type"
    AUTH_PASS = "auth_pass"  # noqa: S105 # the keyword
    ADVERT_INT = "advert_int"
    ADDRESS_LIST = "address_list"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A packet to be dropped; ``text`` names finding and expectation, never a password."""

    rejection: Rejection
    text: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A valid advertisement, perhaps with something an operator should know."""

    advert: Advertisement
    note: str = ""


def check(
    datagram: Datagram,
    settings: InstanceSettings,
    *,
    own_source: int | None,
    known_master: int | None,
) -> Accepted | Rejected:
    """Judge one packet. Never raises, whatever the bytes.

    own_source: the address this router sends from; known_master: the sender of the last accepted advert.
    """
    rejected = _check_ip(datagram, own_source)
    if rejected is not None:
        return rejected
    try:
        advert = decode(datagram.payload, source=datagram.source, destination=datagram.destination)
    except DecodeError as error:
        return Rejected(Rejection.MALFORMED, f"{error} (from {_text(datagram.source)})")
    sender = _text(datagram.source)
    if advert.version != settings.version:
        return Rejected(Rejection.VERSION, f"version {advert.version} from {sender}, {settings.version} expected")
    if advert.virtual_router_id != settings.virtual_router_id:
        found = f"virtual_router_id {advert.virtual_router_id} from {sender}"
        return Rejected(Rejection.VIRTUAL_ROUTER_ID, f"{found}, {settings.virtual_router_id} expected")
    if settings.version == 2:
        rejected = _check_version_2(advert, settings, sender)
        if rejected is not None:
            return rejected
    known = settings.skip_check_adv_addr and datagram.source == known_master
    return Accepted(advert) if known else _check_addresses(advert, settings, sender)


def _check_ip(datagram: Datagram, own_source: int | None) -> Rejected | None:
    if datagram.ttl != 255:
        return Rejected(Rejection.TTL, f"TTL {datagram.ttl} from {_text(datagram.source)}, 255 expected")
    if datagram.destination != VRRP_GROUP4:
        found = f"destination {_text(datagram.destination)} from {_text(datagram.source)}"
        return Rejected(Rejection.DESTINATION, f"{found}, {_text(VRRP_GROUP4)} expected")
    if datagram.source == own_source:
        return Rejected(Rejection.SOURCE, f"our own address {_text(datagram.source)} is the sender's")
    source = ipaddress.IPv4Address(datagram.source)
    if source.is_multicast or source.is_unspecified or source.is_loopback or datagram.source == 0xFFFFFFFF:
        return Rejected(Rejection.SOURCE, f"source {source}, an address of a host expected")
    return None


def _check_version_2(advert: Advertisement, settings: InstanceSettings, sender: str) -> Rejected | None:
    wanted = NO_AUTHENTICATION if settings.auth_pass is None else PASS_TYPE
    if advert.auth_type != wanted:
        return Rejected(Rejection.AUTH_TYPE, f"auth_type {advert.auth_type} from {sender}, {wanted} expected")
    if settings.auth_pass is not None and not hmac.compare_digest(advert.auth_data, auth_bytes(settings.auth_pass)):
        return Rejected(Rejection.AUTH_PASS, f"another auth_pass from {sender}")
    if abs(advert.advert_int - settings.advert_int) > _INTERVAL_TOLERANCE:
        found = f"advert_int {advert.advert_int:g} s from {sender}"
        return Rejected(Rejection.ADVERT_INT, f"{found}, {settings.advert_int:g} s expected")
    return None


def _check_addresses(advert: Advertisement, settings: InstanceSettings, sender: str) -> Accepted | Rejected:
    """VR-058: version 2 drops another list; VR-059: version 3 says so and goes on."""
    ours = [int(ipaddress.IPv4Address(address.address)) for address in settings.virtual_addresses]
    if not advert.addresses and settings.version == 3:  # VR-057
        return Rejected(Rejection.ADDRESS_LIST, f"no addresses from {sender}, at least one expected")
    if len(advert.addresses) == len(ours) and set(ours) <= set(advert.addresses):
        return Accepted(advert)
    theirs = ", ".join(map(_text, sorted(advert.addresses)))
    text = f"{sender} advertises other addresses: {theirs or 'none'}"
    if settings.version == 2:
        return Rejected(Rejection.ADDRESS_LIST, text)
    return Accepted(advert, text)


def _text(address: int) -> str:
    return str(ipaddress.IPv4Address(address))
