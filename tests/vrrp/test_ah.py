"""The authentication header: keepalived's packets are read, checked and written to the same bytes (VR-035, VR-052)."""

from collections.abc import Callable

import pytest
from scapy.layers.inet import IP
from scapy.layers.ipsec import AH, SecurityAssociation

from hahub.vrrp.ah import SEQUENCE_MAX, Key, Sequence, seal
from hahub.vrrp.packet import (
    AH_PROTOCOL,
    AH_TYPE,
    GROUP4,
    Advertisement,
    Datagram,
    DecodeError,
    auth_bytes,
    decode,
    encode,
    split_ip,
)
from tests.pcap import CAPTURES, read_packets

GOLDEN = bytes.fromhex(
    "45c0004000010000ff33d0530a630001e0000012 70040000 0a630001 00000001 a82c5e33a8d96e42d3b6c234"
    "2103ff010201d32f 0a630067 0000000000000000"
)
"""keepalived 2.2.7, priority 255, ``auth_pass secret``."""
OWN, PEER = 0x0A090001, 0x0A090002
ADVERT = Advertisement(2, 51, 150, 1.0, (0x0A0900C8,), AH_TYPE)


def key_of(password: str) -> Key:
    return Key(auth_bytes(password))


def sealed(*, sequence: int = 7, ttl: int = 255, destination: int = GROUP4, unicast: bool = False) -> bytes:
    message = encode(ADVERT, source=OWN, destination=destination)
    ends = {"source": OWN, "destination": destination}
    return seal(message, key_of("secret12"), **ends, ttl=ttl, sequence=sequence, unicast=unicast)


def again(packet: bytes, password: str) -> bytes:
    """The same packet, written from what was read."""
    datagram = split_ip(packet)
    ends = {"source": datagram.source, "destination": datagram.destination}
    message = encode(decode(datagram.payload, **ends), **ends)
    assert datagram.envelope is not None
    sequence = datagram.envelope.sequence
    return seal(message, key_of(password), **ends, ttl=datagram.ttl, sequence=sequence, unicast=False)


def has_signed(packet: bytes, password: str, *, unicast: bool = False) -> bool:
    envelope = split_ip(packet).envelope
    assert envelope is not None
    return key_of(password).has_signed(envelope, unicast=unicast)


def test_the_golden_packet_is_read_and_written_to_the_same_bytes():
    datagram = split_ip(GOLDEN)
    envelope = datagram.envelope

    advert = decode(datagram.payload, source=datagram.source, destination=datagram.destination)

    assert advert == Advertisement(2, 3, 255, 1.0, (0x0A630067,), AH_TYPE)
    assert envelope is not None
    assert (envelope.spi, envelope.sequence, datagram.ttl) == (0x0A630001, 1, 255)
    assert has_signed(GOLDEN, "secret")
    assert again(GOLDEN, "secret") == GOLDEN


@pytest.mark.parametrize(
    ("name", "passwords", "least"),
    [
        pytest.param("v2-ah", {"10.9.0.1": "secret12", "10.9.0.2": "secret12"}, 5, id="one key"),
        pytest.param("wrong-ah-key", {"10.9.0.1": "secret12", "10.9.0.2": "other"}, 7, id="two keys"),
    ],
)
def test_every_captured_packet_is_authentic_and_encodes_back_to_the_same_bytes(
    name: str, passwords: dict[str, str], least: int
):
    packets = read_packets(CAPTURES / f"{name}.pcap", protocol=AH_PROTOCOL)

    assert len(packets) >= least
    for packet in packets:
        password = passwords[IP(packet).src]
        assert has_signed(packet, password)
        assert not has_signed(packet, "secret13")
        assert again(packet, password) == packet


def test_scapy_finds_the_check_value_right_where_rfc_2402_and_keepalived_agree():
    """Between unicast peers: there the TTL is not covered."""
    packet = sealed(destination=PEER, unicast=True)
    association = SecurityAssociation(AH, spi=OWN, auth_algo="HMAC-MD5-96", auth_key=auth_bytes("secret12"))

    verified = association.decrypt(IP(packet))

    assert bytes(verified.payload) == encode(ADVERT, source=OWN, destination=PEER)


@pytest.mark.parametrize(
    ("change", "multicast", "unicast"),
    [
        pytest.param(lambda p: p, True, True, id="nothing"),
        pytest.param(lambda p: p[:1] + b"\0" + p[2:], True, True, id="TOS"),
        pytest.param(lambda p: p[:6] + b"\x40\0" + p[8:], True, True, id="do not fragment"),
        pytest.param(lambda p: p[:10] + b"\1\2" + p[12:], True, True, id="header checksum"),
        pytest.param(lambda p: p[:8] + b"\xfe" + p[9:], False, True, id="TTL"),
        pytest.param(lambda p: p[:4] + b"\1\2" + p[6:], False, False, id="identification"),
        pytest.param(lambda p: p[:12] + b"\x0b" + p[13:], False, False, id="source"),
        pytest.param(lambda p: p[:22] + b"\1" + p[23:], False, False, id="reserved"),
        pytest.param(lambda p: p[:31] + b"\x09" + p[32:], False, False, id="sequence"),
        pytest.param(lambda p: p[:32] + b"\0" + p[33:], False, False, id="check value"),
        pytest.param(lambda p: p[:46] + b"\xff" + p[47:], False, False, id="priority"),
        pytest.param(lambda p: p[:-1] + b"\1", False, False, id="last byte"),
    ],
)
def test_what_the_check_value_covers(change: Callable[[bytes], bytes], multicast: bool, unicast: bool):
    assert has_signed(change(sealed()), "secret12") is multicast
    assert has_signed(change(sealed(unicast=True)), "secret12", unicast=True) is unicast


