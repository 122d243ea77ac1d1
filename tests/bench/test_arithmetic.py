"""From observations to numbers."""

import math

import pytest

from tests.bench.arithmetic import (
    FifoLine,
    IncompleteError,
    Seen,
    Takeover,
    Target,
    Verdict,
    interval_errors,
    judge,
    quantile,
    takeover,
)
from tests.bench.plan import virtual_routers
from tests.lab.frames import Advert, GratuitousArp
from tests.lab.mastership import AddressChange

ROUTER = virtual_routers(3, advert_int=0.1, addresses=2)[2]
FIRST, LAST = ROUTER.addresses


def advert(at: float, host: str, *, priority: int = 128, number: int = 3) -> Advert:
    return Advert(
        at=at,
        host=host,
        source="10.9.0.1",
        version=3,
        virtual_router_id=number,
        priority=priority,
        advert_int=0.1,
        addresses=ROUTER.addresses,
    )


def announced(at: float, address: str) -> GratuitousArp:
    return GratuitousArp(at, "b", "02:00:00:00:00:02", address)


def came(at: float, address: str, *, present: bool = True) -> AddressChange:
    return AddressChange(at, "b", address, present)


SEEN = Seen(
    adverts=(
        advert(9.0, "b"),
        advert(9.9, "a", priority=200),
        advert(10.0, "a", priority=200),
        advert(10.2, "b", number=1),
        advert(10.351, "b"),
        advert(10.451, "b"),
    ),
    arps=(announced(9.0, LAST), announced(10.353, FIRST), announced(10.354, LAST), announced(10.355, FIRST)),
    addresses=(came(9.0, FIRST), came(9.95, LAST, present=False), came(10.3515, LAST), came(10.352, FIRST)),
    lines=(
        FifoLine(9.0, 'INSTANCE "VI_3" MASTER 128'),
        FifoLine(9.95, 'INSTANCE "VI_3" BACKUP 128'),
        FifoLine(10.2, 'INSTANCE "VI_30" MASTER 128'),
        FifoLine(10.36, 'INSTANCE "VI_3" MASTER 128'),
    ),
)


def test_a_takeover_counts_from_the_last_advert_of_the_rival():
    found = takeover(SEEN, ROUTER, rival="a", host="b")

    assert found == Takeover(
        allowed_at=pytest.approx(10.35), advert_at=10.351, address_at=10.352, arp_at=10.354, line_at=10.36
    )
    assert found.overshoot == pytest.approx(0.001)


def test_a_takeover_after_priority_0_is_allowed_after_the_skew_alone():
    resigned = Seen(adverts=(advert(10.3, "a", priority=0),))

    found = takeover(SEEN + resigned, ROUTER, rival="a", host="b")

    assert found.overshoot == pytest.approx(10.351 - 10.3 - 0.05)


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        pytest.param(Seen(), "no advert of the rival", id="nothing at all"),
        pytest.param(Seen(adverts=SEEN.adverts[:3]), "no advert of VI_3", id="no takeover"),
        pytest.param(Seen(adverts=SEEN.adverts), f"no address {FIRST}, {LAST}", id="no addresses"),
        pytest.param(
            Seen(adverts=SEEN.adverts, addresses=SEEN.addresses, arps=SEEN.arps[:2]),
            f"no gratuitous ARP for {LAST}",
            id="one address announced",
        ),
        pytest.param(
            Seen(SEEN.adverts, SEEN.arps, SEEN.addresses, SEEN.lines[:3]),
            'no line INSTANCE "VI_3" MASTER ',
            id="another router's line",
        ),
    ],
)
def test_a_takeover_that_was_not_seen_whole_is_no_sample(seen: Seen, missing: str):
    with pytest.raises(IncompleteError) as caught:
        takeover(seen, ROUTER, rival="a", host="b")

    assert str(caught.value) == missing


def test_intervals_are_those_of_one_router_of_one_host():
    adverts = [
        advert(1.0, "b"),
        advert(1.05, "b", number=1),
        advert(1.101, "b"),
        advert(1.149, "b", number=1),
        advert(1.15, "a"),
        advert(1.2, "b"),
    ]

    errors = interval_errors(adverts, host="b", advert_int=0.1)

    assert errors == pytest.approx([0.001, 0.001, 0.001])


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        pytest.param(0.0, 1, id="smallest"),
        pytest.param(0.5, 2, id="median of an even number: the lower"),
        pytest.param(0.51, 3, id="just above"),
        pytest.param(0.99, 4, id="p99 of few: the largest"),
        pytest.param(1.0, 4, id="largest"),
    ],
)
def test_a_quantile_is_one_of_the_samples(share: float, expected: float):
    assert quantile([4, 2, 1, 3], share) == expected


def test_a_figure_without_targets_has_median_and_p99():
    assert judge([2.0, 4.0], [1.0, 3.0], ()) == [Verdict("median", 2.0, 1.0), Verdict("p99", 4.0, 3.0)]


def test_a_statistic_that_a_target_is_about_is_judged():
    target = Target("max", ratio_max=0.5)

    verdicts = judge([2.0, 4.0], [1.0, 3.0], [target])

    assert verdicts[-1] == Verdict("max", 4.0, 3.0, target)
    assert not verdicts[-1].met


@pytest.mark.parametrize(
    ("verdict", "met"),
    [
        pytest.param(Verdict("median", 1.0, 9.0), True, id="no target"),
        pytest.param(Verdict("median", 2.0, 3.0, Target("median", ratio_max=1.5)), True, id="ratio just met"),
        pytest.param(Verdict("median", 2.0, 3.1, Target("median", ratio_max=1.5)), False, id="ratio missed"),
        pytest.param(Verdict("p99", 9.0, 2.0, Target("p99", value_max=1.5)), False, id="value missed, ratio fine"),
        pytest.param(Verdict("p99", 0.0, 1.0, Target("p99", value_max=1.5)), True, id="value met, ratio infinite"),
    ],
)
def test_a_target_bounds_the_ratio_or_the_value(verdict: Verdict, *, met: bool):
    assert verdict.met is met


def test_the_ratio_to_nothing_is_infinite():
    assert Verdict("median", 0.0, 1.0).ratio == math.inf
