"""Which packets are accepted with ``auth_type AH``, and which are not without: VR-050, VR-052."""

from dataclasses import replace

import pytest

from hahub.settings import InstanceSettings, UnicastPeer
from hahub.vrrp.ah import Key, seal
from hahub.vrrp.packet import (
    AH_PROTOCOL,
    AH_TYPE,
    GROUP4,
    Advertisement,
    auth_bytes,
    encode,
    split_ip,
)
from hahub.vrrp.reception import Accepted, Freshness, Rejected, Rejection, check
from tests.pcap import CAPTURES, read_packets
from tests.vrrp.test_reception import ADVERT_2, ADVERT_PASS, OTHER, OWN, PASS, PEER, V2, V3, datagram

AH = replace(PASS, auth_ah=True)
UNICAST = replace(AH, source="10.9.0.2", unicast_peers=(UnicastPeer("10.9.0.1", 0, 255),))
ADVERT = replace(ADVERT_2, auth_type=AH_TYPE)


def packet(
    advert: Advertisement = ADVERT,
    *,
    auth_pass: str = AH.auth_pass or "",
    source: int = PEER,
    destination: int = GROUP4,
    ttl: int = 255,
    sequence: int = 100,
) -> bytes:
    message = encode(advert, source=source, destination=destination)
    key, unicast = Key(auth_bytes(auth_pass)), destination != GROUP4
    return seal(message, key, source=source, destination=destination, ttl=ttl, sequence=sequence, unicast=unicast)


def judge(sent: bytes, settings: InstanceSettings = AH, *, last_sequence: int = 99) -> Accepted | Rejected:
    return check(
        split_ip(sent), settings, own_source=OWN, known_master=None, freshness=Freshness(last_sequence=last_sequence)
    )


@pytest.mark.parametrize(
    ("sent", "settings", "last_sequence"),
    [
        pytest.param(packet(), AH, 99, id="the next number"),
        pytest.param(packet(), AH, 0, id="the first that is heard"),
        pytest.param(packet(destination=OWN), UNICAST, 99, id="to a peer"),
        pytest.param(packet(destination=OWN, ttl=250)[:8] + b"\xf9" + packet(destination=OWN, ttl=250)[9:], UNICAST, 99,
                     id="to a peer, through routers"),
    ],
)  # fmt: skip
def test_an_authentic_packet_is_accepted_with_its_number(sent: bytes, settings: InstanceSettings, last_sequence: int):
    assert judge(sent, settings, last_sequence=last_sequence) == Accepted(ADVERT, sequence=100)


@pytest.mark.parametrize(
    ("sent", "settings", "expected"),
    [
        pytest.param(
            packet(auth_pass="secret13"),
            AH,
            Rejected(Rejection.CHECK_VALUE, "10.9.0.1 check value: not made with our auth_pass, or changed on the way"),
            id="another key",
        ),
        pytest.param(
            packet(sequence=99),
            AH,
            Rejected(Rejection.SEQUENCE, "10.9.0.1 sequence: 99, expected more than 99"),
            id="a repetition",
        ),
        pytest.param(
            packet(sequence=3),
            AH,
            Rejected(Rejection.SEQUENCE, "10.9.0.1 sequence: 3, expected more than 99"),
            id="an old one",
        ),
        pytest.param(
            packet(source=OWN),
            AH,
            Rejected(Rejection.OWN_SOURCE, "10.9.0.2 own source: our own address: a loop, or somebody else uses it"),
            id="VR-064 our own",
        ),
        pytest.param(
            packet(ttl=254), AH, Rejected(Rejection.TTL, "10.9.0.1 ttl: 254, expected 255"), id="VR-038 forwarded"
        ),
        pytest.param(
            packet(destination=OTHER),
            UNICAST,
            Rejected(Rejection.DESTINATION, "10.9.0.1 destination: 10.9.0.99, expected 10.9.0.2"),
            id="VR-063 another address",
        ),
        *(
            pytest.param(
                packet(),
                settings,
                Rejected(Rejection.AUTH_TYPE, "10.9.0.1 auth type: an authentication header, expected none"),
                id=f"{name} configured",
            )
            for name, settings in (("nothing", V2), ("a password", PASS), ("version 3", V3))
        ),
    ],
)
def test_what_is_refused_changes_nothing(sent: bytes, settings: InstanceSettings, expected: Rejected):
    assert judge(sent, settings) == expected