def test_options_of_the_ip_header_are_skipped():
    """VR-061, where keepalived's master looks at a fixed place."""
    plain = sealed()
    packet = b"\x46" + plain[1:3] + bytes([len(plain) + 4]) + plain[4:20] + bytes([1, 1, 1, 1]) + plain[20:]

    datagram = split_ip(packet)

    assert datagram.payload == split_ip(plain).payload
    assert datagram.envelope is not None
    assert datagram.envelope.sequence == 7


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param(sealed()[:20], "ah: 0 bytes, expected at least 24", id="no header"),
        pytest.param(sealed()[:43], "ah: 23 bytes, expected at least 24", id="cut"),
        pytest.param(sealed()[:20] + b"\x11" + sealed()[21:], "ah: next header 17, expected 112", id="UDP inside"),
        pytest.param(sealed()[:20] + b"\x33" + sealed()[21:], "ah: next header 51, expected 112", id="twice"),
        pytest.param(
            sealed()[:21] + b"\x05" + sealed()[22:], "ah: length 5, expected 4: 12 bytes of HMAC-MD5", id="length"
        ),
    ],
)
def test_what_is_no_authentication_header(packet: bytes, expected: str):
    total = len(packet).to_bytes(2)

    with pytest.raises(DecodeError) as caught:
        split_ip(packet[:2] + total + packet[4:])

    assert str(caught.value) == expected


@pytest.mark.parametrize("length", range(44, 64))
def test_a_message_that_is_cut_comes_out_cut(length: int):
    packet = sealed()[:2] + length.to_bytes(2) + sealed()[4:length]

    datagram = split_ip(packet)

    assert isinstance(datagram, Datagram)
    with pytest.raises(DecodeError, match="length"):
        decode(datagram.payload, source=OWN, destination=GROUP4)


def test_no_password_is_in_what_can_be_printed():
    envelope = split_ip(sealed()).envelope

    assert "secret12" not in repr((envelope, key_of("secret12"), vars(type(key_of("secret12")))))
    assert b"secret12" not in sealed()


def test_numbers_go_on_above_all_that_were_sent_or_heard():
    sequence = Sequence()

    sent = [sequence.next(), sequence.next()]
    sequence.heard(40)
    sequence.heard(30)

    assert sent == [1, 2]
    assert sequence.last == 40
    assert sequence.next() == 41


def test_a_new_life_begins_above_the_one_before_and_hears_everything():
    """A keepalived that starts counts from 1; what is heard of it must not be below our own start."""
    sequence = Sequence(start=1_800_000_000)

    assert sequence.last == 0
    sequence.heard(5)
    assert (sequence.last, sequence.next()) == (5, 1_800_000_001)


def test_what_an_earlier_life_left_is_the_least():
    assert Sequence(start=1_800_000_000, last=1_900_000_000).next() == 1_900_000_001


def test_a_clock_beyond_reason_is_no_start():
    assert Sequence(start=SEQUENCE_MAX - 3).next() == 1


def test_of_two_masters_that_count_in_step_one_leaves_out_a_number_and_is_heard():
    one, other = Sequence(last=10), Sequence(last=10)
    crossing = (one.next(), other.next())
    assert crossing == (11, 11)

    one.crossed(crossing[1], skips=False)
    other.crossed(crossing[0], skips=True)

    assert other.next() > one.next()


def test_a_repeated_packet_makes_nobody_leave_out_more_than_one_number():
    sequence = Sequence(last=10)

    for _ in range(5):
        sequence.crossed(10, skips=True)
        sequence.crossed(7, skips=True)

    assert sequence.next() == 12


def test_numbers_that_are_used_up_begin_anew():
    """Those who heard the last one give up their master, become master, and begin anew as well."""
    sequence = Sequence(start=1_800_000_000, last=SEQUENCE_MAX - 1)

    assert [sequence.next() for _ in range(3)] == [SEQUENCE_MAX, 1, 2]


def test_the_identification_is_never_zero():
    """The kernel would put in its own, and the check value would be wrong."""
    found = {int.from_bytes(sealed(sequence=number)[4:6]) for number in range(1, 0x20001, 0x101)}

    assert 0 not in found
    assert [int.from_bytes(sealed(sequence=n)[4:6]) for n in (1, 0xFFFE, 0xFFFF, 0x10000)] == [1, 0xFFFE, 0xFFFF, 1]
