"""Many packets with one call, between real sockets."""

import errno
import socket
import struct
from collections.abc import Iterator
from itertools import chain

import pytest

from hahub.net.together import PACKETS_PER_CALL, send_all

PACKETS = [f"packet {number}".encode() * (number % 7 + 1) for number in range(2 * PACKETS_PER_CALL + 3)]


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024 * 1024)
        opened.bind(("127.0.0.1", 0))
        yield opened


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as opened:
        yield opened


def address_of(receiver: socket.socket) -> bytes:
    host, port = receiver.getsockname()
    return struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), socket.inet_aton(host))


def heard(receiver: socket.socket) -> list[bytes]:
    packets = []
    try:
        while True:
            packets.append(receiver.recv(65536))
    except BlockingIOError:
        return packets


@pytest.mark.parametrize("count", [0, 1, 2, PACKETS_PER_CALL, PACKETS_PER_CALL + 1, len(PACKETS)])
def test_all_arrive_each_on_its_own_and_in_order(sender: socket.socket, receiver: socket.socket, count: int):
    failures = send_all(sender, PACKETS[:count], address_of(receiver))

    assert failures == []
    assert heard(receiver) == PACKETS[:count]


def test_a_socket_that_knows_where_to_needs_no_address(sender: socket.socket, receiver: socket.socket):
    sender.connect(receiver.getsockname())

    assert send_all(sender, [b"", *PACKETS]) == []
    assert heard(receiver) == [b"", *PACKETS]


@pytest.mark.parametrize("refused", [{0}, {2}, {0, 1, 5}, {PACKETS_PER_CALL - 1, PACKETS_PER_CALL}, set(range(7))])
def test_one_that_is_refused_keeps_no_other_from_going(
    sender: socket.socket, receiver: socket.socket, refused: set[int]
):
    """Too long for UDP: the kernel stops there, and says so only when it is asked for that one again."""
    sender.connect(receiver.getsockname())
    packets = [b"x" * 66_000 if number in refused else packet for number, packet in enumerate(PACKETS)]

    failures = send_all(sender, packets)

    assert {position: error.errno for position, error in failures} == dict.fromkeys(refused, errno.EMSGSIZE)
    assert heard(receiver) == [packet for number, packet in enumerate(PACKETS) if number not in refused]


def test_a_queue_that_is_full_is_said_of_each_packet_and_holds_nothing_up():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        packets = [b"x" * 1000] * 2000

        failures = send_all(ours, packets)

        arrived = heard(theirs)
        assert 0 < len(arrived) < len(packets)
        assert [position for position, _ in failures] == list(range(len(arrived), len(packets)))
        assert {error.errno for _, error in failures} == {errno.EAGAIN}
        assert all(isinstance(error, BlockingIOError) for _, error in failures)


def test_a_closed_socket_is_an_error_of_all(receiver: socket.socket):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.close()

    failures = send_all(sender, PACKETS[:3], address_of(receiver))

    assert [(position, error.errno) for position, error in failures] == [(n, errno.EBADF) for n in range(3)]
    assert list(chain(heard(receiver))) == []
