"""What becomes of everything when one process of hahub dies or hangs: the table of docs/architecture.md, cell by cell.

One host for each misfortune, with a virtual router in each state, and one keepalived that is the peer of them all. All
misfortunes happen at the same moment; then the tests look at what was seen on the wires, in the kernels, at the FIFOs
and in the journals.
"""

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.interop.configuration import GLOBAL
from tests.lab import AddressChange, Hahub, Host, Keepalived, Lab, Mastership, measure
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = [pytest.mark.namespaces, pytest.mark.slow, pytest.mark.keepalived, pytest.mark.alone]

STOPPED = 5.0
"""Seconds for which a core is stopped, unless it is ended before."""
SUBJECTS = ("MASTER", "BACKUP", "FAULT", "GROUPED", "OTHER", "G", "INIT")
"""The virtual routers of each host, named after the state they are in, and the sync group of two of them."""


@dataclass(frozen=True)
class Misfortune:
    """What happens to one host, and what has to come of it."""

    name: str
    process: str
    number: signal.Signals
    advert_int: float
    new: frozenset[str]
    """Processes that are others afterwards."""
    told: dict[str, list[str]] = field(default_factory=dict)
    """By subject: the FIFO lines after it, and the rows of the journal."""
    comes_back: bool = True
    two_masters_max: float = 0.0
    """Seconds for which the addresses of a master may be on two hosts."""
    without_master_max: float = 0.0
    """Seconds for which nobody may serve what this host was master of."""


STOPS = {subject: ["STOP"] for subject in SUBJECTS}
AGAIN = {subject: ["BACKUP", "MASTER"] for subject in SUBJECTS} | {"BACKUP": ["BACKUP"], "FAULT": ["FAULT"], "INIT": []}
ALL = "all"
"""What has no process of its own: everything dies at once, and the host starts again."""
MISFORTUNES = (
    # Ended after 1.2 s; its successor, which starts within a second or two, removes the addresses.
    Misfortune("stopped", "core", signal.SIGSTOP, 0.2, frozenset({"core"}), AGAIN, two_masters_max=4.0),
    # Back within three adverts: it goes on as master. What it was not master of begins anew.
    Misfortune(
        "core",
        "core",
        signal.SIGKILL,
        1.0,
        frozenset({"core"}),
        {"BACKUP": ["BACKUP"], "FAULT": ["FAULT"]},
    ),
    Misfortune("hub", "hub", signal.SIGKILL, 0.2, frozenset({"hub"})),
    Misfortune("guard", "guard", signal.SIGKILL, 0.2, frozenset({"guard"})),
    # A master that resigns is missed for the skew time; what is only hung or back in time, not at all.
    Misfortune(
        "parent",
        "parent",
        signal.SIGKILL,
        0.2,
        frozenset(),
        STOPS,
        comes_back=False,
        two_masters_max=0.2,
        without_master_max=0.5,
    ),
    # Missed for Master_Down_Interval, 0.73 s; its addresses stay until it has started again, beside the peer's.
    Misfortune(
        ALL,
        ALL,
        signal.SIGKILL,
        0.2,
        frozenset({"core", "hub", "guard", "parent"}),
        AGAIN,
        two_masters_max=4.0,
        without_master_max=1.5,
    ),
)
BY_NAME = {misfortune.name: misfortune for misfortune in MISFORTUNES}
EVERY = pytest.mark.parametrize("name", BY_NAME)


def vrid(number: int, subject: str) -> int:
    return 50 + 10 * number + SUBJECTS.index(subject)


def address(number: int, subject: str) -> str:
    return f"10.20.{number}.{SUBJECTS.index(subject) + 1}"


