"""A node in maintenance hands over to its peer, whatever that is, and comes back."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.interop.configuration import configuration
from tests.interop.conftest import MakeDuel, Measured

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
        pytest.param(("hahub", "hahub"), id="hahub-hahub"),
    ],
)
def test_the_peer_serves_while_there_is_maintenance(duel: MakeDuel, measured: Measured) -> None:
    started = duel(configuration(150), configuration(100))
    started.start()
    run_dir = f"{started.a.directory}/run"

    def hahub_maintenance(*words: str) -> None:
        hahub = Path(sys.executable).with_name("hahub")
        subprocess.run([str(hahub), "maintenance", *words, "--run-dir", run_dir], check=True, capture_output=True)

    since = time.monotonic()
    hahub_maintenance("on", "kernel update")
    started.lab.settle(started.b)
    handed_over = measured("maintenance", since)
    hahub_maintenance("off")
    started.lab.settle(started.a)

    assert handed_over.two_masters == 0
    assert started.a.fifo.text.splitlines() == [
        f'INSTANCE "VI_1" {line}' for line in ("BACKUP 150", "MASTER 150", "BACKUP 1", "MASTER 150")
    ]
