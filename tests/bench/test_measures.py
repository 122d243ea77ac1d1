"""One measure of the benchmark at work, with as little of it as there can be."""

import json
from pathlib import Path

import pytest

from tests.bench.__main__ import main
from tests.conftest import require
from tests.lab.network import lab_or_skip

pytestmark = [pytest.mark.namespaces, pytest.mark.keepalived, pytest.mark.slow]


def test_both_daemons_take_over_and_leave_samples(tmp_path: Path):
    require("keepalived")
    with lab_or_skip():
        pass  # it can be built here

    status = main(["reaction", "--trials", "1", "--rounds", "2", "--out", str(tmp_path)])

    (samples,) = tmp_path.glob("*.json")
    figures = json.loads(samples.read_text())["figures"]
    assert status == 0
    assert {name: (len(f["keepalived"]), len(f["hahub"])) for name, f in figures.items()} == {
        "reaction address": (2, 2),
        "reaction arp": (2, 2),
        "reaction fifo": (2, 2),
    }
    assert all(0 <= s < 30 for figure in figures.values() for daemon in ("keepalived", "hahub") for s in figure[daemon])
