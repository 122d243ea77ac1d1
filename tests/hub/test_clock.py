import time
from dataclasses import replace

from hahub.hub.clock import now, read_host_boot
from tests.hub.support import moment


def test_setting_the_clock_does_not_change_how_old_something_is() -> None:
    later = replace(moment(5), wall=0.0)

    assert later.since(moment()) == 5.0


def test_after_a_reboot_the_wall_clock_has_to_do() -> None:
    later = replace(moment(90), monotonic=3.0, host_boot="next kernel")

    assert later.since(moment()) == 90.0


def test_nothing_is_younger_than_nothing() -> None:
    assert moment().since(moment(5)) == 0.0
    assert replace(moment(), host_boot="next kernel").since(moment(5)) == 0.0


def test_a_moment_holds_both_clocks_of_this_host() -> None:
    before = time.monotonic(), time.time()

    read = now(read_host_boot())

    assert before[0] <= read.monotonic <= time.monotonic()
    assert before[1] - 1 <= read.wall <= time.time() + 1
    assert len(read.host_boot) == 36
