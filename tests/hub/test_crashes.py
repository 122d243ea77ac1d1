"""The promise of the hub under fire: killed two hundred times while its receiver fails in every way it can.

every transition is in the journal, exactly once
every message is delivered, at least once, in order
every repetition carries the same id
"""

import os
import random
import time
from collections import defaultdict
from pathlib import Path

import pytest
import trio

from hahub.hub.journal import Journal
from hahub.messages import Stopped
from hahub.model import State
from hahub.policy.identity import message_key
from hahub.settings import ChannelSettings
from tests.hub.driver import Core, fresh, hub
from tests.hub.receiver import Mood, Receiver, receiving
from tests.hub.support import transition

KILLS = 200
INSTANCES = 8
MOODS = [Mood.ACCEPT] * 8 + [Mood.KEEP_AND_RESET, Mood.RESET, Mood.ERROR, Mood.ERROR, Mood.HANG]


class Fire:
    """Kills hubs at random moments; the same seed makes the same choices."""

    def __init__(self, seed: str, state_dir: Path, receiver: Receiver) -> None:
        self.random = random.Random(seed)
        self.core = Core()
        self.reported = 0
        self._state_dir = state_dir
        self._channels = [
            ChannelSettings(
                name,
                "webhook",
                {
                    "url": f"http://127.0.0.1:{receiver.port}/{name}",
                    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                    "timeout": 0.5,
                },
            )
            for name in ("program", "archive")
        ]
        self._start_takes = 1.0

    def report(self) -> None:
        """A few transitions of some instances, as a core makes them."""
        for _ in range(self.random.randint(0, 3)):
            self.reported += 1
            name = f"VI_{self.random.randrange(INSTANCES)}"
            state = self.random.choice([State.MASTER, State.BACKUP, State.FAULT])
            self.core.report(fresh(self.reported, name=name, state=state))

    async def kill_one(self) -> None:
        """Start a hub and kill it: while it starts, or soon after it works."""
        self.report()
        async with hub(self._state_dir) as process:
            if self.random.random() < 0.2:
                process.send_configuration(*self._channels)
                process.connect(self.core)
                await trio.sleep(self.random.uniform(0, self._start_takes))
            else:
                started = time.monotonic()
                await process.configure(*self._channels)
                self._start_takes = time.monotonic() - started
                process.connect(self.core)
                self.report()
                await trio.sleep(self.random.choice([0.02, 0.3, 0.6]) * self.random.random())
            await process.kill_and_wait()

    async def end(self) -> Stopped:
        """Let one hub deliver what is left."""
        async with hub(self._state_dir, deadline=150) as process:
            await process.configure(*self._channels)
            process.connect(self.core)
            await self.core.wait_acknowledged()
            return await process.shut_down(grace=120)


@pytest.mark.slow
async def test_two_hundred_kills_lose_nothing_and_repeat_under_the_same_id(tmp_path: Path) -> None:
    seed = os.environ.get("HAHUB_SEED", str(time.time_ns()))
    print(f"repeat with HAHUB_SEED={seed}")
    moods = random.Random(seed)
    async with receiving(lambda: moods.choice(MOODS)) as receiver:
        fire = Fire(seed, tmp_path, receiver)
        for _ in range(KILLS):
            await fire.kill_one()
        under_fire = len(receiver.received)
        receiver.mood = lambda: Mood.ACCEPT
        stopped = await fire.end()

    print(f"{under_fire} requests under fire")
    assert stopped == Stopped()
    numbers = list(range(1, fire.reported + 1))
    _check_the_journal(tmp_path, numbers)
    _check_the_deliveries(receiver, numbers)


def _check_the_journal(state_dir: Path, numbers: list[int]) -> None:
    journal = Journal.open(state_dir / "journal.db")
    recorded = [told.seq for told in journal.transitions()]
    waiting = journal.waiting()
    journal.close()

    assert recorded == numbers
    assert waiting == []


def _check_the_deliveries(receiver: Receiver, numbers: list[int]) -> None:
    ids = defaultdict(set)
    kept = defaultdict(list)
    repeated = 0
    for request in receiver.received:
        told, box = request.body["data"], request.path
        ids[box, told["seq"]].add(request.id)
        if request.kept:
            order = kept[box, told["instance"]]
            repeated += told["seq"] in order
            if told["seq"] not in order:
                order.append(told["seq"])

    print(f"{len(receiver.received)} requests for {len(ids)} messages, {repeated} repeated what was kept")
    assert ids == {
        (f"/{channel}", seq): {message_key(transition(seq), channel)}
        for channel in ("program", "archive")
        for seq in numbers
    }
    assert all(order == sorted(order) for order in kept.values())
    assert sorted(seq for (box, _), order in kept.items() for seq in order if box == "/program") == numbers
    assert sorted(seq for (box, _), order in kept.items() for seq in order if box == "/archive") == numbers
    assert repeated > 0, "nothing was ever told twice: the fire was too weak to mean anything"
