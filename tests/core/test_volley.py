"""What goes out together."""

from collections.abc import Iterable
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


@pytest.fixture
def did() -> Did:
    return []


@pytest.fixture
def volley(did: Did) -> Volley:
    return Volley(Commands(did))  # type: ignore[arg-type]


def test_alone_everything_happens_at_once_and_in_its_order(volley: Volley, did: Did):
    volley.advertise(partial(did.append, "advert"))
    volley.submit([b"address"])
    volley.announce(partial(did.append, "announcement"))
    volley.last(partial(did.append, "line"))

    assert did == ["advert", b"address", "announcement", "line"]


def test_together_each_kind_follows_the_one_before_and_routers_keep_their_order(volley: Volley, did: Did):
    write = partial(did.append, "lines")
    volley.begin()
    for name in ("VI_1", "VI_2"):
        volley.advertise(partial(did.append, f"advert {name}"))
        volley.submit([f"address {name} ".encode()])
        volley.announce(partial(did.append, f"announcement {name}"))
        volley.last(write)
    assert did == []

    volley.fire()

    assert did == [
        "advert VI_1",
        "advert VI_2",
        b"address VI_1 address VI_2 ",
        "announcement VI_1",
        "announcement VI_2",
        "lines",
    ]


def test_a_volley_that_was_fired_keeps_nothing_back(volley: Volley, did: Did):
    volley.begin()
    volley.advertise(partial(did.append, "advert"))
    volley.fire()
    volley.advertise(partial(did.append, "another"))

    volley.fire()

    assert did == ["advert", "another"]


@given(st.lists(st.binary(min_size=1, max_size=SEND_SIZE_MAX + 100), max_size=40))
def test_joined_batches_hold_the_same_in_the_same_order_and_only_a_long_one_is_too_long(batches: list[bytes]):
    fewer = joined(batches)

    assert b"".join(fewer) == b"".join(batches)
    assert all(len(each) <= SEND_SIZE_MAX or each in batches for each in fewer)
    assert all(len(one) + len(following) > SEND_SIZE_MAX for one, following in pairwise(fewer))
