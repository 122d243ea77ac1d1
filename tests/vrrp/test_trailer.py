"""The authentication trailer: vectors of the IETF draft, what it covers, and the order of its sequences."""

from itertools import pairwise

import pytest

from hahub.family import Family
from hahub.vrrp.packet import GROUP4, GROUP6, Advertisement, Datagram, decode, encode, split_ip, with_checksum
from hahub.vrrp.trailer import (
    SENDERS,
    TRAILER_BYTES,
    ReceivedSequences,
    SendSequence,
    TrailerKey,
    distance,
    is_after,
    split_trailer,
)
from tests.pcap import CAPTURES, read_packets

KEY = TrailerKey(bytes(range(32)))
IPV4 = bytes.fromhex("3133c80100644402c0000264 010100006800000080000000 1b84bc4e8e43892dc6d98448f8ee2265")
IPV6 = bytes.fromhex(
    "3133c8010064a2e9 fe800000000000000000000000000100 010100006800000080000000 c8c56146ebfd66ee10ec4d8186461b78"
)
SOURCE_4, SOURCE_6, PEER_6 = 0xC633640A, 0xFE80 << 112 | 0x10, 0xFE80 << 112 | 0x20
SEQUENCE = 0x6800000080000000
"""Of both vectors, which have the key 00 01 ... 1f, VRID 51 and priority 200."""


@pytest.mark.parametrize(
    ("vector", "family", "source", "addresses"),
    [
        pytest.param(IPV4, Family.IPV4, SOURCE_4, (0xC0000264,), id="IPv4"),
        pytest.param(IPV6, Family.IPV6, SOURCE_6, (0xFE80 << 112 | 0x100,), id="IPv6"),
    ],
)
def test_the_vectors_of_the_draft_are_read_and_written_to_the_same_bytes(
    vector: bytes, family: Family, source: int, addresses: tuple[int, ...]
):
    message, trailer = split_trailer(vector, family)

    assert trailer is not None
    assert (trailer.type, trailer.key_id, trailer.reserved, trailer.sequence) == (1, 1, 0, SEQUENCE)
    assert trailer.at == 0x68000000
    assert KEY.has_made(trailer, message, family=family, source=source)
    assert KEY.make(message, family=family, source=source, key_id=1, sequence=SEQUENCE) == vector[-TRAILER_BYTES:]
    advert = decode(message, source=source, destination=PEER_6, family=family, trailer=vector[-TRAILER_BYTES:])
    assert advert == Advertisement(3, 51, 200, 1.0, addresses)


@pytest.mark.parametrize("name", ["v2", "v3", "v3-unicast", "v3-ipv6", "v3-ipv6-unicast"])
def test_every_packet_of_keepalived_is_authentic_and_encodes_back_to_the_same_bytes(name: str):
    datagrams = signed_datagrams(name)

    sequences = []
    for datagram in datagrams:
        ends = {"source": datagram.source, "destination": datagram.destination, "family": datagram.family}
        message, trailer = split_trailer(datagram.payload, datagram.family)
        assert trailer is not None
        assert KEY.has_made(trailer, message, family=datagram.family, source=datagram.source)
        made = KEY.make(message, family=datagram.family, source=datagram.source, key_id=1, sequence=trailer.sequence)
        blank = encode(decode(message, **ends, trailer=made), **ends)
        again = with_checksum(blank, made, source=datagram.source, destination=datagram.destination)
        assert (again if datagram.family is Family.IPV6 else blank + made) == datagram.payload
        sequences.append(trailer.sequence)
    assert len(datagrams) == 6
    assert all(is_after(later, earlier) for earlier, later in pairwise(sequences))


def signed_datagrams(name: str) -> list[Datagram]:
    path = CAPTURES / f"hmac-{name}.pcap"
    if "ipv6" not in name:
        return [split_ip(packet) for packet in read_packets(path)]
    return [
        Datagram(int.from_bytes(p[8:24]), int.from_bytes(p[24:40]), p[7], p[40:], Family.IPV6)
        for p in read_packets(path, ether_type=0x86DD)
    ]


def test_over_ipv6_the_checksum_covers_the_trailer():
    message, _ = split_trailer(IPV6, Family.IPV6)

    assert with_checksum(message, IPV6[-TRAILER_BYTES:], source=SOURCE_6, destination=PEER_6) == IPV6


def is_authentic(payload: bytes, *, source: int = SOURCE_6, key: TrailerKey = KEY) -> bool:
    message, trailer = split_trailer(payload, Family.IPV6)
    return trailer is not None and key.has_made(trailer, message, family=Family.IPV6, source=source)


@pytest.mark.parametrize("place", range(len(IPV6)))
def test_every_byte_but_the_checksum_is_covered(place: int):
    changed = IPV6[:place] + bytes([IPV6[place] ^ 1]) + IPV6[place + 1 :]

    assert is_authentic(changed) is (place in (6, 7))


