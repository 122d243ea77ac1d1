"""How long to wait before the next attempt: exponential, with full jitter."""

from collections.abc import Callable

_DOUBLINGS_MAX = 32


def full_jitter(attempt: int, *, random: Callable[[], float], base: float = 1.0, cap: float = 60.0) -> float:
    """Seconds to wait after attempt number ``attempt`` (1, 2, ...) has failed.

    Evenly spread over 0 to ``base * 2 ** (attempt - 1)``, at most ``cap``, so that several senders that
    failed together do not come back together.
    random: a number from 0 to 1, such as ``random.random``.
    """
    doublings = min(max(attempt - 1, 0), _DOUBLINGS_MAX)
    return min(cap, base * 2.0**doublings) * random()
