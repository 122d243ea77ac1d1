"""What the core's log holds back, and what becomes of it."""

import pytest

from hahub.core import log as log_module
from hahub.core.log import INFO, WARNING, CoreLog
from hahub.core.outlet import Outlet
from hahub.link import Link, pair
from hahub.messages import Log, Record
from hahub.settings import VirtualAddress


class MockTime:
    """Stands where the clock is."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Lines:
    """Stands where the link to the parent is."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, record: Record) -> None:
        self.records.append(record)


def test_what_was_held_back_is_counted_before_the_end() -> None:
    lines = Lines()
    log = CoreLog(lines)  # type: ignore[arg-type]
    for number in range(1000):
        log.limited(WARNING, "VI_1", "checksum", f"packet dropped: number {number}")
    log.limited(INFO, "VI_1", "lower", "said once")

    log.settle()
    log.settle()

    assert lines.records == [
        Log(WARNING, "VI_1: packet dropped: number 0"),
        Log(INFO, "VI_1: said once"),
        Log(WARNING, "VI_1: packet dropped: number 999 (999 more since)"),
    ]


def test_who_tries_out_a_check_sees_each_change_of_priority() -> None:
    lines = Lines()
    log = CoreLog(lines)  # type: ignore[arg-type]
    for number in range(25):
        log.limited(INFO, "VI_1", "priority", f"effective priority changes to {number}")

    log.settle()

    said = [f"VI_1: effective priority changes to {number}" for number in range(20)]
    assert lines.records == [
        *(Log(INFO, text) for text in said),
        Log(INFO, "VI_1: effective priority changes to 24 (5 more since)"),
    ]


def test_every_kind_of_rubbish_to_every_virtual_router_is_no_flood_either(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, clock = Lines(), MockTime()
    monkeypatch.setattr(log_module, "time", clock)
    log = CoreLog(lines)  # type: ignore[arg-type]
    for _ in range(3):
        for number in range(6000):
            log.limited(WARNING, f"VI_{number // 20}", f"check {number % 20}", "packet dropped")

    in_a_minute = len(lines.records)
    clock.now += 61.0
    log.limited(WARNING, "VI_1000", "checksum", "packet dropped")
    log.settle()

    assert in_a_minute == 2001
    texts = [record.text for record in lines.records if isinstance(record, Log)]
    held_back = sum(int(text.split("(")[1].split()[0]) for text in texts if "more since" in text)
    assert texts.count("VI_1000: packet dropped") == 1
    assert held_back + len([text for text in texts if "more since" not in text]) == 18001


def test_a_line_about_thousands_of_addresses_fits_on_the_link() -> None:
    addresses = [VirtualAddress(f"2001:db8:1234:5678:9abc:def0:1234:{n:x}", 128, "eth0") for n in range(5000)]
    ours, theirs = map(Link, pair())
    parent = Outlet()
    parent.attach(ours)

    CoreLog(parent).write(INFO, f"VI_1: removing {', '.join(map(str, addresses))}, left by an earlier run")
    received = theirs.try_receive()
    ours.close()
    theirs.close()

    assert received is not None
    assert isinstance(received[0], Log)
    assert received[0].text.startswith("VI_1: removing 2001:db8:1234:5678:9abc:def0:1234:0/128, ")
    assert received[0].text.endswith(" characters left out)")
