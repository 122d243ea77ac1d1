"""Which received packets are advertisements for a virtual router, and why the others are not.

Source: section 7.1 of RFC 3768, RFC 5798 and RFC 9568; requirements VR-038 to VR-064 and VR-147. What is rejected
here must change no state and no timer (VR-067), so none of it becomes an event.
"""

import hmac
from dataclasses import dataclass, replace
from enum import StrEnum

from hahub.family import Family, number_of
from hahub.settings import InstanceSettings
from hahub.vrrp.packet import (
    AH_TYPE,
    PASS_TYPE,
    TTL,
    Advertisement,
    Datagram,
    DecodeError,
    Envelope,
    auth_bytes,
    decode,
)
from hahub.vrrp.wire import auth_type_of, group_of, key_of

_OWNER_PRIORITY = 255


class Rejection(StrEnum):
    """The check that failed."""

    TTL = "ttl"
    DESTINATION = "destination"
    SOURCE = "source"
    OWN_SOURCE = "own_source"
    LENGTH = "length"
    VERSION = "version"
    TYPE = "type"
    CHECKSUM = "checksum"
    VIRTUAL_ROUTER_ID = "virtual_router_id"
    AUTH_TYPE = "auth_type"
    PASSWORD = "password"  # noqa: S105  # the name of the check
    CHECK_VALUE = "check_value"
    """Of the authentication header: another key, or the packet is not as it was sent."""
    SEQUENCE = "sequence"
    """Of the authentication header: a repetition, or from one that starts again and has not heard us."""
    INTERVAL = "interval"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A valid advertisement."""

    advert: Advertisement
    note: str = ""
    """For the log: what is odd about it all the same; empty when nothing is."""
    sequence: int = 0
    """Of its authentication header; 0 where there was none."""
    old_checksum: bool = False
    """Its sender makes checksums of unicast packets with the multicast address (VR-029)."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not an advertisement for this virtual router."""

    rejection: Rejection
    text: str
    """For the log: sender, what was found, what was expected; never a password."""
    sequence: int = 0
    """Of its authentication header, when that was authentic all the same."""


def check(
    datagram: Datagram,
    settings: InstanceSettings,
    *,
    own_source: int | None,
    known_master: int | None,
    last_sequence: int = 0,
) -> Accepted | Rejected:
    """Judge one packet of the family of the virtual router. Never raises, whatever the packet holds.

    own_source: the address that our own adverts come from; a packet from it is a loop or a duplicate address (VR-064).
    known_master: sender of the last accepted advertisement, for ``skip_check_adv_addr``.
    last_sequence: the highest sequence number of an authentication header, sent or heard (VR-052).
    """
    checked = (
        _check_unicast_datagram(datagram, settings)
        if settings.unicast_peers
        else _check_group_datagram(datagram, settings)
    )
    rejected = checked or _check_source(datagram, own_source) or _check_envelope(datagram, settings, last_sequence)
    if rejected is not None:
        return rejected
    verdict = _check_message(datagram, settings, known_master)
    return verdict if datagram.envelope is None else replace(verdict, sequence=datagram.envelope.sequence)


def _check_message(datagram: Datagram, settings: InstanceSettings, known_master: int | None) -> Accepted | Rejected:
    old_checksum = False
    try:
        advert = _decode(datagram, datagram.destination)
    except DecodeError as error:
        if error.field != Rejection.CHECKSUM or not _may_be_old(settings):
            return _reject(Rejection(error.field), datagram, error.text)
        try:
            advert, old_checksum = _decode(datagram, group_of(settings)), True
        except DecodeError:
            return _reject(Rejection.CHECKSUM, datagram, error.text)
    rejected = _check_identity(datagram, advert, settings) or _check_authentication(datagram, advert, settings)
    if rejected is not None:
        return rejected
    if advert.version == 2 and advert.advert_int != settings.advert_int:
        return _reject(Rejection.INTERVAL, datagram, f"{advert.advert_int:g} s, expected {settings.advert_int:g} s")
    trusted = settings.skip_check_adv_addr and known_master is not None and datagram.source == known_master
    verdict = _check_addresses(datagram, advert, settings, trusted=trusted)
    return replace(verdict, old_checksum=True) if old_checksum and isinstance(verdict, Accepted) else verdict


def _decode(datagram: Datagram, destination: int) -> Advertisement:
    return decode(datagram.payload, source=datagram.source, destination=destination, family=datagram.family)


def _may_be_old(settings: InstanceSettings) -> bool:
    """VR-029: whether a checksum may be made with the multicast address, though the packet came to us alone."""
    unicast = bool(settings.unicast_peers) and settings.family is Family.IPV4
    return unicast and settings.wire.old_unicast_checksum is not False


def _check_group_datagram(datagram: Datagram, settings: InstanceSettings) -> Rejected | None:
    if datagram.ttl != TTL:
        return _reject(Rejection.TTL, datagram, f"{datagram.ttl}, expected {TTL}")
    group = group_of(settings)
    if datagram.destination != group:
        text = datagram.family.text
        return _reject(Rejection.DESTINATION, datagram, f"{text(datagram.destination)}, expected {text(group)}")
    return None


