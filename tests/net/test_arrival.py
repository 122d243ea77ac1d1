"""From the kernel's stamps to the time of arrival."""

import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hahub.net import arrival
from hahub.net.arrival import AGE_MAX, STAMP_BYTES, Ancillary, ArrivalClock

WALL = 1_700_000_000.0


@dataclass
class Clocks:
    """Both clocks, to be moved by hand; seconds since the start of the test, and how far the wall clock was set."""

    at: float = 1000.0
    set_by: float = 0.0

    def monotonic(self) -> float:
        return self.at

    def time(self) -> float:
        return WALL + self.at + self.set_by

    def stamp(self) -> Ancillary:
        """What the kernel adds to a packet that arrives now."""
        seconds, rest = divmod(self.time(), 1)
        return [(socket.SOL_SOCKET, 35, struct.pack("=qq", int(seconds), int(rest * 1e9)))]


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(arrival, "time", clocks)
    return clocks


def test_a_packet_counts_from_its_arrival_however_late_it_is_read(sock: socket.socket):
    """With the real kernel and the real clocks, as soon as this process is not held up for as long as counts."""
    clock = ArrivalClock(sock)
    read_at, before = float("inf"), 0.0
    while read_at - before >= AGE_MAX:
        before = time.monotonic()
        sock.sendto(b"advert", sock.getsockname())
        after = time.monotonic()
        while time.monotonic() < after + AGE_MAX / 2:
            pass
        _, stamp, _, _ = sock.recvmsg(100, STAMP_BYTES)
        (arrived,) = clock.times([stamp], more_wait=False)
        read_at = time.monotonic()

    assert before - 0.00001 <= arrived <= after + 0.00001


def test_each_packet_has_its_own_time(sock: socket.socket, clocks: Clocks):
    clock = ArrivalClock(sock)
    stamps = []
    for clocks.at in (1000.001, 1000.002, 1000.004):
        stamps.append(clocks.stamp())
    clocks.at = 1000.005

    assert clock.times(stamps, more_wait=False) == pytest.approx([1000.001, 1000.002, 1000.004], abs=1e-6)


@pytest.mark.parametrize("step", [-3600.0, -0.003, 0.003, 3600.0])
def test_a_wall_clock_that_was_set_while_a_packet_waited_does_not_matter(
    sock: socket.socket, clocks: Clocks, step: float
):
    clock = ArrivalClock(sock)
    stamp = clocks.stamp()
    clocks.at, clocks.set_by = 1000.001, step

    at_the_step = clock.times([stamp], more_wait=False)
    stamp = clocks.stamp()
    clocks.at = 1000.002
    afterwards = clock.times([stamp], more_wait=False)

    assert at_the_step == [1000.001]
    assert afterwards == pytest.approx([1000.001], abs=1e-6)


def test_packets_that_were_left_waiting_when_the_clock_was_set_count_from_their_reading(
    sock: socket.socket, clocks: Clocks
):
    clock = ArrivalClock(sock)
    first, second = clocks.stamp(), clocks.stamp()
    clocks.at, clocks.set_by = 1000.001, -0.002

    assert clock.times([first], more_wait=True) == [1000.001]
    assert clock.times([second], more_wait=False) == [1000.001]
    clocks.at = 1000.002
    assert clock.times([clocks.stamp()], more_wait=False) == pytest.approx([1000.002], abs=1e-6)


def test_a_packet_that_waited_very_long_counts_from_its_reading(sock: socket.socket, clocks: Clocks):
    clock = ArrivalClock(sock)
    stamp = clocks.stamp()
    clocks.at += AGE_MAX + 0.001

    assert clock.times([stamp], more_wait=False) == [clocks.at]


@pytest.mark.parametrize(
    "ancillary", [[], [(socket.SOL_SOCKET, 35, b"\0" * 8)], [(socket.IPPROTO_IP, 35, b"\0" * 16)]], ids=len
)
def test_a_packet_without_a_stamp_counts_from_its_reading(sock: socket.socket, clocks: Clocks, ancillary: Ancillary):
    assert ArrivalClock(sock).times([ancillary], more_wait=False) == [clocks.at]


_SECONDS = st.floats(-10.0, 10.0)


@given(st.lists(st.tuples(st.floats(0.0, 10.0), _SECONDS, _SECONDS, st.booleans())))
def test_whatever_the_wall_clock_does_no_time_is_in_the_future_nor_long_past(turns):
    """With a timer that is never earlier than so much, a forged or broken stamp can do no harm."""
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        clocks = Clocks()
        patch.setattr(arrival, "time", clocks)
        clock = ArrivalClock(opened)
        for passed, step, stamped, more_wait in turns:
            clocks.set_by += stamped
            stamp = clocks.stamp()
            clocks.set_by += step - stamped
            clocks.at += passed

            (arrived,) = clock.times([stamp], more_wait=more_wait)

            assert clocks.at - AGE_MAX <= arrived <= clocks.at
