"""Which packets are accepted: one line per check of vrrp requirements VR-038 to VR-060 and VR-147."""

import ipaddress
from dataclasses import replace

import pytest

from hahub.settings import InstanceSettings, VirtualAddress
from hahub.vrrp.packet import (
    GROUP4,
    PASS_TYPE,
    Advertisement,
    Checksum,
    Datagram,
    auth_bytes,
    encode,
)
from hahub.vrrp.reception import Accepted, Rejected, Rejection, check


def address(text: str) -> int:
    return int(ipaddress.IPv4Address(text))


PEER, OWN = address("10.9.0.1"), address("10.9.0.2")
VIP_1, VIP_2, OTHER = address("10.9.0.200"), address("10.9.0.201"), address("10.9.0.99")
V2 = InstanceSettings(
    "VI_1",
    "eth0",
    51,
    virtual_addresses=(VirtualAddress("10.9.0.200", 24, "eth0"), VirtualAddress("10.9.0.201", 24, "eth0")),
)
V3 = replace(V2, version=3)
PASS = replace(V2, auth_pass="secret12")
ADVERT_2 = Advertisement(2, 51, 150, 1.0, (VIP_1, VIP_2))
ADVERT_3 = replace(ADVERT_2, version=3)
ADVERT_PASS = replace(ADVERT_2, auth_type=PASS_TYPE, auth_data=auth_bytes("secret12"))


def datagram(advert: Advertisement, *, source: int = PEER, destination: int = GROUP4, ttl: int = 255) -> Datagram:
    return Datagram(source, destination, ttl, encode(advert, source=source, destination=destination))


def judge(packet: Datagram, settings: InstanceSettings, *, known_master: int | None = None) -> Accepted | Rejected:
    return check(packet, settings, own_source=OWN, known_master=known_master)


@pytest.mark.parametrize(
    ("advert", "settings"),
    [
        pytest.param(ADVERT_2, V2, id="version 2"),
        pytest.param(ADVERT_3, V3, id="version 3"),
        pytest.param(ADVERT_PASS, PASS, id="version 2, password"),
        pytest.param(ADVERT_3, replace(V3, auth_pass="secret12"), id="version 3 knows no password"),
        pytest.param(replace(ADVERT_2, priority=0), V2, id="resigning"),
        pytest.param(replace(ADVERT_2, addresses=(VIP_2, VIP_1)), V2, id="VR-058 another order"),
        pytest.param(
            replace(ADVERT_2, addresses=()), replace(V2, virtual_addresses=()), id="VR-022 none on either side"
        ),
        pytest.param(replace(ADVERT_2, advert_int=3.0), replace(V2, advert_int=3.0), id="VR-053 the same interval"),
    ],
)
def test_a_valid_advertisement_is_accepted_without_a_note(advert: Advertisement, settings: InstanceSettings):
    assert judge(datagram(advert), settings) == Accepted(advert)


def test_a_checksum_without_the_pseudo_header_is_accepted():
    """VR-046."""
    payload = encode(ADVERT_3, source=PEER, destination=GROUP4, checksum=Checksum.PLAIN)

    assert judge(Datagram(PEER, GROUP4, 255, payload), V3) == Accepted(ADVERT_3)


@pytest.mark.parametrize(
    ("advert", "note"),
    [
        pytest.param(
            replace(ADVERT_3, advert_int=2.5),
            "10.9.0.1 interval: 2.5 s, configured 1 s",
            id="VR-054 version 3, another interval",
        ),
        pytest.param(
            replace(ADVERT_3, addresses=(VIP_1,)),
            "10.9.0.1 addresses: 1, expected our 2",
            id="VR-059 version 3, fewer addresses",
        ),
        pytest.param(
            replace(ADVERT_3, addresses=(VIP_1, OTHER)),
            "10.9.0.1 addresses: 10.9.0.201 is missing",
            id="VR-059 version 3, another address",
        ),
        pytest.param(
            replace(ADVERT_3, addresses=(VIP_1, VIP_1)),
            "10.9.0.1 addresses: 10.9.0.201 is missing",
            id="VR-060 version 3, one address twice",
        ),
        pytest.param(
            replace(ADVERT_3, addresses=(OTHER,), advert_int=0.5),
            "10.9.0.1 addresses: 1, expected our 2; 10.9.0.1 interval: 0.5 s, configured 1 s",
            id="both",
        ),
        pytest.param(
            replace(ADVERT_2, addresses=(OTHER,), priority=255),
            "10.9.0.1 addresses: 1, expected our 2",
            id="VR-058 version 2, other addresses of their owner",
        ),
    ],
)
def test_an_odd_advertisement_is_accepted_with_a_note(advert: Advertisement, note: str):
    settings = V2 if advert.version == 2 else V3

    assert judge(datagram(advert), settings) == Accepted(advert, note)