def _check_unicast_datagram(datagram: Datagram, settings: InstanceSettings) -> Rejected | None:
    """VR-063, VR-065. Routers may be between the peers, so that a hop less is no sign of a stranger."""
    expected = number_of(settings.source) if settings.source else None
    to_us = _is_unicast(datagram.destination, datagram.family) if expected is None else datagram.destination == expected
    if not to_us:
        found = datagram.family.text(datagram.destination)
        return _reject(Rejection.DESTINATION, datagram, f"{found}, expected {settings.source or 'a unicast address'}")
    peer = next((p for p in settings.unicast_peers if number_of(p.address) == datagram.source), None)
    if peer is None:
        unknown = settings.check_unicast_src
        return _reject(Rejection.SOURCE, datagram, "is not one of unicast_peer") if unknown else None
    if not peer.min_ttl <= datagram.ttl <= peer.max_ttl:
        return _reject(Rejection.TTL, datagram, f"{datagram.ttl}, expected {peer.min_ttl}-{peer.max_ttl}")
    return None


def _check_source(datagram: Datagram, own_source: int | None) -> Rejected | None:
    if datagram.source == own_source:
        return _reject(Rejection.OWN_SOURCE, datagram, "our own address: a loop, or somebody else uses it")
    if not _is_unicast(datagram.source, datagram.family):
        return _reject(Rejection.SOURCE, datagram, "expected a unicast address")
    return None


def _is_unicast(address: int, family: Family) -> bool:
    """False for unspecified, loopback, multicast and broadcast addresses (VR-147)."""
    if family is Family.IPV6:
        return address > 1 and address >> 120 != 0xFF
    first = address >> 24
    return first not in (0, 127) and not 224 <= first <= 239 and address != 0xFFFFFFFF


def _check_identity(datagram: Datagram, advert: Advertisement, settings: InstanceSettings) -> Rejected | None:
    if advert.version != settings.version:
        return _reject(Rejection.VERSION, datagram, f"{advert.version}, expected {settings.version}")
    if advert.virtual_router_id != settings.virtual_router_id:
        found = f"{advert.virtual_router_id}, expected {settings.virtual_router_id}"
        return _reject(Rejection.VIRTUAL_ROUTER_ID, datagram, found)
    return None


def _check_envelope(datagram: Datagram, settings: InstanceSettings, last_sequence: int) -> Rejected | None:
    """VR-052: there is an authentication header exactly where one is configured, and it is right."""
    envelope, expected = datagram.envelope, auth_type_of(settings) == AH_TYPE
    if envelope is None:
        missing = "no authentication header, expected auth_type AH"
        return _reject(Rejection.AUTH_TYPE, datagram, missing) if expected else None
    if not expected:
        return _reject(Rejection.AUTH_TYPE, datagram, "an authentication header, expected none")
    return _check_signature(datagram, envelope, settings, last_sequence)


def _check_signature(
    datagram: Datagram, envelope: Envelope, settings: InstanceSettings, last_sequence: int
) -> Rejected | None:
    if not key_of(settings.auth_pass or "").has_signed(envelope, unicast=bool(settings.unicast_peers)):
        return _reject(Rejection.CHECK_VALUE, datagram, "not made with our auth_pass, or changed on the way")
    if envelope.spi != datagram.source:
        return _reject(Rejection.CHECK_VALUE, datagram, f"SPI {envelope.spi:#010x}, expected the source address")
    if envelope.sequence <= last_sequence:
        return _reject(Rejection.SEQUENCE, datagram, f"{envelope.sequence}, expected more than {last_sequence}")
    return None


def _check_authentication(datagram: Datagram, advert: Advertisement, settings: InstanceSettings) -> Rejected | None:
    if advert.version != 2:
        return None
    expected = auth_type_of(settings)
    if advert.auth_type != expected:
        return _reject(Rejection.AUTH_TYPE, datagram, f"{advert.auth_type}, expected {expected}")
    if expected == PASS_TYPE and not hmac.compare_digest(advert.auth_data, auth_bytes(settings.auth_pass or "")):
        return _reject(Rejection.PASSWORD, datagram, "not ours")
    return None


def _check_addresses(
    datagram: Datagram, advert: Advertisement, settings: InstanceSettings, *, trusted: bool
) -> Accepted | Rejected:
    """The address list must be ours, in any order (VR-057 to VR-060)."""
    if advert.version == 3 and not advert.addresses:
        return _reject(Rejection.ADDRESSES, datagram, "none, expected at least one")
    notes = []
    if not trusted:
        difference = _difference(advert, settings)
        if difference and advert.version == 2 and advert.priority != _OWNER_PRIORITY:
            return _reject(Rejection.ADDRESSES, datagram, difference)
        if difference:
            notes.append(f"{datagram.family.text(datagram.source)} addresses: {difference}")
    if advert.advert_int != settings.advert_int:
        # Learned, not refused (VR-054); a version 2 interval that differs did not come this far.
        found = f"interval: {advert.advert_int:g} s, configured {settings.advert_int:g} s"
        notes.append(f"{datagram.family.text(datagram.source)} {found}")
    return Accepted(advert, "; ".join(notes))


def _difference(advert: Advertisement, settings: InstanceSettings) -> str:
    """How the address lists differ, for people; empty when they are the same (VR-060)."""
    own = [number_of(address.address) for address in settings.virtual_addresses]
    if len(advert.addresses) != len(own):
        return f"{len(advert.addresses)}, expected our {len(own)}"
    missing = set(own).difference(advert.addresses)
    return f"{settings.family.text(min(missing))} is missing" if missing else ""


def _reject(rejection: Rejection, datagram: Datagram, text: str) -> Rejected:
    sender = datagram.family.text(datagram.source)
    return Rejected(rejection, f"{sender} {rejection.replace('_', ' ')}: {text}")
