"""Packets that no virtual router may take for adverts."""

import dataclasses
import random

from hahub.settings import InstanceSettings
from hahub.vrrp.packet import TTL, Advertisement, auth_bytes, encode, group_of
from tests.simulation.wire import Packet, ip_packet


def junk(settings: InstanceSettings, own: int, rng: random.Random) -> Packet:
    """One advert with the highest priority, or that resigns, and with one thing wrong with it."""
    family, version = settings.family, settings.version
    password = settings.auth_pass if version == 2 else None
    advert = Advertisement(
        version, settings.virtual_router_id, rng.choice((0, 254, 255)), settings.advert_int,
        tuple(address.number for address in settings.virtual_addresses),
        0 if password is None else 1, b"" if password is None else auth_bytes(password),
    )  # fmt: skip
    source, to, ttl, wrong = own + 100, group_of(family), TTL, rng.randrange(6)
    if settings.unicast_peers:
        to = own
    if wrong == 0:
        source = own
    elif wrong == 1:
        source = 0
    elif wrong == 2 and not settings.unicast_peers:
        ttl = rng.choice((0, 1, 254))
    elif wrong == 3 and version == 2:
        kind = rng.randrange(3)
        advert = (
            dataclasses.replace(advert, auth_type=1, auth_data=b"wrong"),
            dataclasses.replace(advert, advert_int=advert.advert_int + 1),
            dataclasses.replace(advert, priority=rng.choice((0, 254)), addresses=advert.addresses[1:]),
        )[kind]
    message = bytearray(encode(advert, source=source, destination=to, family=family))
    if wrong >= 4 or (wrong == 3 and version == 3) or (wrong == 2 and settings.unicast_peers):
        message = _broken(message, rng)
    return ip_packet(bytes(message), source=source, destination=to, family=family, ttl=ttl)


def _broken(message: bytearray, rng: random.Random) -> bytearray:
    match rng.randrange(4):
        case 0:
            return message[: rng.randrange(2, len(message))]
        case 1:
            return message + rng.randbytes(rng.randrange(1, 20))
        case 2:
            message[0] ^= rng.choice((0x01, 0x10, 0x40, 0xF0))
        case _:
            message[rng.randrange(2, len(message))] ^= 1 << rng.randrange(8)
    return message