def test_source_and_key_are_covered():
    assert is_authentic(IPV6)
    assert not is_authentic(IPV6, source=PEER_6)
    assert not is_authentic(IPV6, key=TrailerKey(bytes(range(1, 33))))


@pytest.mark.parametrize("version", [2, 3])
def test_what_has_another_length_than_a_trailer_is_none(version: int):
    message = encode(Advertisement(version, 51, 100, 1.0, (1, 2)), source=1, destination=GROUP4)

    found = {n: split_trailer(message + bytes(n), Family.IPV4) for n in range(64)}

    assert {n for n, (_, trailer) in found.items() if trailer is not None} == {TRAILER_BYTES}
    assert found[TRAILER_BYTES][0] == message
    assert found[4] == (message + bytes(4), None)


@pytest.mark.parametrize("length", range(40))
def test_a_payload_that_is_cut_does_no_harm(length: int):
    split_trailer(IPV4[:length], Family.IPV4)
    split_trailer(IPV6[:length], Family.IPV6)


def test_no_key_is_in_what_can_be_printed():
    key = TrailerKey(b"secret12" * 4)

    assert "secret12" not in repr(key)
    assert b"secret12" not in key.make(IPV4[:12], family=Family.IPV4, source=1, key_id=1, sequence=1)


@pytest.mark.parametrize(
    ("sequence", "other", "after"),
    [
        (2, 1, True),
        (1, 1, False),
        (1, 2, False),
        (0, (1 << 64) - 1, True),
        ((1 << 63) + 1, 1, False),
        (1 << 63, 1, True),
    ],
)
def test_sequences_are_compared_around_the_end(sequence: int, other: int, after: bool):
    assert is_after(sequence, other) is after


def test_times_are_compared_around_the_end():
    assert distance(10, 15) == 5
    assert distance(15, 10) == -5
    assert distance(0xFFFFFFFF, 1) == 2
    assert distance(1, 0xFFFFFFFF) == -2


SECOND = 10**9
AT = 1_800_000_000


def test_the_sequence_is_the_time_and_grows_when_the_time_does_not():
    sequence = SendSequence()

    sent = [
        sequence.next(ns, 5) for ns in (AT * SECOND + SECOND // 2, AT * SECOND, (AT - 3) * SECOND, (AT + 1) * SECOND)
    ]

    first = AT << 32 | 0x8000 << 16
    assert sent == [first, first + 1, first + 2, (AT + 1) << 32]


def test_after_a_clock_was_set_back_far_the_sequence_begins_anew_where_time_counts():
    """Receivers would find the old ones in the future."""
    timed, monotonic = SendSequence(), SendSequence()
    for sequence, window in ((timed, 5), (monotonic, 0)):
        sequence.next((AT + 3600) * SECOND, window)

    assert timed.next(AT * SECOND, 5) == AT << 32
    assert timed.next(AT * SECOND, 5) == (AT << 32) + 1
    assert monotonic.next(AT * SECOND, 0) == ((AT + 3600) << 32) + 1


def test_a_receiver_remembers_each_sender():
    heard = ReceivedSequences()
    heard.heard(1, AT << 32)
    heard.heard(2, (AT + 2) << 32)

    assert heard.last(1, AT + 5, 5) == AT << 32
    assert heard.last(2, AT + 5, 5) == (AT + 2) << 32
    assert heard.last(3, AT + 5, 5) is None


def test_what_is_out_of_the_window_is_forgotten_where_time_counts():
    heard = ReceivedSequences()
    heard.heard(1, (AT + 3600) << 32)

    assert heard.last(1, AT, 5) is None
    assert heard.last(1, AT, 0) == (AT + 3600) << 32


def test_so_many_senders_are_remembered_and_the_one_heard_last_longest_ago_goes():
    heard = ReceivedSequences()
    for source in (1, 2, 3, 4, 1, 5):
        heard.heard(source, source)

    assert [heard.last(source, 0, 0) for source in range(1, 6)] == [1, None, 3, 4, 5]
    assert SENDERS == 4
    more = ReceivedSequences()
    for source in range(10):
        more.heard(source, source, senders=10)
    assert [more.last(source, 0, 0) for source in range(10)] == list(range(10))


def test_over_ipv4_the_checksum_does_not_cover_the_trailer():
    message = encode(Advertisement(3, 51, 200, 1.0, (1,)), source=1, destination=GROUP4)

    assert decode(message, source=1, destination=GROUP4, trailer=bytes(28)).priority == 200
    assert decode(
        encode(Advertisement(3, 51, 9, 1.0, (1,)), source=1, destination=GROUP6, family=Family.IPV6),
        source=1,
        destination=GROUP6,
        family=Family.IPV6,
    ).priority == 9  # fmt: skip
