"""The hub as a real process: its protocol with the parent and the core, and how it ends."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio
import trio.testing

from hahub.hub.journal import Journal
from hahub.link import pair
from hahub.messages import Ack, CoreLink, Gap, Ready, Stopped
from hahub.model import State
from hahub.settings import ChannelSettings
from tests.hub.driver import DEADLINE, Core, fresh, hub
from tests.hub.receiver import Mood, Receiver, receiving


def postbox(receiver: Receiver, name: str = "box", **settings: object) -> ChannelSettings:
    return ChannelSettings(name, "postbox", {"port": receiver.port, "timeout": 5.0, **settings})


def seqs(receiver: Receiver) -> list[object]:
    return [received.body["seq"] for received in receiver.received]


def journalled(state_dir: Path) -> list[int]:
    journal = Journal.open(state_dir / "journal.db")
    try:
        return [told.seq for told in journal.transitions()]
    finally:
        journal.close()


def files(state_dir: Path) -> bytes:
    return b"".join(path.read_bytes() for path in state_dir.iterdir())


async def test_a_transition_is_journalled_acknowledged_and_delivered(tmp_path: Path) -> None:
    core = Core()
    async with receiving() as receiver, hub(tmp_path) as process:
        ready = await process.configure(postbox(receiver))
        process.connect(core)
        core.report(fresh(1), fresh(2, state=State.BACKUP))
        await core.wait_acknowledged()
        await receiver.wait(2)

        stopped = await process.shut_down(grace=10)

    assert (ready, stopped) == (Ready(), Stopped())
    assert core.acks[-1] == Ack("b00t", 2)
    assert seqs(receiver) == journalled(tmp_path) == [1, 2]
    assert len({received.id for received in receiver.received}) == 2
    assert process.log == [
        "message sent channel=box about=VI_1:MASTER attempt=1",
        "message sent channel=box about=VI_1:BACKUP attempt=1",
    ]


async def test_what_was_not_delivered_is_delivered_by_the_next_life(tmp_path: Path) -> None:
    core = Core()
    moods = iter([Mood.HANG, *[Mood.ACCEPT] * 10])
    async with receiving(lambda: next(moods)) as receiver:
        async with hub(tmp_path) as process:
            await process.configure(postbox(receiver))
            process.connect(core)
            core.report(fresh(1), fresh(2))
            await receiver.wait(1)
            await core.wait_acknowledged()
            await process.kill_and_wait()
        async with hub(tmp_path) as process:
            await process.configure(postbox(receiver))
            await receiver.wait(3)
            assert await process.shut_down(grace=10) == Stopped()

    first, second, third = receiver.received
    assert [first.body["seq"], second.body["seq"], third.body["seq"]] == [1, 1, 2]
    assert [first.id, second.id] == [first.id] * 2
    assert (first.body["repeat"], second.body["repeat"], third.body["repeat"]) == (False, True, False)
    assert (first.body["attempt"], second.body["attempt"]) == (1, 2)


async def test_what_comes_again_is_acknowledged_again_and_delivered_once(tmp_path: Path) -> None:
    async with receiving() as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        for last in (2, 3):
            core = Core()
            core.report(*(fresh(seq) for seq in range(1, last + 1)))
            process.connect(core)
            await core.wait_acknowledged()
            assert core.acks[-1] == Ack("b00t", last)
        await process.shut_down(grace=10)

    assert seqs(receiver) == [1, 2, 3]


async def test_many_transitions_at_once_are_all_taken(tmp_path: Path) -> None:
    core = Core()
    core.report(*(fresh(seq, name=f"VI_{seq % 50}") for seq in range(1, 1001)))
    async with receiving() as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        process.connect(core)
        await core.wait_acknowledged()
        await process.shut_down(grace=0)

    assert journalled(tmp_path) == list(range(1, 1001))


async def test_numbers_acknowledged_to_a_journal_that_is_gone_become_a_gap(tmp_path: Path) -> None:
    core = Core()
    core.report(fresh(5), fresh(6))
    async with receiving() as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        process.connect(core)
        await core.wait_acknowledged()
        core.report(Gap("b00t", 7, 9, "the hub was away"), fresh(10))
        await core.wait_acknowledged()
        await process.shut_down(grace=10)

    connection = sqlite3.connect(tmp_path / "journal.db")
    gaps = connection.execute("SELECT boot, first, last, detail FROM gap").fetchall()
    connection.close()
    assert gaps == [
        ("b00t", 1, 4, "acknowledged once, but not in this journal"),
        ("b00t", 7, 9, "the hub was away"),
    ]
    assert core.acks[-1] == Ack("b00t", 10)
    assert seqs(receiver) == [5, 6, 10]


async def test_without_a_journal_messages_go_out_and_nothing_is_acknowledged(tmp_path: Path) -> None:
    core = Core()
    obstacle = tmp_path / "state"
    obstacle.write_text("in the way")
    async with receiving() as receiver, hub(obstacle) as process:
        ready = await process.configure(postbox(receiver))
        process.connect(core)
        core.report(fresh(1), fresh(2))
        await receiver.wait(2)
        assert core.acks == []

        obstacle.unlink()
        await core.wait_acknowledged()
        stopped = await process.shut_down(grace=10)

    assert ready.notes[0].startswith("journal cannot be written: FileExistsError")
    assert any(line.startswith("journal cannot be written, delivering from memory") for line in process.log)
    assert (stopped, seqs(receiver), journalled(obstacle)) == (Stopped(), [1, 2], [1, 2])


async def test_a_channel_that_cannot_be_made_keeps_its_messages_until_it_can(tmp_path: Path) -> None:
    core = Core()
    async with receiving() as receiver, hub(tmp_path) as process:
        broken = ChannelSettings("box", "postbox", {"prot": receiver.port})
        ready = await process.configure(broken, postbox(receiver, "other"))
        process.connect(core)
        core.report(fresh(1))
        await receiver.wait(1)
        await core.wait_acknowledged()

        repaired = await process.configure(postbox(receiver, to=["a", "b"]), postbox(receiver, "other"))
        await receiver.wait(2)
        stopped = await process.shut_down(grace=10)

    complaint = "channel box: type postbox: port: missing, prot: extra_forbidden"
    assert (ready, repaired, stopped) == (Ready((complaint,)), Ready(), Stopped())
    assert [received.body["to"] for received in receiver.received] == [[""], ["a", "b"]]


async def test_at_the_end_of_the_grace_what_is_left_waits_for_the_next_start(tmp_path: Path) -> None:
    core = Core()
    core.report(fresh(1), fresh(2), fresh(3, name="VI_2"))
    async with receiving(lambda: Mood.HANG) as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        process.connect(core)
        await core.wait_acknowledged()
        await receiver.wait(1)

        stopped = await process.shut_down(grace=0.2)

    assert stopped == Stopped("3 messages wait for the next start", clean=False)


async def test_the_end_does_not_wait_for_a_channel_that_has_to_be_silent(tmp_path: Path) -> None:
    core = Core()
    core.report(fresh(1), fresh(2, name="VI_2"))
    async with receiving(lambda: Mood.THROTTLE) as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        process.connect(core)
        await core.wait_acknowledged()
        await process.wait_log("message not sent yet")

        stopped = await process.shut_down(grace=10 * DEADLINE)

    assert stopped == Stopped("2 messages wait for the next start", clean=False)
    assert seqs(receiver) == [1]


async def test_what_the_hub_learns_late_is_told_as_late(tmp_path: Path) -> None:
    core = Core()
    now = time.monotonic()
    core.report(fresh(1, monotonic=now - 7300), fresh(2, monotonic=now - 840), fresh(3))
    async with receiving() as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        process.connect(core)
        await core.wait_acknowledged()
        await process.shut_down(grace=10)

    assert [(r.body["seq"], r.body["late"]) for r in receiver.received] == [(2, "Told 14 min late."), (3, "")]
    assert process.log[0].startswith("message expired channel=box about=VI_1:MASTER")
    assert journalled(tmp_path) == [1, 2, 3]


async def test_no_secret_of_a_channel_reaches_the_log_or_the_journal(tmp_path: Path) -> None:
    core = Core()
    core.report(fresh(1))
    settings = {"url": "http://127.0.0.1:1/?token=hunter2", "secret": "hunter3", "headers": {"x-key": "hunter4"}}
    async with hub(tmp_path) as process:
        await process.configure(
            ChannelSettings("hook", "webhook", settings),
            ChannelSettings("broken", "webhook", {**settings, "unknown": "hunter5"}),
        )
        process.connect(core)
        await process.wait_log("message not sent yet channel=hook")
        stopped = await process.shut_down(grace=0.5)

    told = " ".join([*process.log, stopped.detail, *(str(record) for record in process.records)])
    kept = files(tmp_path)
    assert "hunter" not in told
    assert b"hunter" not in kept


async def test_in_the_grace_everything_that_waits_is_tried_once_more(tmp_path: Path) -> None:
    core = Core()
    moods = iter([*[Mood.ERROR] * 7, *[Mood.ACCEPT] * 10])
    async with receiving(lambda: next(moods)) as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        process.connect(core)
        core.report(*(fresh(seq, name=f"VI_{seq}") for seq in range(1, 8)))
        await receiver.wait(7)

        stopped = await process.shut_down(grace=20)

    assert stopped == Stopped()
    assert {r.body["seq"] for r in receiver.received if r.mood is Mood.ACCEPT} == set(range(1, 8))


async def test_what_the_core_said_last_is_taken_before_the_end(tmp_path: Path) -> None:
    core = Core()
    async with receiving() as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        process.connect(core)
        core.report(fresh(1))
        await core.wait_acknowledged()
        core.report(*(fresh(seq, state=State.STOP) for seq in range(2, 32)))
        await trio.testing.wait_all_tasks_blocked()

        await process.shut_down(grace=10)

    assert seqs(receiver) == journalled(tmp_path) == list(range(1, 32))


@pytest.mark.parametrize("way", ["the link closes", "SIGTERM"])
async def test_without_its_parent_the_hub_ends_by_itself(tmp_path: Path, way: str) -> None:
    async with receiving(lambda: Mood.HANG) as receiver, hub(tmp_path) as process:
        core = Core()
        await process.configure(postbox(receiver))
        process.connect(core)
        core.report(fresh(1))
        await receiver.wait(1)

        if way == "SIGTERM":
            os.kill(process.process.pid, signal.SIGTERM)
        else:
            process.hang_up()
        assert await process.wait() == 0

    assert journalled(tmp_path) == [1]


async def test_what_the_core_says_when_the_parent_dies_is_written_down(tmp_path: Path) -> None:
    async with receiving() as receiver, hub(tmp_path) as process:
        core = Core()
        await process.configure(postbox(receiver))
        process.connect(core)
        core.report(fresh(1))
        await core.wait_acknowledged()

        process.hang_up()
        await trio.sleep(0.2)  # what is tested is that it does not end before the core
        core.report(fresh(2, state=State.STOP))
        await core.wait_acknowledged()
        assert await process.wait() == 0

    assert journalled(tmp_path) == [1, 2]


async def test_a_configuration_that_changes_one_channel_leaves_the_others_alone(tmp_path: Path) -> None:
    core = Core()
    async with receiving() as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver, "a"), postbox(receiver, "b"))
        process.connect(core)
        await process.configure(postbox(receiver, "a"), postbox(receiver, "c", to=["c"]))
        core.report(fresh(1))
        await receiver.wait(2)
        stopped = await process.shut_down(grace=10)

    assert stopped == Stopped()
    assert sorted(line for line in process.log if "message sent" in line) == [
        "message sent channel=a about=VI_1:MASTER attempt=1",
        "message sent channel=c about=VI_1:MASTER recipient=c attempt=1",
    ]


async def test_what_is_out_of_place_is_logged_and_changes_nothing(tmp_path: Path) -> None:
    async with receiving() as receiver, hub(tmp_path) as process:
        ours, theirs = pair()
        process.link.try_send(CoreLink(), [theirs.fileno()])
        theirs.close()
        process.link.try_send(Ready())
        process.link._sock.send(b'["Nonsense", {}]')
        await process.configure(postbox(receiver))
        stopped = await process.shut_down(grace=10)
        ours.close()

    assert stopped == Stopped()
    assert process.log == [
        "the parent sent what is out of place: CoreLink",
        "the parent sent what is out of place: Ready",
        "the parent sent what is no record: unknown record 'Nonsense'",
    ]


async def test_two_cores_after_each_other_are_both_served(tmp_path: Path) -> None:
    old, new = Core(), Core()
    async with receiving() as receiver, hub(tmp_path) as process:
        await process.configure(postbox(receiver))
        process.connect(old)
        process.connect(new)
        old.report(fresh(1))
        new.report(fresh(1, boot="second"))
        await old.wait_acknowledged()
        await new.wait_acknowledged()
        await process.shut_down(grace=10)

    assert (old.acks[-1], new.acks[-1]) == (Ack("b00t", 1), Ack("second", 1))
    assert len({received.id for received in receiver.received}) == 2


async def test_the_journal_is_for_its_owner_only(tmp_path: Path) -> None:
    async with receiving() as receiver, hub(tmp_path / "new") as process:
        await process.configure(postbox(receiver))
        await process.shut_down(grace=1)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert modes == {"journal.db": 0o600}


def test_started_by_hand_it_says_who_starts_it(tmp_path: Path) -> None:

    done = subprocess.run([sys.executable, "-P", "-m", "hahub.hub"], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("hahub.hub is started by hahub run")
