"""A master is upgraded, and the real keepalived beside it never takes over."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tests.interop.configuration import GLOBAL
from tests.interop.conftest import Duel, MakeDuel
from tests.lab import AddressChange
from tests.lab.timeline import wait_until

pytestmark = [pytest.mark.namespaces, pytest.mark.slow, pytest.mark.keepalived, pytest.mark.alone]

INSTANCE = """
vrrp_instance VI_{number} {{
    interface eth0
    virtual_router_id {vrid}
    priority {priority}
    version 3
    advert_int {advert_int}
    notify /run/lab/notify.sh
    virtual_ipaddress {{
        10.9.0.{vrid}/24
    }}
}}
"""
ADVERT_INT = {51: 1.0, 52: 0.1}
"""Seconds, of each virtual router. At 0.1 s a peer takes over 0.36 s after the last advert."""


def configuration(priority: int) -> str:
    instances = (
        INSTANCE.format(number=vrid - 50, vrid=vrid, priority=priority, advert_int=f"{advert_int:g}")
        for vrid, advert_int in ADVERT_INT.items()
    )
    return "\n".join([GLOBAL, *instances])


def journalled(duel: Duel) -> list[tuple[str, int, str, str]]:
    path = duel.a.directory / "state" / "hub" / "journal.db"
    with closing(sqlite3.connect(path)) as journal:
        return list(journal.execute("SELECT boot, boot_seq, name, state FROM transition ORDER BY seq"))


@pytest.mark.parametrize("pair", [("hahub", "keepalived")], ids=["hahub-keepalived"])
def test_a_master_goes_on_as_a_newer_program_and_its_peer_sees_nothing(duel: MakeDuel) -> None:
    started = duel(configuration(150), configuration(100))
    lab, a, b = started.lab, started.a, started.b
    started.daemon_a.start()
    for name in ("VI_1", "VI_2"):
        wait_until(lambda name=name: a.fifo.states(name) == ["BACKUP", "MASTER"], f"{name} is master")
    started.daemon_b.start()
    for name in ("VI_1", "VI_2"):
        wait_until(lambda name=name: b.fifo.states(name) == ["BACKUP"], f"{name} is backup")
    lab.wait_for_advert(a, since=time.monotonic(), count=15)
    wait_until(lambda: len(a.argv()) == 4, "the notify scripts have run")
    wait_until(lambda: len(journalled(started)) == 4, "the journal")
    lines, scripts, journal = a.fifo.text, a.argv(), journalled(started)
    since = time.monotonic()

    command = [str(Path(sys.executable).with_name("hahub")), "reload", "--exec", "--run-dir", f"{a.directory}/run"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lab.wait_for_advert(a, since=time.monotonic(), count=35)

    assert (told.returncode, told.stderr) == (0, "")
    for vrid, advert_int in ADVERT_INT.items():
        adverts = [advert for advert in lab.adverts(a, since=since) if advert.virtual_router_id == vrid]
        pauses = [later.at - earlier.at for earlier, later in pairwise(adverts)]
        print(f"VRID {vrid}: longest pause {max(pauses):.3f} s, shortest {min(pauses):.3f} s")
        assert {advert.priority for advert in adverts} == {150}
        assert max(pauses) < 3 * advert_int
        assert min(pauses) > advert_int / 2
    assert lab.adverts(b, since=since) == []
    assert [r for r in lab.timeline.records() if isinstance(r, AddressChange) and r.at > since] == []
    assert b.fifo.states("VI_1") == b.fifo.states("VI_2") == ["BACKUP"]
    assert (a.fifo.text, a.argv(), journalled(started)) == (lines, scripts, journal)

    started.daemon_a.terminate()
    wait_until(lambda: b.fifo.states("VI_2") == ["BACKUP", "MASTER"], "the peer takes over from a master that resigns")
    started.daemon_a.wait()
    rows = journalled(started)
    assert [state for *_, state in rows] == ["BACKUP", "BACKUP", *[s for *_, s in journal[2:]], "STOP", "STOP"]
    assert {(boot, seq) for boot, seq, *_ in rows} == {(rows[0][0], seq) for seq in range(1, 7)}
