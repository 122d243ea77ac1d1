from dataclasses import replace

from hahub.hub.outbox import Lanes
from tests.hub.support import message


def _taken(lanes: Lanes, now: float) -> list[int]:
    """Numbers of the messages that come when each one is delivered at once."""
    numbers = []
    while (first := lanes.first(now)) is not None:
        numbers.append(first.transition.seq)
        lanes.remove(first)
    return numbers


def test_the_messages_of_one_instance_keep_their_order() -> None:
    lanes = Lanes()
    for seq in (1, 2, 3):
        lanes.add(message(seq), due=0)

    assert _taken(lanes, now=0) == [1, 2, 3]
    assert len(lanes) == 0
    assert lanes.next_due is None


def test_a_message_that_has_to_wait_holds_up_its_instance_only() -> None:
    lanes = Lanes()
    lanes.add(message(1), due=0)
    lanes.add(message(2), due=0)
    lanes.add(message(3, name="VI_2"), due=0)
    lanes.put_back(replace(message(1), attempts=1), due=10)

    assert _taken(lanes, now=9.9) == [3]
    assert lanes.next_due == 10
    assert lanes.first(now=10) == replace(message(1), attempts=1)
    assert _taken(lanes, now=10) == [1, 2]


def test_the_message_that_is_due_longest_comes_first_so_that_nobody_starves() -> None:
    lanes = Lanes()
    lanes.add(message(1), due=0)
    lanes.add(message(2, name="VI_2"), due=1)
    lanes.add(message(3, name="VI_3"), due=1)
    lanes.put_back(message(1), due=2)

    assert _taken(lanes, now=5) == [2, 3, 1]


def test_a_silenced_channel_says_nothing_until_its_time_is_over() -> None:
    lanes = Lanes()
    lanes.add(message(1), due=0)
    lanes.silence(until=600)
    lanes.silence(until=60)

    lanes.hurry(now=5)

    assert lanes.first(now=599) is None
    assert lanes.next_due == 600
    assert lanes.first(now=600) == message(1)


def test_in_a_hurry_what_waits_for_another_attempt_is_due_now() -> None:
    lanes = Lanes()
    lanes.add(message(1), due=0)
    lanes.put_back(message(1), due=60)

    lanes.hurry(now=5)

    assert lanes.first(now=5) == message(1)


def test_a_message_that_waits_already_is_not_put_in_twice() -> None:
    lanes = Lanes()
    lanes.add(message(1), due=0)
    lanes.add(message(1), due=0)

    assert list(lanes) == [message(1)]


def test_a_message_may_come_again_after_it_is_done_with() -> None:
    lanes = Lanes()
    lanes.add(message(1), due=0)
    lanes.remove(message(1))
    lanes.add(message(1), due=0)

    assert list(lanes) == [message(1)]