@pytest.mark.parametrize(
    ("packet", "settings", "rejection", "text"),
    [
        *[
            pytest.param(
                datagram(ADVERT_2, ttl=ttl), V2, Rejection.TTL, f"ttl: {ttl}, expected 255", id=f"VR-038 TTL {ttl}"
            )
            for ttl in (0, 1, 254)
        ],
        pytest.param(
            datagram(replace(ADVERT_2, version=3)), V2, Rejection.VERSION, "version: 3, expected 2", id="VR-040 3 to 2"
        ),
        pytest.param(
            datagram(replace(ADVERT_3, version=2)), V3, Rejection.VERSION, "version: 2, expected 3", id="VR-040 2 to 3"
        ),
        pytest.param(
            Datagram(PEER, GROUP4, 255, b"\x41" + bytes(7)),
            V3,
            Rejection.VERSION,
            "version: 4, expected 2 or 3",
            id="VR-040 version 4",
        ),
        pytest.param(
            Datagram(PEER, GROUP4, 255, b"\x32" + bytes(7)),
            V3,
            Rejection.TYPE,
            "type: 2, expected 1",
            id="VR-041 type 2",
        ),
        pytest.param(
            Datagram(PEER, GROUP4, 255, datagram(ADVERT_3).payload + b"\0"),
            V3,
            Rejection.LENGTH,
            "length: 17 bytes, expected 16 for 2 addresses",
            id="VR-043 a byte behind the list",
        ),
        pytest.param(
            # 36 bytes: version 2, type 1, vhid 51, advskew 0, authlen 7, pad 0, advbase 1, checksum, counter, SHA1
            Datagram(PEER, GROUP4, 255, bytes.fromhex("21330007000100000000000000000001" + "5a" * 20)),
            V2,
            Rejection.LENGTH,
            "length: 36 bytes, expected 44 for 7 addresses",
            id="CARP on the same group and VRID",
        ),
        pytest.param(
            Datagram(PEER, GROUP4, 255, b"\x31\x33\x97" + datagram(ADVERT_3).payload[3:]),
            V3,
            Rejection.CHECKSUM,
            "checksum: 3826 does not match the message",
            id="VR-045 priority changed on the way",
        ),
        pytest.param(
            datagram(replace(ADVERT_2, virtual_router_id=52)),
            V2,
            Rejection.VIRTUAL_ROUTER_ID,
            "virtual router id: 52, expected 51",
            id="VR-047 another VRID",
        ),
        pytest.param(
            datagram(ADVERT_PASS), V2, Rejection.AUTH_TYPE, "auth type: 1, expected 0", id="VR-050 password to none"
        ),
        pytest.param(
            datagram(ADVERT_2), PASS, Rejection.AUTH_TYPE, "auth type: 0, expected 1", id="VR-050 none to password"
        ),
        *[
            pytest.param(
                datagram(replace(ADVERT_2, auth_type=kind)),
                PASS,
                Rejection.AUTH_TYPE,
                f"auth type: {kind}, expected 1",
                id=f"VR-050 auth type {kind}",
            )
            for kind in (2, 3, 255)
        ],
        *[
            pytest.param(
                datagram(replace(ADVERT_PASS, auth_data=password)),
                PASS,
                Rejection.PASSWORD,
                "password: not ours",
                id=f"VR-051 password {password!r}",
            )
            for password in (b"other\0\0\0", bytes(8), b"secret1\0", b"secret13", b"Secret12")
        ],
        *[
            pytest.param(
                datagram(replace(ADVERT_2, advert_int=interval)),
                V2,
                Rejection.INTERVAL,
                f"interval: {interval:g} s, expected 1 s",
                id=f"VR-053 version 2, interval {interval:g}",
            )
            for interval in (0.0, 2.0, 255.0)
        ],
        pytest.param(
            Datagram(PEER, GROUP4, 255, bytes.fromhex("3133fe020000d089 0a0900c8 0a0900c9")),
            V3,
            Rejection.INTERVAL,
            "interval: 0, expected 1-4095 centiseconds",
            id="VR-055 version 3, interval 0",
        ),
        pytest.param(
            datagram(replace(ADVERT_3, addresses=())),
            V3,
            Rejection.ADDRESSES,
            "addresses: none, expected at least one",
            id="VR-057 version 3, no address",
        ),
        pytest.param(
            datagram(replace(ADVERT_2, addresses=(VIP_1,))),
            V2,
            Rejection.ADDRESSES,
            "addresses: 1, expected our 2",
            id="VR-058 version 2, fewer addresses",
        ),
        pytest.param(
            datagram(replace(ADVERT_2, addresses=(OTHER, VIP_2), priority=0)),
            V2,
            Rejection.ADDRESSES,
            "addresses: 10.9.0.200 is missing",
            id="VR-058 version 2, another address",
        ),
        pytest.param(
            datagram(ADVERT_2, destination=OWN),
            V2,
            Rejection.DESTINATION,
            "destination: 10.9.0.2, expected 224.0.0.18",
            id="VR-063 unicast",
        ),
        pytest.param(
            datagram(ADVERT_2, destination=address("255.255.255.255")),
            V2,
            Rejection.DESTINATION,
            "destination: 255.255.255.255, expected 224.0.0.18",
            id="VR-063 broadcast",
        ),
    ],
)
def test_an_invalid_packet_is_rejected(packet: Datagram, settings: InstanceSettings, rejection: Rejection, text: str):
    assert judge(packet, settings) == Rejected(rejection, f"10.9.0.1 {text}")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("0.0.0.0", "source: expected a unicast address", id="unspecified"),
        pytest.param("127.0.0.1", "source: expected a unicast address", id="loopback"),
        pytest.param("224.0.0.18", "source: expected a unicast address", id="multicast"),
        pytest.param("239.255.255.255", "source: expected a unicast address", id="multicast, last"),
        pytest.param("255.255.255.255", "source: expected a unicast address", id="broadcast"),
        pytest.param("10.9.0.2", "own source: our own address: a loop, or somebody else uses it", id="VR-064 our own"),
    ],
)
def test_a_source_that_no_peer_can_have_is_rejected(source: str, expected: str):
    """VR-064, VR-147."""
    verdict = judge(datagram(replace(ADVERT_3, priority=254), source=address(source)), V3)

    assert isinstance(verdict, Rejected)
    assert verdict.text == f"{source} {expected}"