def instances(number: int, *, peer: bool) -> str:
    """All virtual routers of one host, or of its peer."""
    strength = {"MASTER": 150, "BACKUP": 100, "FAULT": 100, "GROUPED": 150, "OTHER": 150, "INIT": 100}
    text, suffix = "", f"_{number}" if peer else ""
    for subject, priority in strength.items():
        missing = (
            ""
            if peer
            else {"FAULT": "track_interface { absent0 }", "INIT": "track_script { endless }"}.get(subject, "")
        )
        text += f"""
vrrp_instance {subject}{suffix} {{
    interface {"eth1" if subject == "OTHER" else "eth0"}
    virtual_router_id {vrid(number, subject)}
    priority {250 - priority if peer else priority}
    version 3
    advert_int {MISFORTUNES[number].advert_int:g}
    {missing}
    virtual_ipaddress {{
        {address(number, subject)}/32
    }}
}}
"""
    members = f"GROUPED{suffix} OTHER{suffix}"
    # The first verdict is waited for, and never comes.
    script = "" if peer else 'vrrp_script endless {\n script "/bin/sleep 600"\n interval 600\n timeout 600\n}\n'
    return f"{script}vrrp_sync_group G{suffix} {{\n group {{\n {members}\n }}\n}}\n{text}"


@dataclass
class Story:
    """What was seen of one host."""

    host: Host
    since: float = 0.0
    """When it happened."""
    before: dict[str, list[str]] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    pids_after: dict[str, int] = field(default_factory=dict)
    until: float = 0.0
    left: list[str] = field(default_factory=list)
    """Addresses after everything has ended."""

    def told(self, subject: str) -> list[str]:
        """FIFO lines from the misfortune to the end, without those of an end in good order."""
        lines = self.host.fifo.states(subject)[len(self.before[subject]) :]
        return lines[:-1] if self.pids_after and lines[-1:] == ["STOP"] else lines

    def journal(self, subject: str) -> list[str]:
        path = self.host.directory / "state" / "hub" / "journal.db"
        with contextlib.closing(sqlite3.connect(path)) as journal:
            rows = journal.execute("SELECT state FROM transition WHERE name = ? ORDER BY seq", (subject,))
            return [state for (state,) in rows]

    def changes(self, subject: str, number: int) -> list[bool]:
        """Whether the address of a master came or went, each time, until the end of what was looked at."""
        return [
            record.present
            for record in self.host.lab.timeline.records()
            if isinstance(record, AddressChange)
            and record.host == self.host.name
            and record.address == address(number, subject)
            and self.since < record.at < self.until
        ]


def processes(host: Host) -> dict[str, int]:
    """The processes of hahub by name."""
    found = {}
    for pid in host.processes():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            for name, mark in (("core", "hahub.core"), ("hub", "hahub.hub"), ("parent", "run")):
                if mark in words:
                    found[name] = pid
            if any(word.endswith("guard.py") for word in words):
                found["guard"] = pid
    return found


@pytest.fixture(scope="module")
def stories() -> Iterator[dict[str, Story]]:
    with lab_or_skip(*BY_NAME, "peer") as lab:
        told = live_through(lab)
        yield told
        print(lab.story())


def live_through(lab: Lab) -> dict[str, Story]:
    for host in lab.hosts.values():
        host.add_second_interface()
    peers = "\n".join(instances(number, peer=True) for number in range(len(MISFORTUNES)))
    Keepalived(lab["peer"], f"{GLOBAL}\n{peers}").start()
    told = {name: Story(lab[name]) for name in BY_NAME}
    for number, story in enumerate(told.values()):
        Hahub(story.host, f"{GLOBAL}\n{instances(number, peer=False)}").start()
    for story in told.values():
        settle(story)
    for name, story in told.items():
        story.pids = processes(story.host)
        story.before = {subject: story.host.fifo.states(subject) for subject in SUBJECTS}
        strike(BY_NAME[name], story)
    until = time.monotonic() + STOPPED
    for name, story in told.items():
        if BY_NAME[name].comes_back:
            settle(story, after=name)
    time.sleep(max(0.0, until - time.monotonic()))
    with contextlib.suppress(ProcessLookupError):
        os.kill(told["stopped"].pids["core"], signal.SIGCONT)
    lab.wait_for_advert(lab["guard"], since=time.monotonic(), count=20)  # nothing more may happen
    end(told)
    return told


