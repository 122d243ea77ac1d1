import pytest

from hahub.policy.backoff import full_jitter


@pytest.mark.parametrize(
    ("attempt", "longest"),
    [
        pytest.param(1, 1.0, id="first"),
        pytest.param(2, 2.0, id="doubles"),
        pytest.param(6, 32.0, id="and doubles"),
        pytest.param(7, 60.0, id="up to the cap"),
        pytest.param(10**9, 60.0, id="without overflow"),
        pytest.param(0, 1.0, id="never shorter than the base"),
    ],
)
def test_the_wait_is_spread_from_nothing_to_a_limit_that_doubles(attempt: int, longest: float) -> None:
    waits = [full_jitter(attempt, random=lambda share=share: share) for share in (0.0, 0.25, 1.0)]

    assert waits == [0.0, longest / 4, longest]
