"""Whose turn it is when: the adverts of many masters go out together."""

from hahub.core.router import Router
from hahub.model import State

TICK = 0.001
"""Seconds; adverts of one tick go out together, early by less than that: fewer wake-ups, half the processor time."""


def turn(router: Router) -> float | None:
    """When a router is served: masters at the ticks of one clock, a backup at its very time, never before it."""
    deadline = router.next_deadline
    if deadline is None or router.instance.state is not State.MASTER:
        return deadline
    return deadline // TICK * TICK
