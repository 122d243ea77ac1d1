"""What goes out together."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hahub.core.volley import SEND_SIZE_MAX, Volley, joined

Did = list[object]


class Commands:
    def __init__(self, did: Did) -> None:
        self._did = did

    def submit(self, batches: Iterable[bytes]) -> None:
        self._did.extend(batches)


class Socket:
    """Writes down single packets as they are, several as a tuple; refuses those that say ``refused``."""

    def __init__(self, did: Did) -> None:
        self._did = did

    def send_packet(self, packet: bytes) -> OSError | None:
        self._did.append(packet)
        return OSError(packet) if b"refused" in packet else None

    def send_all(self, packets: Sequence[bytes]) -> list[tuple[int, OSError]]:
        self._did.append(tuple(packets))
        return [(position, OSError(packet)) for position, packet in enumerate(packets) if b"refused" in packet]


@pytest.fixture
def did() -> Did:
    return []


@pytest.fixture
def volley(did: Did) -> Volley:
    return Volley(Commands(did))  # type: ignore[arg-type]


@pytest.fixture
def adverts(did: Did) -> Socket:
    return Socket(did)


@pytest.fixture
def frames(did: Did) -> Socket:
    return Socket(did)


def never(error: OSError) -> None:
    raise AssertionError(error)


@pytest.fixture
def take_over(volley: Volley, did: Did, adverts: Socket, frames: Socket) -> Callable[[str], None]:
    def write() -> None:
        did.append("lines")

    def take_over(name: str) -> None:
        volley.send(adverts, f"advert {name}".encode(), never)
        volley.submit([f"address {name} ".encode()])
        volley.announce(partial(volley.send, frames, f"frame {name}".encode(), never))
        volley.last(write)

    return take_over


def test_alone_everything_happens_at_once_and_in_its_order(did: Did, take_over: Callable[[str], None]):
    take_over("VI_1")

    assert did == [b"advert VI_1", b"address VI_1 ", b"frame VI_1", "lines"]


def test_together_each_kind_follows_the_one_before_and_routers_keep_their_order(
    volley: Volley, did: Did, take_over: Callable[[str], None]
):
    with volley.together():
        for name in ("VI_1", "VI_2"):
            take_over(name)
        assert did == []

    assert did == [
        (b"advert VI_1", b"advert VI_2"),
        b"address VI_1 address VI_2 ",
        (b"frame VI_1", b"frame VI_2"),
        "lines",
    ]


def test_one_that_leaves_takes_nothing_back_that_only_comes_afterwards(
    volley: Volley, did: Did, adverts: Socket, take_over: Callable[[str], None]
):
    """Priority 0 and the removal come after all that was gathered, and before the report."""
    with volley.together():
        take_over("VI_1")
        volley.flush()
        volley.send(adverts, b"resigns VI_1", never)
        volley.flush()
        volley.submit([b"removal VI_1"])

    assert did == [
        *(b"advert VI_1", b"address VI_1 ", b"frame VI_1", "lines"),
        *(b"resigns VI_1", b"removal VI_1"),
    ]


def test_what_is_together_inside_is_part_of_the_whole(volley: Volley, did: Did, take_over: Callable[[str], None]):
    with volley.together():
        take_over("VI_1")
        with volley.together():
            take_over("VI_2")
        assert did == []
    take_over("VI_3")

    assert did[-4:] == [b"advert VI_3", b"address VI_3 ", b"frame VI_3", "lines"]


def test_what_was_gathered_goes_out_even_when_the_next_one_fails(
    volley: Volley, did: Did, take_over: Callable[[str], None]
):
    def take_over_and_fail() -> None:
        with volley.together():
            take_over("VI_1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_over_and_fail()
    assert did == [b"advert VI_1", b"address VI_1 ", b"frame VI_1", "lines"]

    volley.submit([b"more"])

    assert did[-1] == b"more"


@pytest.mark.parametrize("count", [1, 3])
def test_whoever_sent_a_packet_is_told_that_it_failed(volley: Volley, adverts: Socket, frames: Socket, count: int):
    failed: list[tuple[str, str]] = []
    with volley.together():
        for number in range(count):
            for sender, word in ((adverts, b"refused"), (frames, b"sent")):
                volley.send(sender, b"%d %s" % (number, word), lambda error, n=number: failed.append((n, str(error))))

    assert failed == [(number, str(b"%d refused" % number)) for number in range(count)]


@given(st.lists(st.binary(min_size=1, max_size=SEND_SIZE_MAX + 100), max_size=40))
def test_joined_batches_hold_the_same_in_the_same_order_and_only_a_long_one_is_too_long(batches: list[bytes]):
    fewer = joined(batches)

    assert b"".join(fewer) == b"".join(batches)
    assert all(len(each) <= SEND_SIZE_MAX or each in batches for each in fewer)
    assert all(len(one) + len(following) > SEND_SIZE_MAX for one, following in pairwise(fewer))
