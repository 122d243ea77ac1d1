"""The timer descriptor."""

import select
import time

from hahub.core.deadline import DeadlineTimer


def readable(timer: DeadlineTimer, within: float) -> bool:
    return bool(select.select([timer.fileno()], [], [], within)[0])


def test_it_becomes_readable_at_the_deadline_and_not_before():
    timer = DeadlineTimer()
    deadline = time.monotonic() + 0.05
    timer.set(deadline)

    fired = readable(timer, 10.0)

    assert fired
    assert time.monotonic() >= deadline
    timer.clear()
    assert not readable(timer, 0.0)
    timer.close()


def test_a_past_deadline_fires_at_once_and_none_never():
    timer = DeadlineTimer()
    timer.set(time.monotonic() - 5)
    assert readable(timer, 10.0)
    timer.clear()
    timer.set(time.monotonic() + 0.01)
    timer.set(None)

    assert not readable(timer, 0.1)
    timer.close()


def test_the_same_deadline_can_be_set_again_after_it_fired():
    timer = DeadlineTimer()
    deadline = time.monotonic() - 1
    timer.set(deadline)
    assert readable(timer, 10.0)
    timer.clear()

    timer.set(deadline)

    assert readable(timer, 10.0)
    timer.close()
