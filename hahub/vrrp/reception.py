"""Which received packets are advertisements for a virtual router, and why the others are not.

Source: section 7.1 of RFC 3768, RFC 5798 and RFC 9568; requirements VR-038 to VR-064 and VR-147. What is rejected
here must change no state and no timer (VR-067), so none of it becomes an event.
"""

import hmac
from dataclasses import dataclass, replace

from hahub.family import Family, number_of
from hahub.settings import InstanceSettings
from hahub.vrrp.authenticity import NOTHING_HEARD, Freshness, check_envelope, check_trailer, skew_note
from hahub.vrrp.packet import PASS_TYPE, TTL, Advertisement, Datagram, DecodeError, auth_bytes, decode
from hahub.vrrp.trailer import split_trailer
from hahub.vrrp.verdicts import Accepted, Rejected, Rejection, reject
from hahub.vrrp.wire import auth_type_of, group_of

__all__ = ["Accepted", "Freshness", "Rejected", "Rejection", "check"]

_OWNER_PRIORITY = 255


def check(
    datagram: Datagram,
    settings: InstanceSettings,
    *,
    own_source: int | None,
    known_master: int | None,
    freshness: Freshness = NOTHING_HEARD,
) -> Accepted | Rejected:
    """Judge one packet of the family of the virtual router. Never raises, whatever the packet holds.

    own_source: the address that our own adverts come from; a packet from it is a loop or a duplicate address (VR-064).
    known_master: sender of the last accepted advertisement, for ``skip_check_adv_addr``.
    freshness: what an authentic packet has to be newer than.
    """
    unicast = bool(settings.unicast_peers)
    checked = _check_unicast_datagram(datagram, settings) if unicast else _check_group_datagram(datagram, settings)
    rejected = checked or _check_source(datagram, own_source) or check_envelope(datagram, settings, freshness)
    if rejected is not None:
        return rejected
    if datagram.envelope is not None:
        read = _read(datagram, datagram.payload, settings)
        verdict = read if isinstance(read, Rejected) else _check_advert(datagram, read, settings, known_master)
        return replace(verdict, sequence=datagram.envelope.sequence)
    message, trailer = split_trailer(datagram.payload, datagram.family)
    read = _read(datagram, message, settings, datagram.payload[len(message) :] if trailer is not None else b"")
    if isinstance(read, Rejected):
        return read
    rejected = check_trailer(datagram, message, trailer, settings, freshness)
    if rejected is not None:
        return rejected
    verdict = _check_advert(datagram, read, settings, known_master)
    if trailer is None or settings.auth_hmac is None:
        return verdict
    if isinstance(verdict, Accepted) and (note := skew_note(datagram, trailer, settings.auth_hmac, freshness)):
        verdict = replace(verdict, note="; ".join(filter(None, (verdict.note, note))))
    return replace(verdict, sequence=trailer.sequence)


@dataclass(frozen=True, slots=True)
class _Read:
    """A message for our virtual router."""

    advert: Advertisement
    old_checksum: bool = False


def _read(datagram: Datagram, message: bytes, settings: InstanceSettings, trailer: bytes = b"") -> _Read | Rejected:
    """Decode a message, and see that it is for us."""
    ends = (datagram.source, datagram.destination)
    try:
        read = _Read(decode(message, source=ends[0], destination=ends[1], family=datagram.family, trailer=trailer))
    except DecodeError as error:
        if error.field != Rejection.CHECKSUM or not _may_be_old(settings):
            return reject(Rejection(error.field), datagram, error.text)
        try:
            read = _Read(decode(message, source=ends[0], destination=group_of(settings)), old_checksum=True)
        except DecodeError:
            return reject(Rejection.CHECKSUM, datagram, error.text)
    return _check_identity(datagram, read.advert, settings) or read


def _check_advert(
    datagram: Datagram, read: _Read, settings: InstanceSettings, known_master: int | None
) -> Accepted | Rejected:
    advert = read.advert
    rejected = _check_authentication(datagram, advert, settings)
    if rejected is not None:
        return rejected
    if advert.version == 2 and advert.advert_int != settings.advert_int:
        return reject(Rejection.INTERVAL, datagram, f"{advert.advert_int:g} s, expected {settings.advert_int:g} s")
    trusted = settings.skip_check_adv_addr and known_master is not None and datagram.source == known_master
    verdict = _check_addresses(datagram, advert, settings, trusted=trusted)
    return replace(verdict, old_checksum=True) if read.old_checksum and isinstance(verdict, Accepted) else verdict