def settle(story: Story, *, after: str = "") -> None:
    """Wait until each virtual router of the host is in the state that it is named after."""
    host, lines = story.host, BY_NAME[after].told if after else {}

    def is_settled() -> bool:
        states = {subject: host.fifo.states(subject) for subject in SUBJECTS}
        news = all(len(states[s]) >= len(story.before.get(s, [])) + len(lines.get(s, [])) for s in SUBJECTS)
        expected = {"MASTER": "MASTER", "BACKUP": "BACKUP", "FAULT": "FAULT", "G": "MASTER"}
        return news and all(states[subject][-1:] == [state] for subject, state in expected.items())

    wait_until(is_settled, f"{host.name} to have each state")
    wait_until(lambda: len(processes(host)) == 4, f"four processes of {host.name}")


def strike(misfortune: Misfortune, story: Story) -> None:
    story.since = time.monotonic()
    if misfortune.process == ALL:
        assert story.host.daemon is not None
        story.host.daemon.kill()
        story.host.daemon.start()
        return
    os.kill(story.pids[misfortune.process], misfortune.number)
    story.host.lab.note(story.host, f"{misfortune.process} {misfortune.number.name}")


def end(told: dict[str, Story]) -> None:
    """Look at what runs, stop it, and look at what is left."""
    now = time.monotonic()
    for name, story in told.items():
        story.until = now
        if BY_NAME[name].comes_back:
            story.pids_after = processes(story.host)
            assert story.host.daemon is not None
            story.host.daemon.terminate()
    for story in told.values():
        assert story.host.daemon is not None
        story.host.daemon.wait()
        wait_until(lambda story=story: story.host.processes() == [], "the end of every process")
        story.left = [*story.host.addresses("eth0"), *story.host.addresses("eth1")]


@EVERY
def test_readers_of_the_fifo_hear_what_has_happened_and_nothing_else(stories: dict[str, Story], name: str) -> None:
    story, expected = stories[name], BY_NAME[name].told

    assert {subject: story.told(subject) for subject in SUBJECTS} == {s: expected.get(s, []) for s in SUBJECTS}


@EVERY
def test_the_journal_has_every_line_of_the_fifo_once(stories: dict[str, Story], name: str) -> None:
    story = stories[name]

    found = {subject: story.journal(subject) for subject in SUBJECTS}

    assert found == {subject: story.host.fifo.states(subject) for subject in SUBJECTS}


@EVERY
def test_who_died_is_replaced_and_nobody_else(stories: dict[str, Story], name: str) -> None:
    story, misfortune = stories[name], BY_NAME[name]

    others = {who for who, pid in story.pids.items() if story.pids_after.get(who) != pid}

    assert others == (misfortune.new if misfortune.comes_back else {"core", "hub", "guard", "parent"})


@EVERY
def test_no_address_stays_where_it_does_not_belong(stories: dict[str, Story], name: str) -> None:
    story, number = stories[name], list(BY_NAME).index(name)
    own = [f"{story.host.address}/24", f"{story.host.address.replace('10.9.', '10.10.')}/24"]

    for subject in ("MASTER", "GROUPED", "OTHER"):
        gone_and_back = {"stopped": [False, True], ALL: [False, True], "parent": [False]}.get(name, [])
        assert story.changes(subject, number) == gone_and_back
    for subject in ("BACKUP", "FAULT", "INIT"):
        assert story.changes(subject, number) == []
    assert story.left == own


@EVERY
def test_there_is_one_master(stories: dict[str, Story], name: str, record_property) -> None:
    story, misfortune, number = stories[name], BY_NAME[name], list(BY_NAME).index(name)
    records = story.host.lab.timeline.records()

    for subject in ("MASTER", "BACKUP", "FAULT", "INIT", "GROUPED", "OTHER"):
        found: Mastership = measure(
            records,
            since=story.since,
            until=story.until,
            virtual_router_id=vrid(number, subject),
            address=address(number, subject),
        )
        record_property(f"{name} {subject}", str(found))
        print(f"{name:14} {subject:8} {found}")
        disturbed = subject not in ("BACKUP", "FAULT", "INIT")
        assert found.two_masters <= (misfortune.two_masters_max if disturbed else 0.0)
        assert found.without_master <= (misfortune.without_master_max if disturbed else 0.0)
