"""VRRP messages: tables of (value, bytes), and scapy as a second opinion."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP
from scapy.layers.vrrp import VRRP, VRRPv3

from hahub.family import Family
from hahub.vrrp.packet import (
    GROUP4,
    GROUP6,
    PASS_TYPE,
    PROTOCOL,
    Advertisement,
    Checksum,
    Datagram,
    DecodeError,
    auth_bytes,
    decode,
    encode,
    in_wire_order,
    split_ip,
)

SOURCE = 0x0A630001
HOSTS = (0x0A630001, 0x0A630002)


def address(text: str) -> int:
    return int(ipaddress.IPv4Address(text))


GOLDEN = [
    pytest.param(
        Advertisement(2, 1, 255, 1.0, (address("10.99.0.100"), address("10.99.0.101"))),
        GROUP4,
        "2101ff020001ca6b 0a630064 0a630065 0000000000000000",
        id="version 2, no authentication",
    ),
    pytest.param(
        Advertisement(2, 1, 0, 1.0, (address("10.99.0.100"), address("10.99.0.101"))),
        GROUP4,
        "210100020001c96c 0a630064 0a630065 0000000000000000",
        id="version 2, resigning",
    ),
    pytest.param(
        Advertisement(2, 2, 255, 1.0, (address("10.99.0.102"),), PASS_TYPE, b"1111\0\0\0\0"),
        GROUP4,
        "2102ff01010171cf 0a630066 3131313100000000",
        id="version 2, password",
    ),
    pytest.param(
        Advertisement(3, 4, 255, 0.5, (address("10.99.0.104"),)),
        GROUP4,
        "3104ff010032da09 0a630068",
        id="version 3, half a second",
    ),
    pytest.param(
        Advertisement(2, 6, 255, 1.0, (address("10.99.0.106"),)),
        HOSTS[1],
        "2106ff010001d529 0a63006a 0000000000000000",
        id="version 2, unicast",
    ),
    pytest.param(
        Advertisement(3, 7, 255, 1.0, (address("10.99.0.107"),)),
        HOSTS[1],
        "3107ff010064af7f 0a63006b",
        id="version 3, unicast: its destination is in the checksum",
    ),
]


@pytest.mark.parametrize(("advert", "destination", "text"), GOLDEN)
def test_a_message_of_keepalived_is_written_and_read_byte_by_byte(advert: Advertisement, destination: int, text: str):
    payload = bytes.fromhex(text)

    assert encode(advert, source=SOURCE, destination=destination) == payload
    assert decode(payload, source=SOURCE, destination=destination) == advert


def refusal(packet: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        split_ip(packet)
    return str(caught.value)


def with_checksum(text: str) -> bytes:
    """A message whose plain checksum is right, whatever else is wrong with it."""
    message = bytearray.fromhex(text)
    message[6:8] = bytes(2)
    total = sum(
        int.from_bytes(message[place : place + 2].ljust(2, b"\0"), "big") for place in range(0, len(message), 2)
    )
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    message[6:8] = (total ^ 0xFFFF).to_bytes(2, "big")
    return bytes(message)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(b"", "length: 0 bytes, expected at least 8", id="VR-042 nothing"),
        pytest.param(
            with_checksum("2101640100010000 0a630064 00000000000000"),
            "length: 19 bytes, expected 20 for 1 addresses",
            id="VR-042 authentication data cut",
        ),
        pytest.param(
            with_checksum("3101640200640000 0a630064"),
            "length: 12 bytes, expected 16 for 2 addresses",
            id="VR-042 fewer addresses than counted",
        ),
        pytest.param(
            with_checksum("3101640100640000 0a630064 00"),
            "length: 13 bytes, expected 12 for 1 addresses",
            id="VR-043 one byte too many",
        ),
        pytest.param(
            with_checksum("310164ff00640000 0a630064"),
            "length: 12 bytes, expected 1028 for 255 addresses",
            id="count 255 with one address",
        ),
        pytest.param(with_checksum("1101640000640000"), "version: 1, expected 2 or 3", id="VR-040 version 1"),
        pytest.param(with_checksum("4101640000640000"), "version: 4, expected 2 or 3", id="VR-040 version 4"),
        pytest.param(with_checksum("3001640000640000"), "type: 0, expected 1", id="VR-041 type 0"),
        pytest.param(with_checksum("3f01640000640000"), "type: 15, expected 1", id="VR-041 type 15"),
        pytest.param(
            with_checksum("3101640100000000 0a630064"),
            "interval: 0, expected 1-4095 centiseconds",
            id="VR-055 interval 0 in version 3",
        ),
        pytest.param(
            with_checksum("31016401f0000000 0a630064"),
            "interval: 0, expected 1-4095 centiseconds",
            id="VR-055 interval 0 under reserved bits",
        ),
        pytest.param(
            bytes.fromhex("3104ff010032da08 0a630068"),
            "checksum: da08 does not match the message",
            id="VR-045 checksum one off",
        ),
        pytest.param(
            bytes.fromhex("3104ff0100320000 0a630068"),
            "checksum: 0000 does not match the message",
            id="VR-045 no checksum",
        ),
        pytest.param(
            bytes.fromhex("210164010001853a 0a630064 0000000000000000"),
            "checksum: 853a does not match the message",
            id="VR-026 version 2 with a pseudo-header",
        ),
        pytest.param(
            encode(Advertisement(3, 4, 255, 1.0, (1,)), source=SOURCE, destination=GROUP4 + 1),
            "checksum: e4a0 does not match the message",
            id="VR-029 checksum for another destination",
        ),
    ],
)
def test_a_malformed_message_is_refused_with_the_field_named(message: bytes, expected: str):
    with pytest.raises(DecodeError) as caught:
        decode(message, source=SOURCE, destination=GROUP4)

    assert str(caught.value) == expected


@pytest.mark.parametrize("checksum", list(Checksum))
def test_version_3_is_accepted_with_both_checksums(checksum: Checksum):
    """VR-046."""
    advert = Advertisement(3, 51, 100, 1.0, (address("10.9.0.200"),))

    message = encode(advert, source=SOURCE, destination=GROUP4, checksum=checksum)

    assert decode(message, source=SOURCE, destination=GROUP4) == advert


def test_the_two_checksums_of_version_3_differ_and_version_2_has_one():
    def messages(version: int) -> set[bytes]:
        advert = Advertisement(version, 51, 100, 1.0, (address("10.9.0.200"),))
        return {encode(advert, source=SOURCE, destination=GROUP4, checksum=checksum) for checksum in Checksum}

    assert (len(messages(3)), len(messages(2))) == (2, 1)


def test_reserved_bits_of_version_3_are_ignored():
    """VR-056."""
    message = with_checksum("31336401f0640000 0a0900c8")

    assert decode(message, source=SOURCE, destination=GROUP4) == Advertisement(
        3, 51, 100, 1.0, (address("10.9.0.200"),)
    )


def test_a_checksum_that_comes_out_as_zero_is_written_as_zero():
    # 2133 + 6401 + 0001 + 7acb -> 0x10000 - 0x10000 folds to ffff, whose complement is 0
    advert = Advertisement(2, 0x33, 0x64, 1.0, (0x00007ACA,))

    message = encode(advert, source=SOURCE, destination=GROUP4)

    assert message[6:8] == b"\0\0"
    assert decode(message, source=SOURCE, destination=GROUP4) == advert


@pytest.mark.parametrize(
    ("advert", "expected"),
    [
        pytest.param(Advertisement(4, 51, 100, 1.0, ()), "version 4, expected 2 or 3", id="version"),
        pytest.param(
            Advertisement(2, 51, 100, 0.5, ()), r"advert_int 0\.5 s, expected 0-255 times 1 s", id="half a second in 2"
        ),
        pytest.param(
            Advertisement(3, 51, 100, 40.96, ()),
            r"advert_int 40\.96 s, expected 1-4095 times 0\.01 s",
            id="VR-024 more than 12 bits",
        ),
        pytest.param(Advertisement(3, 51, 100, 0.001, ()), r"advert_int 0\.001 s", id="less than a centisecond"),
        pytest.param(Advertisement(3, 256, 100, 1.0, ()), "not an advertisement for VRID 256", id="VRID"),
        pytest.param(Advertisement(3, 51, 256, 1.0, ()), "not an advertisement for VRID 51", id="priority"),
        pytest.param(
            Advertisement(3, 51, 100, 1.0, (1,) * 256), "not an advertisement for VRID 51", id="256 addresses"
        ),
        pytest.param(
            Advertisement(2, 51, 100, 1.0, (), PASS_TYPE, b"123456789"), "9 bytes of authentication", id="password"
        ),
    ],
)
def test_what_the_wire_cannot_carry_is_not_written(advert: Advertisement, expected: str):
    with pytest.raises(ValueError, match=expected):
        encode(advert, source=SOURCE, destination=GROUP4)


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        pytest.param("1111", b"1111\0\0\0\0", id="padded"),
        pytest.param("secret1234", b"secret12", id="VR-034 cut"),
        pytest.param("", bytes(8), id="empty"),
        pytest.param("pässwörd", b"p\xc3\xa4ssw\xc3\xb6", id="8 bytes, not 8 letters"),
    ],
)
def test_a_password_is_8_bytes_on_the_wire(password: str, expected: bytes):
    assert auth_bytes(password) == expected


def test_a_password_does_not_show():
    advert = Advertisement(2, 51, 100, 1.0, (), PASS_TYPE, auth_bytes("secret"))

    assert "secret" not in repr(advert)


IP_HEADER = "45c0 0024 0001 0000 ff70 d032 0a630001 e0000012"
OPTIONS = "01010101" * 10


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param(f"{IP_HEADER} {'aa' * 16}", Datagram(SOURCE, GROUP4, 255, b"\xaa" * 16), id="plain"),
        pytest.param(
            f"{IP_HEADER} {'aa' * 16} {'00' * 10}", Datagram(SOURCE, GROUP4, 255, b"\xaa" * 16), id="VR-044 padded"
        ),
        pytest.param(
            f"4fc0 003e 0001 0000 ff70 0000 0a630001 e0000012 {OPTIONS} aabb",
            Datagram(SOURCE, GROUP4, 255, b"\xaa\xbb"),
            id="VR-061 40 bytes of options",
        ),
        pytest.param(
            "4500 0014 0000 4000 0170 0000 0a630001 0a630002", Datagram(SOURCE, HOSTS[1], 1, b""), id="DF, empty"
        ),
    ],
)
def test_an_ip_packet_is_split_by_its_own_lengths(packet: str, expected: Datagram):
    assert split_ip(bytes.fromhex(packet)) == expected


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param("45c000", "ip: 3 bytes, expected at least 20", id="cut"),
        pytest.param(
            f"44{IP_HEADER[2:]} {'aa' * 16}",
            "ip: header of 16 bytes, total length 36, 36 bytes received",
            id="header length too small",
        ),
        pytest.param(
            f"4f{IP_HEADER[2:]} {'aa' * 16}",
            "ip: header of 60 bytes, total length 36, 36 bytes received",
            id="header longer than the packet",
        ),
        pytest.param(
            f"{IP_HEADER} {'aa' * 15}",
            "ip: header of 20 bytes, total length 36, 35 bytes received",
            id="VR-145 cut behind the header",
        ),
        pytest.param(f"65{IP_HEADER[2:]} {'aa' * 16}", "ip: version 6, expected 4", id="IPv6"),
        pytest.param(
            f"{IP_HEADER.replace('ff70', 'ff11')} {'aa' * 16}",
            "ip: protocol 17, expected 112 or 51",
            id="another protocol",
        ),
        pytest.param(
            f"{IP_HEADER.replace('0001 0000', '0001 2000')} {'aa' * 16}",
            "ip: a fragment, expected a whole packet",
            id="VR-062 first fragment",
        ),
    ],
)
def test_an_ip_packet_that_contradicts_itself_is_refused(packet: str, expected: str):
    assert refusal(bytes.fromhex(packet)) == expected


numbers = st.integers(0, 0xFFFFFFFF)
octets = st.integers(0, 255)
adverts = st.builds(
    Advertisement,
    st.just(3),
    octets,
    octets,
    st.integers(1, 4095).map(lambda interval_cs: interval_cs / 100),
    st.lists(numbers, max_size=255).map(tuple),
) | st.builds(
    Advertisement,
    st.just(2),
    octets,
    octets,
    octets.map(float),
    st.lists(numbers, max_size=255).map(tuple),
    st.integers(1, 255),
    st.binary(min_size=8, max_size=8).filter(any),
)


@given(adverts, numbers, numbers, st.sampled_from(Checksum))
def test_what_is_written_is_read_back(advert: Advertisement, source: int, destination: int, checksum: Checksum):
    message = encode(advert, source=source, destination=destination, checksum=checksum)

    assert decode(message, source=source, destination=destination) == advert


@given(adverts, numbers, numbers)
def test_scapy_writes_the_same_bytes(advert: Advertisement, source: int, destination: int):
    header = IP(src=str(ipaddress.IPv4Address(source)), dst=str(ipaddress.IPv4Address(destination)), proto=PROTOCOL)
    fields = {
        "vrid": advert.virtual_router_id,
        "priority": advert.priority,
        "addrlist": [str(ipaddress.IPv4Address(number)) for number in advert.addresses],
    }
    if advert.version == 3:
        layer = VRRPv3(adv=round(advert.advert_int * 100), **fields)
    else:
        first, second = (int.from_bytes(advert.auth_data[place : place + 4], "big") for place in (0, 4))
        layer = VRRP(adv=round(advert.advert_int), authtype=advert.auth_type, auth1=first, auth2=second, **fields)

    assert encode(advert, source=source, destination=destination) == bytes(header / layer)[20:]


@given(
    st.binary(max_size=64)
    | st.builds(lambda start, rest: start + rest, st.sampled_from([b"\x21", b"\x31"]), st.binary(max_size=64))
)
def test_any_bytes_are_an_advertisement_or_a_decode_error(message: bytes):
    try:
        advert = decode(message, source=SOURCE, destination=GROUP4)
    except DecodeError:
        return
    assert decode(encode(advert, source=SOURCE, destination=GROUP4), source=SOURCE, destination=GROUP4) == advert


V6_SOURCE = int(ipaddress.IPv6Address("fe80::837:15ff:fea2:ab4e"))
V6_GOLDEN = bytes.fromhex("3105ff020064dcf9fe80000000000000000000000000000520010db8000000000000000000000005")
V6_ADVERT = Advertisement(
    3, 5, 255, 1.0, tuple(int(ipaddress.IPv6Address(text)) for text in ("fe80::5", "2001:db8::5"))
)


def test_an_advertisement_over_ipv6_is_written_and_read_byte_by_byte():
    """VR-027, VR-030; keepalived 2.2.7 sent these bytes."""
    written = encode(V6_ADVERT, source=V6_SOURCE, destination=GROUP6, family=Family.IPV6)

    assert written == V6_GOLDEN
    assert decode(V6_GOLDEN, source=V6_SOURCE, destination=GROUP6, family=Family.IPV6) == V6_ADVERT


def test_over_ipv6_the_checksum_has_the_pseudo_header_whatever_is_asked_for():
    """VR-027."""
    plain = encode(V6_ADVERT, source=V6_SOURCE, destination=GROUP6, checksum=Checksum.PLAIN, family=Family.IPV6)

    assert plain == V6_GOLDEN
    with pytest.raises(DecodeError, match="checksum"):
        decode(V6_GOLDEN, source=V6_SOURCE + 1, destination=GROUP6, family=Family.IPV6)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        pytest.param(b"\x21" + V6_GOLDEN[1:], "version", id="VR-015 version 2"),
        pytest.param(V6_GOLDEN[:-1], "length", id="VR-042 cut"),
        pytest.param(V6_GOLDEN[:24], "length", id="VR-042 an address is missing"),
        pytest.param(V6_GOLDEN + bytes(4), "length", id="VR-043 too long"),
        pytest.param(V6_GOLDEN[:2] + b"\xfe" + V6_GOLDEN[3:], "checksum", id="VR-045 another priority"),
    ],
)
def test_what_is_no_advertisement_over_ipv6_is_refused(payload: bytes, field: str):
    with pytest.raises(DecodeError) as caught:
        decode(payload, source=V6_SOURCE, destination=GROUP6, family=Family.IPV6)

    assert caught.value.field == field


def test_version_2_and_foreign_addresses_are_not_written_for_ipv6():
    """VR-015."""
    with pytest.raises(ValueError, match="version 2, expected 3"):
        encode(Advertisement(2, 5, 100, 1.0, ()), source=V6_SOURCE, destination=GROUP6, family=Family.IPV6)
    with pytest.raises(ValueError, match="not an advertisement"):
        encode(V6_ADVERT, source=1, destination=GROUP4, family=Family.IPV4)


def test_over_ipv6_a_link_local_address_stands_first_and_else_the_order_stays():
    """VR-031."""
    one, two, link_local = (int(ipaddress.IPv6Address(text)) for text in ("2001:db8::2", "2001:db8::1", "fe80::5"))

    assert in_wire_order([one, link_local, two], Family.IPV6) == (link_local, one, two)
    assert in_wire_order([2, 1], Family.IPV4) == (2, 1)
