"""The socket filter, run as the kernel would run it."""

import pytest

from hahub.family import Family
from hahub.net.bpf import (
    NOTHING,
    Program,
    behind_authentication_header,
    virtual_routers,
    virtual_routers_from,
)

LINK_LAYER = bytes.fromhex("01005e000012 00005e000133 0800")
"""In front of the packet, from where only a packet socket sees it."""
HEADER = bytes.fromhex("45c0002800010000ff70d02e0a630001e0000012")


def passes(program: Program, packet: bytes) -> bool:
    """Interpret a program: the instructions of classic BPF that are in use."""
    accumulator = index = place = 0
    while True:
        code, if_true, if_false, k = program[place]
        place += 1
        match code:
            case 0xB1 if k < len(packet):
                index = (packet[k] & 0x0F) * 4
            case 0x50 if index + k < len(packet):
                accumulator = packet[index + k]
            case 0x30 if k < len(packet):
                accumulator = packet[k]
            case 0x20 | 0x28 if k >= 0xFFE00000:
                at = k - 0xFFE00000
                accumulator = int.from_bytes(LINK_LAYER[at : at + (4 if code == 0x20 else 2)], "big")
            case 0xB1 | 0x50 | 0x30:
                return False  # a load from behind the end drops the packet
            case 0x15:
                place += if_true if accumulator == k else if_false
            case 0x06:
                return k > 0
            case _:
                raise AssertionError(f"instruction {code:#x}")


@pytest.mark.parametrize(
    "wanted", [[], [51], [1, 255], [52, 51, 51], list(range(1, 256))], ids=["none", "one", "ends", "unsorted", "all"]
)
def test_exactly_the_wanted_virtual_routers_pass(wanted: list[int]):
    program = virtual_routers(wanted)

    passed = [vrid for vrid in range(256) if passes(program, HEADER + bytes([0x21, vrid, 100, 0]))]

    assert passed == sorted(set(wanted))


def test_options_before_the_message_are_skipped():
    """VR-061."""
    packet = b"\x4f" + HEADER[1:] + bytes([1] * 40) + bytes([0x21, 51, 100, 0])

    assert passes(virtual_routers([51]), packet)
    assert not passes(virtual_routers([1]), packet)


@pytest.mark.parametrize("length", [0, 1, 20, 21])
def test_a_packet_without_a_vrid_does_not_pass(length: int):
    assert not passes(virtual_routers(range(1, 256)), (HEADER + bytes([0x21, 51]))[:length])


def test_every_jump_fits_into_its_byte():
    program = virtual_routers(range(1, 256))

    assert max(if_true for _, if_true, _, _ in program) == 255
    assert len(program) == 2 + 255 + 2


def test_nothing_passes_nothing():
    assert not passes(NOTHING, HEADER + bytes([0x21, 51, 100, 0]))


AH_HEADER = bytes.fromhex("45c0004000010000ff33d0530a630001e0000012 70040000 0a630001 00000001") + bytes(12)


@pytest.mark.parametrize("wanted", [[], [51], [1, 255], list(range(1, 256))], ids=["none", "one", "ends", "all"])
def test_behind_an_authentication_header_exactly_the_wanted_virtual_routers_pass(wanted: list[int]):
    program = behind_authentication_header(wanted)

    assert [vrid for vrid in range(256) if passes(program, AH_HEADER + bytes([0x21, vrid, 100, 0]))] == wanted


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(AH_HEADER[:20] + b"\x06" + AH_HEADER[21:] + bytes([0x21, 51, 100, 0]), id="TCP inside"),
        pytest.param(AH_HEADER + b"\x21", id="cut before the VRID"),
        pytest.param(AH_HEADER[:20], id="nothing inside"),
    ],
)
def test_other_ipsec_does_not_pass(packet: bytes):
    assert not passes(behind_authentication_header([51, *range(1, 256)]), packet)
    assert not passes(behind_authentication_header([51, 4]), packet)


def test_options_before_an_authentication_header_are_skipped():
    packet = b"\x46" + AH_HEADER[1:20] + bytes([1] * 4) + AH_HEADER[20:] + bytes([0x21, 51, 100, 0])

    assert passes(behind_authentication_header([51]), packet)


def test_all_virtual_routers_can_be_let_through():
    plain, behind = virtual_routers(None), behind_authentication_header(None)

    assert {passes(plain, HEADER + bytes([0x21, vrid, 100, 0])) for vrid in range(256)} == {True}
    assert {passes(behind, AH_HEADER + bytes([0x21, vrid, 100, 0])) for vrid in range(256)} == {True}
    assert not passes(behind, AH_HEADER[:20] + b"\x06" + AH_HEADER[21:] + bytes(4))


VRRP = bytes([0x31, 51, 100, 1])
IPV6_HEADER = bytes.fromhex("6c00000000047 0ff".replace(" ", "")) + bytes(32)
MAC = LINK_LAYER[6:12]


@pytest.mark.parametrize(
    ("mac", "family", "packet", "expected"),
    [
        pytest.param(MAC, Family.IPV4, HEADER + VRRP, True, id="from the virtual MAC"),
        pytest.param(MAC, Family.IPV4, b"\x46" + HEADER[1:] + bytes(4) + VRRP, True, id="with an IP option"),
        pytest.param(MAC[:3] + b"\1" + MAC[4:], Family.IPV4, HEADER + VRRP, False, id="from another: first half"),
        pytest.param(MAC[:5] + b"\x34", Family.IPV4, HEADER + VRRP, False, id="from another: second half"),
        pytest.param(MAC, Family.IPV4, HEADER + b"\x31\x34", False, id="for another virtual router"),
        pytest.param(MAC, Family.IPV4, HEADER[:9] + b"\x11" + HEADER[10:] + VRRP, False, id="UDP"),
        pytest.param(MAC, Family.IPV6, IPV6_HEADER + VRRP, True, id="IPv6"),
        pytest.param(MAC, Family.IPV6, IPV6_HEADER + b"\x31\x34", False, id="IPv6, for another virtual router"),
        pytest.param(MAC, Family.IPV6, IPV6_HEADER[:6] + b"\0" + IPV6_HEADER[7:] + VRRP, False, id="IPv6, hop by hop"),
    ],
)
def test_on_a_macvlan_passes_what_comes_from_its_mac(mac: bytes, family: Family, packet: bytes, expected: bool):
    assert passes(virtual_routers_from(mac, [7, 51], family), packet) is expected
    assert not passes(virtual_routers_from(mac, [], family), packet)


def test_on_a_macvlan_an_authentication_header_passes_where_it_is_asked_for():
    program = virtual_routers_from(MAC, [7, 51], Family.IPV4, 51)

    assert passes(program, AH_HEADER + VRRP)
    assert not passes(program, AH_HEADER + b"\x31\x34")
    assert not passes(program, HEADER + VRRP)
    assert not passes(virtual_routers_from(MAC, [7, 51], Family.IPV4), AH_HEADER + VRRP)
