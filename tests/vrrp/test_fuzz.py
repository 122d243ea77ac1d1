"""Random and mutated packets: none of them may be taken for what it is not, raise, or leave anything behind."""

import gc
import random
import tracemalloc
from dataclasses import replace

import pytest

from hahub.settings import HmacKey, HmacSettings, InstanceSettings, VirtualAddress
from hahub.vrrp.ah import Key, seal
from hahub.vrrp.packet import (
    GROUP4,
    PASS_TYPE,
    PROTOCOL,
    Advertisement,
    DecodeError,
    auth_bytes,
    encode,
    ipv4_header,
    split_ip,
)
from hahub.vrrp.reception import Accepted, Rejected, check
from hahub.vrrp.wire import message_of, signed

PEER, OWN = 0x0A090001, 0x0A090002
V2 = InstanceSettings(
    "VI_1",
    "eth0",
    51,
    virtual_addresses=(VirtualAddress("10.9.0.200", 24, "eth0"), VirtualAddress("10.9.0.201", 24, "eth0")),
)
V3 = replace(V2, version=3)
PASS = replace(V2, auth_pass="secret12")
AH = replace(PASS, auth_ah=True)
HMAC = replace(V3, auth_hmac=HmacSettings((HmacKey(1, b"k" * 32),), 1, time_window=0))
ADVERT_2 = Advertisement(2, 51, 150, 1.0, (0x0A0900C8, 0x0A0900C9))
ADVERT_3 = replace(ADVERT_2, version=3)
ADVERT_PASS = replace(ADVERT_2, auth_type=PASS_TYPE, auth_data=auth_bytes("secret12"))


class Fuzzer:
    """IP packets, some random, most a valid one with a few bytes changed, cut or added; the same ones each time."""

    def __init__(self) -> None:
        self._random = random.Random(112)
        self._valid = [*(ip_packet(advert) for advert in (ADVERT_2, ADVERT_3, ADVERT_PASS)), sealed(), signed_packet()]

    def packet(self) -> bytes:
        chance = self._random.random()
        if chance < 0.2:
            return self._random.randbytes(self._random.randrange(80))
        packet = bytearray(self._random.choice(self._valid))
        if chance < 0.4:
            del packet[self._random.randrange(len(packet)) :]
        elif chance < 0.5:
            packet += self._random.randbytes(self._random.randrange(1, 20))
        for _ in range(self._random.choice((0, 1, 1, 2, 5))):
            if packet:
                packet[self._random.randrange(len(packet))] = self._random.randrange(256)
        return bytes(packet)


def ip_packet(advert: Advertisement) -> bytes:
    payload = encode(advert, source=PEER, destination=GROUP4)
    header = bytes.fromhex("45c00000 00010000") + bytes([255, PROTOCOL, 0, 0])
    header = header[:2] + (20 + len(payload)).to_bytes(2, "big") + header[4:]
    return header + PEER.to_bytes(4, "big") + GROUP4.to_bytes(4, "big") + payload


def sealed() -> bytes:
    message = message_of(AH, 150, source=PEER, destination=GROUP4)
    key = Key(auth_bytes("secret12"))
    return seal(message, key, source=PEER, destination=GROUP4, ttl=255, sequence=7, unicast=False)


def signed_packet() -> bytes:
    message = message_of(HMAC, 150, source=PEER, destination=GROUP4)
    payload = signed(message, HMAC, source=PEER, destination=GROUP4, sequence=7)
    return ipv4_header(PROTOCOL, len(payload), source=PEER, destination=GROUP4) + payload


def verdict_on(packet: bytes, settings: InstanceSettings) -> Accepted | Rejected | DecodeError:
    try:
        received = split_ip(packet)
    except DecodeError as error:
        return error
    return check(received, settings, own_source=OWN, known_master=PEER)


def is_well_formed(advert: Advertisement, settings: InstanceSettings) -> bool:
    return (
        (advert.version, advert.virtual_router_id) == (settings.version, 51)
        and 0 <= advert.priority <= 255
        and (advert.advert_int == 1.0 if advert.version == 2 else 0.01 <= advert.advert_int <= 40.95)
        and (len(advert.addresses) == 2 or advert.version == 3)
    )


@pytest.mark.slow
def test_random_packets_are_rejected_or_well_formed_and_leave_nothing_behind():
    """VR-139, VR-140, VR-141."""
    fuzzer = Fuzzer()
    counts = {Accepted: 0, Rejected: 0, DecodeError: 0}
    accepted = {(False, False): 0, (True, False): 0, (False, True): 0}

    def feed(packets: int) -> None:
        for number in range(packets):
            settings = (V2, V3, PASS, AH, HMAC)[number % 5]
            verdict = verdict_on(fuzzer.packet(), settings)
            counts[type(verdict)] += 1
            assert not isinstance(verdict, Accepted) or is_well_formed(verdict.advert, settings)
            accepted[settings.auth_ah, settings.auth_hmac is not None] += isinstance(verdict, Accepted)

    feed(10_000)
    gc.collect()
    tracemalloc.start()
    try:
        feed(90_000)
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sum(counts.values()) == 100_000
    assert min(counts.values()) > 1_000, counts
    assert min(accepted.values()) > 100, accepted
    assert left < 64 * 1024