@pytest.mark.parametrize(
    "advert", [ADVERT_2, ADVERT_PASS, ADVERT], ids=["no authentication", "a password", "Auth Type 2 all the same"]
)
def test_a_packet_without_the_header_is_refused(advert: Advertisement):
    verdict = check(datagram(advert), AH, own_source=OWN, known_master=None)

    assert verdict == Rejected(
        Rejection.AUTH_TYPE, "10.9.0.1 auth type: no authentication header, expected auth_type AH"
    )


@pytest.mark.parametrize(
    ("advert", "rejection", "text"),
    [
        pytest.param(ADVERT_2, Rejection.AUTH_TYPE, "10.9.0.1 auth type: 0, expected 2", id="no Auth Type inside"),
        pytest.param(
            replace(ADVERT, virtual_router_id=52),
            Rejection.VIRTUAL_ROUTER_ID,
            "10.9.0.1 virtual router id: 52, expected 51",
            id="VR-047",
        ),
        pytest.param(
            replace(ADVERT, advert_int=3.0), Rejection.INTERVAL, "10.9.0.1 interval: 3 s, expected 1 s", id="VR-053"
        ),
        pytest.param(
            replace(ADVERT, addresses=(OTHER,)),
            Rejection.ADDRESSES,
            "10.9.0.1 addresses: 1, expected our 2",
            id="VR-058",
        ),
    ],
)
def test_an_authentic_packet_that_is_refused_counts_all_the_same(
    advert: Advertisement, rejection: Rejection, text: str
):
    """What we send next must be above it: keepalived counts so too."""
    assert judge(packet(advert)) == Rejected(rejection, text, sequence=100)


def test_another_spi_than_the_source_is_refused():
    sent = bytearray(packet())
    sent[24:28] = OTHER.to_bytes(4)
    unsigned = split_ip(bytes(sent)).envelope
    assert unsigned is not None
    sent[32:44] = Key(auth_bytes("secret12")).check_value(unsigned.covered(unicast=False))

    assert judge(bytes(sent)) == Rejected(
        Rejection.CHECK_VALUE, "10.9.0.1 check value: SPI 0x0a090063, expected the source address"
    )


def test_what_keepalived_sends_is_accepted_as_it_comes_and_not_again():
    settings = replace(AH, virtual_addresses=V2.virtual_addresses[:1])
    last, verdicts, repeated = 0, [], []
    packets = read_packets(CAPTURES / "v2-ah.pcap", protocol=AH_PROTOCOL)

    for sent in packets:
        verdicts.append(judge(sent, settings, last_sequence=last))
        last = verdicts[-1].sequence
        repeated.append(judge(sent, settings, last_sequence=last))

    assert [(type(verdict), verdict.sequence) for verdict in verdicts] == [(Accepted, n + 1) for n in range(5)]
    assert {v.rejection for v in repeated if isinstance(v, Rejected)} == {Rejection.SEQUENCE}
    assert len(repeated) == 5


IGNORED = (1, 6, 7, 10, 11)
"""Bytes that may change on the way: TOS, flags and fragment offset, header checksum."""
HEADERS = (0, 2, 3, 6, 7, 9, 20, 21)
"""Bytes without which there is no packet to judge."""


@pytest.mark.parametrize("place", [place for place in range(64) if place not in (*IGNORED, *HEADERS)])
def test_whatever_byte_is_changed_the_packet_is_not_authentic(place: int):
    sent = packet(replace(ADVERT, addresses=(ADVERT.addresses[0],)))

    verdict = judge(sent[:place] + bytes([sent[place] ^ 0x55]) + sent[place + 1 :])

    assert isinstance(verdict, Rejected)
    assert verdict.sequence == 0
