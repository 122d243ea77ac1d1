"""The laboratory tells the truth, and leaves nothing behind."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import require
from tests.lab import AddressChange, GratuitousArp, Lab
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces


@pytest.fixture(name="lab")
def open_lab() -> Iterator[Lab]:
    require("ip", "ping")
    if os.geteuid() != 0:
        message = "this test needs root, to make network namespaces that several programs can enter"
        (pytest.fail if os.environ.get("HAHUB_SKIPS_FAIL") else pytest.skip)(message)
    with Lab() as lab:
        yield lab


def reaches(lab: Lab, sender: str, receiver: str) -> bool:
    command = ["ip", "netns", "exec", lab[sender].namespace, "ping", "-qc1", "-W1", lab[receiver].address]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