@pytest.mark.parametrize("source", ["1.0.0.1", "126.1.2.3", "128.0.0.1", "200.1.2.3", "223.255.255.255"])
def test_any_unicast_source_is_accepted(source: str):
    assert judge(datagram(ADVERT_2, source=address(source)), V2) == Accepted(ADVERT_2)


@pytest.mark.parametrize(
    ("known_master", "accepted"),
    [
        pytest.param(PEER, True, id="the known master is trusted"),
        pytest.param(OTHER, False, id="another sender is not"),
        pytest.param(None, False, id="nobody is known"),
    ],
)
def test_skip_check_adv_addr_trusts_the_known_master(known_master: int | None, accepted: bool):
    odd = replace(ADVERT_2, addresses=(OTHER,))

    verdict = judge(datagram(odd), replace(V2, skip_check_adv_addr=True), known_master=known_master)

    assert isinstance(verdict, Accepted) is accepted
    assert judge(datagram(odd), V2, known_master=known_master) == judge(datagram(odd), V2)


@pytest.mark.parametrize(
    ("advert", "settings"),
    [
        pytest.param(ADVERT_2, V2, id="version 2"),
        pytest.param(ADVERT_PASS, PASS, id="password"),
        pytest.param(ADVERT_3, V3, id="version 3"),
    ],
)
def test_a_message_cut_at_any_length_is_rejected(advert: Advertisement, settings: InstanceSettings):
    """VR-042."""
    whole = datagram(advert)

    verdicts = [judge(replace(whole, payload=whole.payload[:length]), settings) for length in range(len(whole.payload))]

    assert {verdict.rejection for verdict in verdicts if isinstance(verdict, Rejected)} == {Rejection.LENGTH}
    assert not [verdict for verdict in verdicts if isinstance(verdict, Accepted)]


@pytest.mark.parametrize("place", range(16 * 8))
def test_a_single_flipped_bit_is_never_accepted(place: int):
    """VR-045: the checksum sees it, unless another check does; reserved bits are summed as well."""
    whole = datagram(ADVERT_3)
    flipped = bytearray(whole.payload)
    flipped[place // 8] ^= 1 << place % 8

    assert isinstance(judge(replace(whole, payload=bytes(flipped)), V3), Rejected)


def test_no_password_is_ever_told():
    verdicts = [
        judge(datagram(replace(ADVERT_PASS, auth_data=b"hunter22")), PASS),
        judge(datagram(ADVERT_PASS), V2),
        judge(datagram(ADVERT_PASS), PASS),
    ]

    assert not [word for word in ("hunter22", "secret") for verdict in verdicts if word in repr(verdict)]
