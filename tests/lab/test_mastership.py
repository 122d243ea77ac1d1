import pytest

from tests.lab.frames import Advert
from tests.lab.mastership import AddressChange, Incident, Mastership, Record, measure

VIP = "10.9.0.200"


def advert(at: float, host: str, priority: int = 100) -> Advert:
    return Advert(at, host, "10.9.0.1", 3, 51, priority, 0.2, (VIP,))


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([], Mastership(10, 0), id="silence: nobody is master"),
        pytest.param([advert(2, "a")], Mastership(2, 0), id="a master from its first advert"),
        pytest.param([advert(-5, "a")], Mastership(0, 0), id="a master since long ago"),
        pytest.param(
            [advert(0, "a"), advert(4, "a", 0), advert(5, "b")],
            Mastership(1, 0),
            id="resigned: nobody until the next one speaks",
        ),
        pytest.param(
            [advert(0, "a"), Incident(4, "a", "killed", ends_reign=True), advert(7, "b")],
            Mastership(3, 0),
            id="killed: nobody until the next one speaks",
        ),
        pytest.param(
            [advert(0, "a"), Incident(4, "a", "unplugged"), advert(7, "b")],
            Mastership(0, 3),
            id="cut off: two masters",
        ),
        pytest.param(
            [advert(0, "b"), advert(3, "a"), AddressChange(3.5, "b", VIP, present=False)],
            Mastership(0, 0.5),
            id="preempted: two masters until the address is gone",
        ),
        pytest.param(
            [advert(0, "b"), AddressChange(3.5, "b", "10.9.0.1", present=False)],
            Mastership(0, 0),
            id="another address lost does not matter",
        ),
        pytest.param([advert(0, "a"), advert(12, "b")], Mastership(0, 0), id="what comes later does not count"),
    ],
)
def test_the_time_without_and_with_two_masters(records: list[Record], expected: Mastership) -> None:
    assert measure(records, since=0, until=10, virtual_router_id=51, address=VIP) == expected
