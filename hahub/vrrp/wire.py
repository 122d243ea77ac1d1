"""What the settings of a virtual router mean for its packets, those that it sends and those that it expects."""

from functools import lru_cache

from hahub.family import Family, number_of
from hahub.settings import InstanceSettings
from hahub.vrrp import packet
from hahub.vrrp.ah import Key
from hahub.vrrp.packet import (
    AH_TYPE,
    PASS_TYPE,
    Advertisement,
    Checksum,
    auth_bytes,
    encode,
    in_wire_order,
    with_checksum,
)
from hahub.vrrp.trailer import TrailerKey


def group_of(settings: InstanceSettings) -> int:
    """The multicast address (VR-004, VR-005)."""
    return number_of(settings.wire.group) if settings.wire.group else packet.group_of(settings.family)


def auth_type_of(settings: InstanceSettings) -> int:
    """The Auth Type of our adverts, and of those that we accept; version 3 knows none."""
    if settings.version != 2 or settings.auth_pass is None:
        return 0
    return AH_TYPE if settings.auth_ah else PASS_TYPE


@lru_cache(maxsize=1024)
def key_of(password: str) -> Key:
    """The key of authentication headers; made once."""
    return Key(auth_bytes(password))


@lru_cache(maxsize=1024)
def trailer_key_of(secret: bytes) -> TrailerKey:
    """The key of trailers; made once."""
    return TrailerKey(secret)


def signed(message: bytes, settings: InstanceSettings, *, source: int, destination: int, sequence: int) -> bytes:
    """A message and the trailer that ``auth_hmac`` puts behind it."""
    keys = settings.auth_hmac
    active = next((key for key in keys.keys if key.id == keys.active_key), None) if keys is not None else None
    if active is None:
        raise ValueError(f"{settings.name} has no key to sign with")
    key, family = trailer_key_of(active.secret), settings.family
    trailer = key.make(message, family=family, source=source, key_id=active.id, sequence=sequence)
    if family is Family.IPV6:
        return with_checksum(message, trailer, source=source, destination=destination)
    return message + trailer


def message_of(
    settings: InstanceSettings, priority: int, *, source: int, destination: int, old_checksum: bool = False
) -> bytes:
    """One advertisement, as it follows the IP header.

    old_checksum: of version 3 to a peer over IPv4, made with the multicast address (VR-029).
    """
    auth_type = auth_type_of(settings)
    advert = Advertisement(
        version=settings.version,
        virtual_router_id=settings.virtual_router_id,
        priority=priority,
        advert_int=settings.advert_int,
        addresses=in_wire_order([address.number for address in settings.virtual_addresses], settings.family),
        auth_type=auth_type,
        auth_data=auth_bytes(settings.auth_pass or "") if auth_type == PASS_TYPE else b"",
    )
    return encode(
        advert,
        source=source,
        destination=group_of(settings) if old_checksum else destination,
        checksum=Checksum.PLAIN if settings.wire.v3_checksum_as_v2 else Checksum.PSEUDO_HEADER,
        family=settings.family,
    )
