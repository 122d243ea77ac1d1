"""Real-time scheduling that lets go, tried in processes of its own: the limits of this one stay as they are."""

import subprocess
import sys

import pytest

_WORK = """
import os, time
from hahub.core.realtime import RealTime

def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

realtime = RealTime()
refused = realtime.begin(50)
before = os.sched_getscheduler(0)
work(0.5)
during = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
too_early = realtime.come_back()
work(1.5)
came_back = realtime.come_back()
assert os.sched_getscheduler(0) == before, (before, os.sched_getscheduler(0))
assert not too_early
assert refused or (during, came_back, realtime.given_way) == (os.SCHED_OTHER, True, 1), (during, came_back)
work(0.5)
assert refused or realtime.given_way == 2, realtime.given_way
"""


@pytest.mark.alone
def test_work_without_a_pause_costs_the_real_time_for_a_while_and_not_the_life():
    done = subprocess.run([sys.executable, "-c", _WORK], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
