"""The back-off of restarted processes."""

from hahub.parent.restarts import RestartDelay


def test_the_first_restart_is_immediate_and_the_others_come_later_and_later() -> None:
    delay = RestartDelay()

    delays = [delay.after(0.1) for _ in range(10)]

    assert delays == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_life_of_a_minute_makes_the_next_restart_immediate() -> None:
    delay = RestartDelay()

    delays = [delay.after(lived) for lived in (1.0, 1.0, 59.9, 60.0, 1.0)]

    assert delays == [0, 1, 2, 0, 1]


def test_the_longest_delay_can_be_shorter() -> None:
    delay = RestartDelay(1.0)

    delays = [delay.after(0.1) for _ in range(5)]

    assert delays == [0, 1, 1, 1, 1]
