"""A host that was suspended."""

from itertools import chain, repeat
from unittest import mock

import trio

from hahub.core.process import Core
from hahub.core.suspension import Suspension
from hahub.link import Link, memory_file, pair
from hahub.messages import Configure, Record, Shutdown, encode_settings
from hahub.model import Cause, State, Transition
from hahub.settings import CoreSettings, InstanceSettings
from tests.net.namespace import connect, in_namespace

MASTER = InstanceSettings("VI_1", "near0", 51, priority=255, version=3, advert_int=1.0)


def test_it_is_noticed_once_and_two_readings_are_no_suspension() -> None:
    readings = iter([100.0, 100.001, 99.999, 160.0, 160.01])
    suspension = Suspension(lambda: next(readings))

    assert [suspension.noticed() for _ in range(4)] == [0.0, 0.0, 60.0, 0.0]


def test_nothing_is_noticed_where_nothing_was() -> None:
    assert Suspension().noticed() == 0.0


@in_namespace
def test_a_master_listens_before_it_says_anything() -> None:
    connect()
    naps = chain([0.0] * 5, [60.0], repeat(0.0))
    with mock.patch.object(Suspension, "noticed", side_effect=naps):
        records = trio.run(_live)

    states = [(record.state, record.reason.cause) for record in records if isinstance(record, Transition)]
    assert states[:2] == [(State.MASTER, Cause.ADDRESS_OWNER), (State.BACKUP, Cause.OVERSLEPT)]


async def _live() -> list[Record]:
    ours, theirs = pair()
    parent, core, records = Link(ours), Core(Link(theirs)), list[Record]()
    settings = memory_file("settings", encode_settings(CoreSettings("here", (MASTER,), realtime_priority=0)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(core.run)
        await parent.send(Configure(), [settings])
        with trio.fail_after(30):
            while sum(isinstance(record, Transition) for record in records) < 2:
                records.append((await parent.receive())[0])
        await parent.send(Shutdown(0.0))
    return records
