"""The socket filter, run as the kernel would run it."""

import pytest

from hahub.net.bpf import NOTHING, Program, behind_authentication_header, virtual_routers

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