def _may_be_old(settings: InstanceSettings) -> bool:
    """VR-029: whether a checksum may be made with the multicast address, though the packet came to us alone."""
    unicast = bool(settings.unicast_peers) and settings.family is Family.IPV4
    return unicast and settings.wire.old_unicast_checksum is not False


def _check_group_datagram(datagram: Datagram, settings: InstanceSettings) -> Rejected | None:
    if datagram.ttl != TTL:
        return reject(Rejection.TTL, datagram, f"{datagram.ttl}, expected {TTL}")
    group = group_of(settings)
    if datagram.destination != group:
        text = datagram.family.text
        return reject(Rejection.DESTINATION, datagram, f"{text(datagram.destination)}, expected {text(group)}")
    return None


def _check_unicast_datagram(datagram: Datagram, settings: InstanceSettings) -> Rejected | None:
    """VR-063, VR-065. Routers may be between the peers, so that a hop less is no sign of a stranger."""
    expected = number_of(settings.source) if settings.source else None
    to_us = _is_unicast(datagram.destination, datagram.family) if expected is None else datagram.destination == expected
    if not to_us:
        found = datagram.family.text(datagram.destination)
        return reject(Rejection.DESTINATION, datagram, f"{found}, expected {settings.source or 'a unicast address'}")
    peer = next((p for p in settings.unicast_peers if number_of(p.address) == datagram.source), None)
    if peer is None:
        unknown = settings.check_unicast_src
        return reject(Rejection.SOURCE, datagram, "is not one of unicast_peer") if unknown else None
    if not peer.min_ttl <= datagram.ttl <= peer.max_ttl:
        return reject(Rejection.TTL, datagram, f"{datagram.ttl}, expected {peer.min_ttl}-{peer.max_ttl}")
    return None


def _check_source(datagram: Datagram, own_source: int | None) -> Rejected | None:
    if datagram.source == own_source:
        return reject(Rejection.OWN_SOURCE, datagram, "our own address: a loop, or somebody else uses it")
    if not _is_unicast(datagram.source, datagram.family):
        return reject(Rejection.SOURCE, datagram, "expected a unicast address")
    return None


def _is_unicast(address: int, family: Family) -> bool:
    """False for unspecified, loopback, multicast and broadcast addresses (VR-147)."""
    if family is Family.IPV6:
        return address > 1 and address >> 120 != 0xFF
    first = address >> 24
    return first not in (0, 127) and not 224 <= first <= 239 and address != 0xFFFFFFFF


def _check_identity(datagram: Datagram, advert: Advertisement, settings: InstanceSettings) -> Rejected | None:
    if advert.version != settings.version:
        return reject(Rejection.VERSION, datagram, f"{advert.version}, expected {settings.version}")
    if advert.virtual_router_id != settings.virtual_router_id:
        found = f"{advert.virtual_router_id}, expected {settings.virtual_router_id}"
        return reject(Rejection.VIRTUAL_ROUTER_ID, datagram, found)
    return None


def _check_authentication(datagram: Datagram, advert: Advertisement, settings: InstanceSettings) -> Rejected | None:
    if advert.version != 2:
        return None
    expected = auth_type_of(settings)
    if advert.auth_type != expected:
        return reject(Rejection.AUTH_TYPE, datagram, f"{advert.auth_type}, expected {expected}")
    if expected == PASS_TYPE and not hmac.compare_digest(advert.auth_data, auth_bytes(settings.auth_pass or "")):
        return reject(Rejection.PASSWORD, datagram, "not ours")
    return None


def _check_addresses(
    datagram: Datagram, advert: Advertisement, settings: InstanceSettings, *, trusted: bool
) -> Accepted | Rejected:
    """The address list must be ours, in any order (VR-057 to VR-060)."""
    if advert.version == 3 and not advert.addresses:
        return reject(Rejection.ADDRESSES, datagram, "none, expected at least one")
    notes = []
    if not trusted:
        difference = _difference(advert, settings)
        if difference and advert.version == 2 and advert.priority != _OWNER_PRIORITY:
            return reject(Rejection.ADDRESSES, datagram, difference)
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
