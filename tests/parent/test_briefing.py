"""Waiting until a child works with what it was told."""

import trio
import trio.testing

from hahub.parent.briefing import Briefing


async def test_it_is_done_when_the_last_one_is_answered(nursery: trio.Nursery) -> None:
    briefing, over = Briefing(), trio.Event()
    await briefing.wait_done()
    assert briefing.open_since is None

    async def wait() -> None:
        await briefing.wait_done()
        over.set()

    briefing.sent()
    since = briefing.open_since
    assert since is not None
    nursery.start_soon(wait)
    briefing.sent()
    briefing.answered()
    await trio.testing.wait_all_tasks_blocked()
    assert not over.is_set()
    assert briefing.open_since == since

    briefing.answered()
    await over.wait()
    assert briefing.open_since is None


async def test_who_dies_before_it_answers_is_waited_for_in_its_next_life(nursery: trio.Nursery) -> None:
    briefing, over = Briefing(), trio.Event()

    async def wait() -> None:
        await briefing.wait_done()
        over.set()

    briefing.sent()
    briefing.begin()
    briefing.owe()
    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    assert not over.is_set()
    assert briefing.open_since is None

    briefing.sent()
    briefing.answered()
    await over.wait()
