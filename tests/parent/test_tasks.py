"""Tasks that end before their nursery."""

import trio
import trio.testing

from hahub.parent.tasks import Tasks


async def note_the_end(ends: list[str], name: str) -> None:
    try:
        await trio.sleep_forever()
    finally:
        ends.append(name)


async def test_ending_them_waits_for_them_and_leaves_others_alone(nursery: trio.Nursery) -> None:
    ends: list[str] = []
    tasks, others = Tasks(nursery), Tasks(nursery)
    for name in ("a", "b"):
        tasks.start_soon(note_the_end, ends, name)
    others.start_soon(note_the_end, ends, "other")
    await trio.testing.wait_all_tasks_blocked()

    await tasks.end()

    assert sorted(ends) == ["a", "b"]


async def test_nothing_starts_after_the_end(nursery: trio.Nursery) -> None:
    ends: list[str] = []
    tasks = Tasks(nursery)

    await tasks.end()
    tasks.start_soon(note_the_end, ends, "late")
    await trio.testing.wait_all_tasks_blocked()
    await tasks.end()

    assert ends == []
