"""What was judged already."""

from dataclasses import replace

import pytest

from hahub.family import Family
from hahub.vrrp.events import AdvertReceived
from hahub.vrrp.familiar import Familiar
from hahub.vrrp.packet import GROUP4, GROUP6, PROTOCOL, Advertisement, Datagram, encode

SOURCE = 0x0A090002
ADVERT = Advertisement(3, 51, 200, 1.0, (0x0A0900C8,))
EVENT = AdvertReceived(ADVERT, SOURCE, "10.9.0.2")
PACKET = (
    bytes.fromhex("45c00020 12340000 ff70 abcd")
    + SOURCE.to_bytes(4, "big")
    + GROUP4.to_bytes(4, "big")
    + encode(ADVERT, source=SOURCE, destination=GROUP4)
)
IDENTIFICATION, CHECKSUM = {4, 5}, {10, 11}


def flipped(position: int) -> bytes:
    return PACKET[:position] + bytes([PACKET[position] ^ 1]) + PACKET[position + 1 :]


@pytest.fixture
def familiar() -> Familiar:
    made = Familiar()
    made.learn(PACKET, EVENT)
    return made


def test_the_same_packet_again_means_the_same(familiar: Familiar):
    again = PACKET[:4] + b"\x12\x35" + PACKET[6:10] + b"\xab\xcc" + PACKET[12:]

    assert PACKET[9] == PROTOCOL
    assert familiar.recall(again, SOURCE) is EVENT


@pytest.mark.parametrize("position", range(len(PACKET)))
def test_any_other_byte_makes_it_another_packet(familiar: Familiar, position: int):
    same = position in IDENTIFICATION | CHECKSUM

    assert (familiar.recall(flipped(position), SOURCE) is EVENT) is same


@pytest.mark.parametrize("packet", [b"", PACKET[:11], PACKET[:-1], PACKET + b"\0"], ids=len)
def test_one_of_another_length_is_another(familiar: Familiar, packet: bytes):
    assert familiar.recall(packet, SOURCE) is None


@pytest.mark.parametrize("master", [None, SOURCE + 1])
def test_while_somebody_else_is_master_it_is_judged_anew(familiar: Familiar, master: int | None):
    assert familiar.recall(PACKET, master) is None


def test_nothing_is_known_at_first_and_after_forgetting(familiar: Familiar):
    familiar.forget()

    assert familiar.recall(PACKET, SOURCE) is None
    assert Familiar().recall(b"", None) is None


def test_over_ipv6_the_whole_datagram_counts():
    datagram = Datagram(SOURCE, GROUP6, 255, b"payload", Family.IPV6)
    familiar = Familiar()

    familiar.learn(datagram, EVENT)

    assert familiar.recall(replace(datagram), SOURCE) is EVENT
    assert familiar.recall(replace(datagram, ttl=254), SOURCE) is None
    assert familiar.recall(replace(datagram, payload=b"Payload"), SOURCE) is None
