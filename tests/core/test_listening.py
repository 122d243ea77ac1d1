"""How long the real core listens before it speaks: after a boot, and after its own death."""

import os
import signal
import time
from contextlib import ExitStack

import pytest

from hahub.lifeline import create
from hahub.model import State
from hahub.settings import InstanceSettings, VirtualAddress
from tests.core.driver import CoreDriver
from tests.lab import VIP
from tests.lab.network import lab_or_skip

pytestmark = pytest.mark.namespaces

FAST = InstanceSettings(
    "VI_1", "eth0", 51, version=3, advert_int=0.1, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),)
)
DELAY = 3.0
"""Seconds, of which a busy machine needs some to start the core."""
MASTER_DOWN_INTERVAL = 0.3 + 0.1 * 156 / 256


def test_listening_begins_so_long_after_the_boot_of_the_machine_and_once() -> None:
    with lab_or_skip() as lab, ExitStack() as stack:
        lifeline = create()
        stack.callback(os.close, lifeline)
        since = time.monotonic()
        until = time.clock_gettime(time.CLOCK_BOOTTIME) + DELAY
        first = CoreDriver(lab["a"], FAST, lifeline=lifeline, startup_delay=0.1, delay_after_boot=until)
        stack.callback(first.close)
        backup, master = first.wait_for_state(State.BACKUP), first.wait_for_state(State.MASTER)

        assert "listening begins in " in first.log
        assert backup.monotonic - since < DELAY
        assert DELAY + MASTER_DOWN_INTERVAL <= master.monotonic - since < 2 * DELAY

        first.signal(signal.SIGKILL)
        first.wait_for_end()
        time.sleep(2 * MASTER_DOWN_INTERVAL)  # its peers would have taken over
        second = CoreDriver(lab["a"], FAST, lifeline=lifeline, delay_after_boot=until + 3600)
        stack.callback(second.close)
        second.wait_for_state(State.MASTER)

        assert second.states() == [State.BACKUP, State.MASTER]
